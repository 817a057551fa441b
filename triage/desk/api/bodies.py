"""What clients send. Strict: an unknown field is refused; lengths are what the database and the carrier can hold."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from triage.handing import LONGEST_NOTE
from triage.incidents import ADJUSTMENTS, SCENE_SAFETY
from triage.ladder import LEGAL_TESTS
from triage.lifecycles import CREW_ACTIONS
from triage.lowering import BECAUSE
from triage.outcomes import DISPOSITIONS, ROLES, THEMES, URGENCIES
from triage.presence import MOST_TEXTS_AT_ONCE
from triage.same_person import SHARED_KINDS
from triage.shift_change import OPEN_JOB
from triage.texts import LONGEST
from triage.units import CHOSEN
from triage.visits import VISITS

_TEXT = "^[^\\u0000]*$"  # PostgreSQL cannot keep the NUL character


def _choice(values: Any, about: str) -> Meta:
    """A text of a few; the service itself refuses others, with a sentence that lists them."""
    return Meta(max_length=40, pattern=_TEXT, description=about, extra_json_schema={"enum": list(values)})


Said = Annotated[str, Meta(max_length=20_000, pattern=_TEXT)]
Short = Annotated[str, Meta(max_length=200, pattern=_TEXT)]
Needed = Annotated[str, Meta(min_length=1, max_length=300, pattern=_TEXT)]
When = Annotated[datetime, Meta(tz=True)]
Letter = Annotated[str, _choice(URGENCIES, "By when somebody is needed: A now, B 4 h, C 24 h, D 72 h, E 4 weeks.")]
Adjustment = Annotated[str, _choice(ADJUSTMENTS, "What they need of the crew.")]
PoliceTest = Annotated[str, _choice(LEGAL_TESTS, "Police are wanted, and which legal test is met.")]
Theme = Annotated[str, Meta(max_length=64, pattern=_TEXT, examples=list(THEMES))]


class Body(Struct, forbid_unknown_fields=True, kw_only=True):
    """Nothing but the fields named."""


class PresenceBody(Body):
    """Where the nurse stands from now on, and how calls reach her. Without `via` it stays as it was."""

    state: Literal["ready", "busy", "break", "off"]
    via: Literal["phone", "browser"] | None = None


class TextsAtOnceBody(Body):
    """How many text conversations the nurse takes at a time: one call, or up to so many of these."""

    number: Annotated[int, Meta(ge=1, le=MOST_TEXTS_AT_ONCE)]


class HandOverBody(Body):
    """The colleague asked to take the conversation (their email), and what they must know."""

    to: Short
    note: Annotated[str, Meta(max_length=LONGEST_NOTE, pattern=_TEXT)]


class OutcomeBody(Body):
    """What the nurse decided. `needed_by` and `who` follow from the urgency where they are not given.

    `next_steps` may be one text, or a list of steps. `ask_after`: they agreed to one question by text, hours later.
    """

    disposition: Annotated[str, _choice(DISPOSITIONS, "What happens next.")]
    urgency: Letter | None = None
    notes: Said | None = None
    agreed: Said | None = None
    next_steps: Said | Annotated[list[Short], Meta(max_length=20)] | None = None
    themes: Annotated[list[Theme], Meta(max_length=20)] = []
    who: Short | None = None
    needed_by: When | None = None
    caller_role: Annotated[str, _choice(ROLES, "Who the nurse spoke to.")] | None = None
    text_consent: bool | None = None
    ask_after: bool | None = None


class LaterBody(Body):
    """To be heard later: the band the nurse saw, the later one, and why they can wait."""

    seen_band: Annotated[int, Meta(ge=0, le=6)]
    band: Annotated[int, Meta(ge=1, le=6)]
    because: Annotated[str, _choice(BECAUSE, "Why they can wait. How busy the line is, is no reason.")]


class FinishBody(Body):
    """How I end it: with a last text of mine to the person, sent together with the end, or without."""

    last_text: Annotated[str, Meta(min_length=1, max_length=LONGEST, pattern=_TEXT)] | None = None


class SilenceBody(Body):
    """What I decide about a texter who does not write back."""

    choice: Literal["wait", "ring"]


class MessageBody(Body):
    """A text to the person."""

    body: Annotated[str, Meta(min_length=1, max_length=LONGEST, pattern=_TEXT)]


class CarOutcomeBody(OutcomeBody):
    """The outcome that asks for the car: recorded together with the request, or not at all."""

    disposition: Annotated[str, _choice(["response_car"], "Always the response car.")] = "response_car"


class IncidentBody(Body):
    """Where the car must go, what the crew should know, by when. `call_back` defaults to the person's own number.

    One of `address`, `postcode` and `position` must say where. A position is written as degrees (`50.7000, -1.2900`),
    as an OS grid reference (`SZ 500 890`) or as a whole postcode. `tell_person`: they agreed to a text as it comes.
    """

    address: Annotated[str, Meta(max_length=2000, pattern=_TEXT)] | None = None
    postcode: Annotated[str, Meta(max_length=16, pattern=_TEXT)] | None = None
    position: Annotated[str, Meta(max_length=60, pattern=_TEXT)] | None = None
    who_is_there: Annotated[str, Meta(max_length=1000, pattern=_TEXT)] | None = None
    tell_person: bool = False
    scene_safety: Annotated[str, _choice(SCENE_SAFETY, "What is known of the scene.")] | None = None
    concern: Annotated[str, Meta(max_length=2000, pattern=_TEXT)] | None = None
    call_back: Annotated[str, Meta(max_length=64, pattern=_TEXT)] | None = None
    hazards: Annotated[str, Meta(max_length=2000, pattern=_TEXT)] | None = None
    adjustments: Annotated[list[Adjustment], Meta(max_length=len(ADJUSTMENTS))] = []
    police_test: PoliceTest | None = None
    needed_by: When | None = None
    outcome: CarOutcomeBody | None = None


class ChangeBody(Body):
    """What is different now. A field that is left out stays as it is; null takes away what may be missing."""

    address: Annotated[str, Meta(max_length=2000, pattern=_TEXT)] | UnsetType = UNSET
    postcode: Annotated[str, Meta(max_length=16, pattern=_TEXT)] | UnsetType | None = UNSET
    scene_safety: Annotated[str, _choice(SCENE_SAFETY, "What is known of the scene.")] | UnsetType = UNSET
    concern: Annotated[str, Meta(max_length=2000, pattern=_TEXT)] | UnsetType | None = UNSET
    call_back: Annotated[str, Meta(max_length=64, pattern=_TEXT)] | UnsetType | None = UNSET
    hazards: Annotated[str, Meta(max_length=2000, pattern=_TEXT)] | UnsetType | None = UNSET
    adjustments: Annotated[list[Adjustment], Meta(max_length=len(ADJUSTMENTS))] | UnsetType = UNSET
    police_test: PoliceTest | UnsetType | None = UNSET
    needed_by: When | UnsetType | None = UNSET
    position: Annotated[str, Meta(max_length=60, pattern=_TEXT)] | UnsetType | None = UNSET
    who_is_there: Annotated[str, Meta(max_length=1000, pattern=_TEXT)] | UnsetType | None = UNSET


class VisitBody(Body):
    """What came of the visit."""

    visit: Annotated[str, _choice(VISITS, "What came of it.")]
    words: Said | None = None


class SendBody(Body):
    """The unit to send. One that is off duty or not ready goes only when it is called out, with a reason."""

    call_sign: Annotated[str, Meta(min_length=1, max_length=64, pattern=_TEXT)]
    called_out: Short | None = None


class StandDownBody(Body):
    """Why the car is not needed."""

    reason: Annotated[str, Meta(max_length=2000, pattern=_TEXT)]


class UnitBody(Body):
    """A unit's state, with the reason while it is not ready. Committed follows from its job."""

    state: Annotated[str, _choice(CHOSEN, "Where the unit stands.")]
    reason: Short | None = None


class DutyBody(Body):
    """A duty to plan: its times, and who is on board, by name or role as the board shows them."""

    starts_at: When
    ends_at: When
    crew: Annotated[list[Short], Meta(min_length=1, max_length=20)]


class BeginBody(Body):
    """Who is on board after all. Left out: as planned."""

    crew: Annotated[list[Short], Meta(min_length=1, max_length=20)] | None = None


class EndBody(Body):
    """What this shift leaves in words for the next. `open_job`, needed while the unit has accepted one: carry_over (the
    next duty begins now, and its crew takes the job) or when_clear (off duty by itself when the job ends).
    """

    hand_over: Annotated[str, Meta(max_length=2000, pattern=_TEXT)] | None = None
    open_job: Annotated[str, _choice(OPEN_JOB, "What becomes of the open job.")] | None = None


class ActionBody(Body):
    """What the crew did."""

    action: Annotated[str, _choice(CREW_ACTIONS, "What the crew did.")]
    note: Annotated[str, Meta(max_length=2000, pattern=_TEXT)] | None = None


class AttemptBody(Body):
    """What came of one attempt to keep a promise."""

    result: Needed


class SettleBody(Body):
    """How a promise was kept, or why it cannot be."""

    how: Needed


class DecideBody(Body):
    """What a nurse decided for somebody who could not be reached: next_of_kin, car, police (with the legal test that is
    met: crime, life or serious_harm) or leave; and why, in at least ten letters.
    """

    decision: Needed
    words: Needed
    legal_test: str | None = None


class CloseBody(Body):
    """Why nothing more is owed, in at least ten letters."""

    reason: Needed


class BreakGlassBody(Body):
    """Why this record must be opened now, in at least ten letters."""

    reason: Annotated[str, Meta(max_length=1000, pattern=_TEXT)]


class LinkBody(Body):
    """Whether another contact is of the same person, and how you know."""

    other: Short
    same: bool
    reason: Annotated[str, Meta(max_length=1000, pattern=_TEXT)]


class TelephoneBody(Body):
    """What this telephone is: `own` is one person's; the others link nobody."""

    kind: Annotated[str, _choice(["own", *SHARED_KINDS], "What this telephone is.")]


class FiguresQuery(Struct, kw_only=True):
    """A month that is over, as YYYY-MM; the last one where none is given."""

    month: Annotated[str, Meta(max_length=10)] | None = None


class TrailQuery(Struct, kw_only=True):
    """Whose reading (a staff id or e-mail address), since when; a day ago where no time is given."""

    staff: Annotated[str, Meta(max_length=200)]
    since: When | None = None


class NextQuery(Struct):
    """How many text conversations I have, to ask for one more than these."""

    beyond: Annotated[int, Meta(ge=0, le=MOST_TEXTS_AT_ONCE)] = 0


class ContactSearch(Struct, kw_only=True):
    """What to look for; at least one of the first five. `number` is whole, or its last three or four digits."""

    number: Annotated[str, Meta(max_length=32)] | None = None
    locality: Annotated[str, Meta(max_length=64)] | None = None
    keyword: Annotated[str, Meta(max_length=64)] | None = None
    since: When | None = None
    until: When | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50
