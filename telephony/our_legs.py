"""Which leg of ours a webhook is about, and whether it is that leg's own call."""

from flask import request
from sqlalchemy.orm import Session

from triage.contacts import NotFound
from triage.models import Leg


def get(db: Session, leg_id: str) -> Leg:
    """Raises NotFound."""
    leg = db.get(Leg, leg_id)
    if leg is None:
        raise NotFound("No leg has this id.")
    return leg


def is_this_call(leg: Leg) -> bool:
    """Whether this webhook is about the call the leg's address was made for, and that call is still up.

    The leg's id is the single-use token of its addresses: 122 random bits, told to the carrier alone, good for the
    first call that comes with it (its CallSid) and the claim it was placed for, and for nothing once that call is over.
    A copy of the address, however well it is signed, joins nobody.
    """
    return leg.state != "ended" and leg.carrier_id in (None, request.form["CallSid"])


def is_dialled_from(leg: Leg) -> bool:
    """Whether this webhook is about a call that this leg itself dialled, while it is up."""
    return leg.state != "ended" and leg.carrier_id is not None and leg.carrier_id == request.form.get("ParentCallSid")
