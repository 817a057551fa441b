"""Somebody who is owed a call and does not answer: the failed-contact ladder (domain.md 6.4). It never ends by itself.

Rung at once, five minutes and fifteen minutes after the first attempt; where they said that texts are safe, a text that
says nothing of the service goes between. Then a nurse decides what happens for them, and a supervisor closes. People
have died after one unanswered call-back was closed.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from callflows.wording import words
from triage import history, promises, rules, texts
from triage.models import Contact, Promise, PromiseAttempt, Staff

ATTEMPTS: Final = (timedelta(0), timedelta(minutes=5), timedelta(minutes=15))
"""When to ring, from the first attempt on."""
EARLY: Final = timedelta(seconds=30)  # so much before its time an attempt counts all the same
TEXTED_AFTER: Final = 2  # attempts
DECISIONS: Final = {
    "next_of_kin": "Next of kin or their known team told",
    "car": "The response car",
    "police": "The police",
    "leave": "Left as it is",
}
LEGAL_TESTS: Final = {  # Right Care, Right Person: when the police attend (College of Policing, 2023)
    "crime": "A crime has happened or is happening",
    "life": "Somebody's life is in real and immediate danger",
    "serious_harm": "Serious harm to somebody is real and about to happen",
}
LEAST_WORDS: Final = 10


class NotNow(Exception):
    """This step is not possible yet, or not any more; `str()` says what is."""


class Wrong(Exception):
    """What was given does not do; `field` names it, `str()` says what to give."""

    def __init__(self, field: str, sentence: str):
        super().__init__(sentence)
        self.field = field


def next_step(promise: Promise) -> str:
    """What is to be done: `ring`, `decide` (a nurse), `close` (a supervisor), `keep` (not a call-back), or `none`."""
    if promise.settled_at is not None:
        return "none"
    if promise.kind != "call_back":
        return "keep"
    if promise.decision:
        return "close"
    if not promise.reachable or len(rungs(promise)) >= len(ATTEMPTS):
        return "decide"
    return "ring"


def rungs(promise: Promise) -> list[PromiseAttempt]:
    """The attempts that count, in order: that rang, since they were last lost, and none before its time. Three in
    one minute are one.
    """
    counted: list[PromiseAttempt] = []
    for attempt in promise.attempts:
        if not attempt.rang or (promise.lost_at is not None and attempt.at < promise.lost_at):
            continue
        if not counted or (
            len(counted) < len(ATTEMPTS) and attempt.at >= counted[0].at + ATTEMPTS[len(counted)] - EARLY
        ):
            counted.append(attempt)
    return counted


def tried(db: Session, promise: Promise, *, now: datetime) -> None:
    """After an attempt that did not reach them: when the next is due, and the text between where it is safe."""
    if promise.kind != "call_back" or promise.settled_at is not None:
        return
    db.flush()
    db.refresh(promise, ["attempts"])
    made = rungs(promise)
    if not made:
        return
    promise.due_at = made[0].at + ATTEMPTS[len(made)] if len(made) < len(ATTEMPTS) else now
    contact = db.get_one(Contact, promise.contact_id)
    safe = contact.text_consent and texts.may_be_texted(db, contact)
    text_due = len(made) == TEXTED_AFTER and made[-1] is promise.attempts[-1]
    if text_due and safe:
        texts.queue_text(db, contact, words(rules.current(db).wording, "text_tried_to_ring"), actor="clock", now=now)


def decide(
    db: Session, promise: Promise, decision: str, words_: str, staff: Staff, *, now: datetime,
    legal_test: str | None = None,
) -> Promise:  # fmt: skip
    """A nurse says what happens for somebody who could not be reached, and why. Raises NotNow, Wrong."""
    if next_step(promise) not in ("decide", "close"):
        raise NotNow("They are to be rung first: at once, after 5 and after 15 minutes. Note each attempt.")
    if "nurse" not in staff.roles:
        raise NotNow("A nurse decides what happens for them.")
    if decision not in DECISIONS:
        raise Wrong("decision", f"Choose one of: {', '.join(DECISIONS)}.")
    if decision == "police" and legal_test not in LEGAL_TESTS:
        raise Wrong("legal_test", f"Say which test is met: {', '.join(LEGAL_TESTS)}.")
    if len(words_.strip()) < LEAST_WORDS:
        raise Wrong("words", "Say in a few words what you decided and why: at least ten letters.")
    promise.decision, promise.decision_words = decision, words_.strip()
    promise.legal_test = legal_test if decision == "police" else None
    promise.decided_by, promise.decided_at, promise.due_at = staff.id, now, now
    promise.owner_id = promise.owner_id or staff.id
    history.record(
        db, "failed_contact_decided", actor=staff.id, now=now, contact_id=promise.contact_id, promise_id=promise.id,
        decision=decision, legal_test=promise.legal_test,
    )  # fmt: skip
    return promise


def close(db: Session, promise: Promise, reason: str, staff: Staff, *, now: datetime) -> Promise:
    """A supervisor closes what a nurse has decided. Raises NotNow, Wrong."""
    if next_step(promise) != "close":
        raise NotNow("A nurse decides first what happens for them; then a supervisor closes.")
    if "supervisor" not in staff.roles:
        raise NotNow("A supervisor closes this.")
    if len(reason.strip()) < LEAST_WORDS:
        raise Wrong("reason", "Say in a few words why nothing more is owed: at least ten letters.")
    return promises.settle(db, promise, f"Closed by a supervisor: {reason.strip()}", staff, now=now)
