"""A call from its first document to its end, in the leg's own thread; and the verbs that are about the call
itself.
"""

from __future__ import annotations

from . import dialling, gathering, queueing, sounds
from .calls import Leg
from .documents import CannotGoOn, carries_out, carry_out, follow
from .markup import Verb
from .orders import Ended, Moved, Source

__all__ = ["dialling", "gathering", "queueing", "run", "run_placed", "sounds"]

APOLOGY = "We are sorry, an application error has occurred. Goodbye."
"""Twilio's last words, near enough, to a caller whose service and fallback both failed."""


def run(leg: Leg, source: Source) -> None:
    """Carry out a call from its first document until it ends.

    Whatever goes wrong, the leg is over afterwards.
    """
    try:
        carry_out(leg, source)
        leg.end("completed")
    except Ended:
        pass
    except CannotGoOn:
        _apologise(leg)
    finally:
        leg.end("failed")


def run_placed(leg: Leg, source: Source, timeout_s: float, delay_s: float) -> None:
    """Ring the person a call was placed to, then carry out its document."""
    try:
        if delay_s:
            leg.wait(delay_s)
        leg.progress("initiated")
        if dialling.ring(leg, timeout_s):
            run(leg, source)
    except Moved as moved:
        run(leg, moved.source)
    except Ended:
        pass
    finally:
        leg.end("failed")


def _apologise(leg: Leg) -> None:
    try:
        leg.answer()
        sounds.speak(leg, APOLOGY, who="carrier")
    except (Ended, Moved):
        pass
    leg.end("completed")


@carries_out("Hangup")
def _hangup(leg: Leg, verb: Verb, source: Source) -> Source | None:
    leg.answer()
    leg.end("completed")
    raise Ended


@carries_out("Reject")
def _reject(leg: Leg, verb: Verb, source: Source) -> Source | None:
    """Refuses a call that was not answered yet; afterwards it hangs up."""
    if leg.answered_at is None:
        leg.end("busy" if verb.get("reason") == "busy" else "no-answer")
    leg.end("completed")
    raise Ended


@carries_out("Redirect")
def _redirect(leg: Leg, verb: Verb, source: Source) -> Source | None:
    return follow(source, verb.text, verb.get("method", "POST"))
