"""Every table there is. Import `Base` from here where all of them must be known: migrations, destruction, tests."""

from triage import (
    account_models,
    after_models,
    alarm_models,
    car_models,
    carrier_models,
    keeping_models,
    reach_models,
    texting_models,
)
from triage.models import Base

__all__ = [
    "Base", "account_models", "after_models", "alarm_models", "car_models", "carrier_models", "keeping_models",
    "reach_models", "texting_models",
]  # fmt: skip
