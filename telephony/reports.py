"""The carrier's words for how calls and texts stand, and ours."""

from typing import Final

ENDS: Final = {
    "completed": "completed", "busy": "busy", "failed": "failed", "no-answer": "no_answer", "canceled": "canceled",
}  # fmt: skip
LIVE: Final = ("queued", "ringing", "in-progress")
TEXTS: Final = {"sent": "sent", "delivered": "delivered", "read": "delivered", "undelivered": "fail", "failed": "fail"}
TROUBLE: Final = {
    "21610": "opted_out",
    "30003": "phone unreachable",
    "30005": "no such phone",
    "21614": "landline",
    "21635": "landline",
    "30006": "landline",
}


def trouble_of(code: object) -> str:
    """Why a text did not arrive, in words; the carrier's error code as it gives it."""
    return TROUBLE.get(str(code or ""), "could not be delivered")
