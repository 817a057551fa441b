"""Who is rung when a person must know: dispatchers, then supervisors, with a telephone."""

from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage.models import Staff

RANK: Final = {"dispatcher": 0, "supervisor": 2}


def people(db: Session, near: str | None = None) -> list[Staff]:
    """In the order in which they are rung; within a rank those of the locality `near` first. May be empty."""
    wanted = [one for one in db.scalars(select(Staff).where(Staff.active).order_by(Staff.email)) if one.phone]
    wanted = [one for one in wanted if RANK.keys() & set(one.roles)]

    def order(one: Staff) -> int:
        far = 1 if near is not None and near not in one.localities else 0
        return min(RANK[role] for role in RANK if role in one.roles) + far

    return sorted(wanted, key=order)
