"""How the pages say things: states, times and numbers in a person's words. Nothing here decides anything."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import phonenumbers
from flask import g
from jinja2 import Environment
from markupsafe import Markup

from callflows import danger
from triage import (
    before_sending,
    contacts,
    incidents,
    ladder,
    lowering,
    media,
    one_breath,
    places,
    presence,
    same_person,
    service_fields,
    silence,
    state_warnings,
    texts,
    visits,
)
from triage.desk import access
from triage.desk.context import desk
from triage.lifecycles import said
from triage.models import History, Leg, Message, QueueEntry

HERE: Final = ZoneInfo("Europe/London")

# By when somebody is heard, said as an order and never as how somebody is (DESIGN 2.4); the reasons say why.
WHEN: Final = ("Now", "First", "Next", "Early", "In turn", "Later", "As arranged")
PRESENCE: Final = {
    "ready": "Ready",
    "on_contact": "With somebody",
    "wrapping_up": "Wrapping up",
    "busy": "Busy",
    "break": "On a break",
    "off": "Off",
}
ROLE: Final = {
    "nurse": "Nurses", "dispatcher": "Dispatchers", "supervisor": "Supervisors", "administrator": "Administrators",
    "reader": "Readers of figures",
}  # fmt: skip
CALLER: Final = {"person": "For themselves", "carer": "For someone else", "professional": "A professional"}
CHANNEL: Final = {"call": "Call", "text": "Text"}
LANGUAGE: Final = {"cy": "Welsh", "en": "English"}
ROUTE: Final = {
    "111": "through NHS 111", "direct": "directly", "professional": "on the professionals' line",
    "crew": "on the crew line", "nurse": "on the nurses' line",
}  # fmt: skip
INCIDENT: Final = {
    "requested": "Asked for",
    "offered": "Offered to a crew",
    "under_way": "A crew has it",
    "no_unit": "No unit",
    "clear": "Clear",
    "stood_down": "Stood down",
    "returned_to_nurse": "Back with the nurse",
    "escalated_999": "Passed to 999",
}
DISPATCH: Final = {
    "offered": "Waiting for the crew's answer",
    "acknowledged": "Accepted, not moving yet",
    "en_route": "On the way",
    "staging": "Waiting nearby",
    "on_scene": "There",
    "with_person": "With the person",
    "leaving": "Leaving with the person",
    "at_destination": "At the destination",
    "handed_over": "Handed over",
    "clear": "Clear",
    "declined": "Declined",
    "no_reply": "Did not answer",
    "stood_down": "Stood down",
    "unable_to_find": "Could not find the person",
    "emergency": "Crew asks for help",
}
CREW_DID: Final = {
    "acknowledge": "Accepted", "decline": "Cannot go", "en_route": "On the way", "staging": "Waiting nearby",
    "on_scene": "There", "with_person": "With the person", "leaving": "Leaving", "at_destination": "At destination",
    "handed_over": "Handed over", "clear": "Clear", "unable_to_find": "Cannot find them", "emergency": "Asks for help",
}  # fmt: skip
HAPPENED: Final = {
    "rang": "Rang us",
    "texted": "Texted us",
    "joined_queue": "Waits for a nurse",
    "keyword": "Gave their keyword",
    "come_back": "Came back to the conversation",
    "may_be_asked_after": "Agreed to one question afterwards",
    "not_asked_after": "Wants no question afterwards",
    "asked_after": "Asked whether talking with us helped",
    "answered_after": "Answered whether talking with us helped",
    "silent": "Stopped writing: for the nurse to decide",
    "silence_checked": "Asked by the line whether they are there",
    "silent_still": "Still not writing: for the nurse to decide again",
    "silence_waits": "Nurse waits on",
    "silence_rings": "Nurse wants them rung",
    "told_still_waiting": "Told that they are still waiting",
    "reason": "Said more about why",
    "climbed": "Moved up by waiting",
    "claimed": "Taken by",
    "asked_to_take": "A colleague was asked to take them",
    "not_taken": "Not handed over",
    "handed": "Handed over, and taken by",
    "offer": "Offered",
    "connect": "Nurse answered",
    "join": "Together",
    "return": "Back in their place",
    "lowered": "To be heard later, by a nurse who heard them",
    "abandon": "Rang off while waiting",
    "finish": "Finished",
    "call_ended": "Call ended",
    "text_in": "Text from them",
    "text_out": "Text to them",
    "line_answered": "Answered by the line itself",
    "language": "Chose the language of our texts",
    "text_state": "Word about a text",
    "opened_picture": "Picture or voice note opened",
    "outcome": "Outcome recorded",
    "read": "Record opened",
    "incident_read": "Car job opened",
    "revealed": "Number shown",
    "glass_broken": "Glass broken: opened from another locality",
    "acting_for": "Acts for another locality",
    "second_person_told": "A second person was told",
    "notice_acknowledged": "A second person read it",
    "joined_records": "Said to be one person with another contact",
    "parted_records": "Said not to be one person with another contact",
    "telephone_shared": "Telephone said to be shared",
    "telephone_own": "Telephone said to be one person's after all",
    "stays_anonymous": "Asked to stay anonymous",
    "car_asked": "Car asked for",
    "said_999_first": "Told to ring 999 first: urgency A",
    "incident_changed": "What the crew must know was changed",
    "change_read": "Crew has read the change",
    "called_out": "Unit called out though not available",
    "carried_over": "The next crew takes the job over",
    "welfare_asked": "Crew asked whether they are all right",
    "crew_rung": "Crew rung about the offer",
    "crew_rang_person": "Crew rang the person through the line",
    "person_told": "Person texted how the car comes",
    "link_opened": "Crew opened the job on its phone",
    "told_late": "Crew told of an earlier step",
    "stand_down_read": "Crew has confirmed the stand-down",
    "escalated_999": "Passed to 999",
    "visit": "Said what came of the visit",
    "offered": "Car offered to a crew",
    "acknowledge": "Crew accepted",
    "decline": "Crew cannot go",
    "no_reply": "Crew did not answer",
    "no_unit": "No unit",
    "stood_down": "Crew stood down",
    "incident_stood_down": "Car stood down",
    "rang_back": "Rung back by the line",
    "capped": "Texts or calls held back",
    "promised": "Something is owed",
    "promise_tried": "Tried to keep it",
    "promise_settled": "Settled",
    "record_class": "Class of the record said",
    "held": "Record held",
    "hold_lifted": "Hold lifted",
    "asked_correction": "Asked for a correction",
    "asked_objection": "Objected",
    "gathered_for_them": "Gathered for the person",
    "entered_from_paper": "Entered from paper",
    "failed_safe": "Heard the emergency words",
    "recorded_late": "Recorded later",
    "lost_again": "Lost again: to be rung anew",
    "rings_back": "To be rung back at their place",
    "failed_contact_decided": "Decided about, not having been reached",
    "crew_said": "Word from the crew",
    "asked_to_ring": "To be rung from the text conversation",
    "nurse_rang_person": "Nurse rang them from the text conversation",
    "call_promised": "A call promised to them",
    "moved_to_text": "Goes on by text",
    "went_on_as": "Went on as another contact of the same person",
    "took_their_call": "Call taken by the nurse who texts with them",
    "texts_stopped": "Stopped our texts",
    "merge": "Merged with first texts that look alike",
    "merged": "Counted to first texts that look alike",
    "part": "Waits for a nurse by themselves",
    "left_flood": "Wrote as themselves",
    "flood_read": "Text read among first texts that look alike",
    "dismiss": "Found to be no person's",
    "texts_wanted": "Wants our texts again",
}
NOTICE: Final = {
    "break_glass": "broke the glass and opened a record of another locality",
    "revealed": "was shown the whole number of somebody who is not with them, or asked to stay anonymous",
    "unusual_reading": "opened the records of more than 20 people within 10 minutes",
    "lowered": "gave somebody back to be heard later than before",
    silence.IN_DANGER: "is with somebody by text who said there was danger and does not write back",
}
TELEPHONE: Final = {
    "withheld": "Withheld: it links nobody", "own": "One person's, as far as we know", **same_person.SHARED_KINDS,
}  # fmt: skip
DUE_FOR: Final = {
    "offered": "Answer", "acknowledged": "Move off", "on_scene": "Welfare check", "with_person": "Welfare check",
}  # fmt: skip
UNIT: Final = {"available": "Available", "not_ready": "Not ready", "off_duty": "Off duty", "committed": "On a job"}
RANG: Final = {
    "spoke": "spoke with them", "no_answer": "no answer", "busy": "engaged", "failed": "could not be rung",
    "no_key": "picked up, nobody pressed the key", "gave_up": "the crew rang off first",
    "crew_not_reached": "the crew's own telephone was not answered",
}  # fmt: skip
SCENE: Final = {"safe": "Scene safe", "unsafe": "Scene not safe", "unknown": "Scene safety not known"}
CHANGED: Final = {
    "address": "address", "postcode": "postcode", "position": "place on the map",
    "scene_safety": "whether it is safe there",
    "concern": "what it is about", "call_back": "who to ring", "hazards": "hazards", "adjustments": "what they need",
    "police_test": "police", "needed_by": "by when", "who_is_there": "who is there",
}  # fmt: skip
OWED: Final = {
    "call_back": "Call-back",
    "hand_over": "Hand-over",
    "welfare_check": "Somebody must decide",
    "no_unit": "Somebody must decide",
    "crew_silent": "Find out how the crew is",
    "state_too_long": "Find out how the crew is",
    "update_unread": "Tell the crew of a change",
    "stand_down_unread": "Tell the crew to stand down",
    "held": "Held back",
}
TEXT: Final = {
    "received": "received", "waiting": "waiting to be sent", "sending": "being sent", "sent": "sent, not yet confirmed",
    "delivered": "delivered to the phone", "failed": "not delivered",
}  # fmt: skip
TROUBLE: Final = {
    "opted_out": "They sent an opt-out word, so their carrier stops our texts. Offer a call; START undoes it.",
    "bad_number": "This number cannot take texts. Offer a call.",
    "landline": "It is a landline, or a line that takes no texts. Ring them instead.",
    texts.NOT_REACHED: "The line does not text this number. Speak with them instead.",
    texts.HELD: "Too many texts this hour, so it was held back. Offer a call, or send it again later.",
    "not known whether it was sent": "It may or may not have gone out. Ask before you send it again.",
}
TEXT_AGAIN: Final = "The carrier did not take it. Send it again, or offer a call."
SOON: Final = 0.8  # an alert at 80 % of the time promised (domain.md 6.3)


class Due(NamedTuple):
    """How a deadline stands: in a word, a shape, and a class for its colour."""

    word: str
    shape: str
    kind: str


ON_TIME, DUE_SOON, OVERDUE = Due("on time", "○", "ontime"), Due("due soon", "◐", "soon"), Due("overdue", "■", "over")

ROWS_SHOWN = 100  # of a list that may grow: a page with thousands of rows answers nobody


def due(by: datetime, since: datetime, now: datetime, state: str = "") -> Due:
    """On time; due soon once four fifths of the time are gone (for a crew that is not moving: sooner); overdue."""
    if now >= by:
        return OVERDUE
    return DUE_SOON if now >= since + (by - since) * soon_in(state) else ON_TIME


def soon_in(state: str) -> float:
    """After which part of the time a deadline is due soon. Accepted and not moving: as the service says (DESIGN 3)."""
    if state != "acknowledged":
        return SOON
    numbers = desk().standing().service.rules
    return min(1.0, numbers.still_warn_s / numbers.still_alert_s)


def too_long_at(state: str, since: datetime) -> datetime | None:
    """When a job will have stood too long in this state; None where another rule watches it."""
    limit = state_warnings.limit(state, desk().standing().service.rules)
    return since + limit if limit else None


def elapsed(span: timedelta) -> str:
    """`4:05`, and from an hour on `1 h 05`. Never negative."""
    seconds = max(0, int(span.total_seconds()))
    minutes, rest = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes}:{rest:02d}"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d}" if hours < 24 else f"{hours // 24} d {hours % 24} h"


def local(at: datetime) -> datetime:
    return at.astimezone(HERE)


def clock(at: datetime) -> str:
    """The time as a wall clock here shows it; with the day when it is another one."""
    there, today = local(at), local(desk().clock()).date()
    return f"{there:%H:%M}" if there.date() == today else f"{there.day} {there:%b %H:%M}"


def moment(at: datetime) -> str:
    """Day and time in full."""
    there = local(at)
    return f"{there.day} {there:%B %Y, %H:%M}"


def next_time(written: str, now: datetime) -> datetime | None:
    """When a clock here next shows this time, within a day; None if it is no time."""
    try:
        at = time.fromisoformat(written.strip())
    except ValueError:
        return None
    by = local(now).replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
    return by if by > now else by + timedelta(days=1)


def field_time(at: datetime) -> str:
    """As a `datetime-local` field wants it."""
    return f"{local(at):%Y-%m-%dT%H:%M}"


def changed_words(fields: Sequence[str]) -> str:
    """What of an incident was changed, as a list in words."""
    return ", ".join(CHANGED[name] for name in fields)


def _waiting(at: datetime) -> Markup:
    """A time that counts up on the page, and stands still without script."""
    return Markup('<time class="timer" datetime="{}" data-since>{}</time>').format(at.isoformat(), elapsed(g.now - at))


def _due_tag(by: datetime, since: datetime, state: str = "") -> Markup:
    """A deadline that the page keeps counting: word, shape, colour and the time left."""
    how = due(by, since, g.now, state)
    span = elapsed(abs(by - g.now))
    left = f"by {span}" if how is OVERDUE else f"{span} left"
    return Markup(
        '<span class="due due-{}" data-due="{}" data-from="{}" data-soon="{}">'
        '<span class="due-shape" aria-hidden="true">{}</span> '
        '<span class="due-word">{}</span> <span class="timer">{}</span></span>'
    ).format(how.kind, by.isoformat(), since.isoformat(), soon_in(state), how.shape, how.word, left)


def connection(entry: QueueEntry, leg: Leg | None, via: str) -> str:
    """Where the call between nurse and person stands, in a sentence that is true now."""
    if entry.state in ("finished", "abandoned"):
        return ENDED.get(entry.ended_how or "", "This contact is over.")
    if entry.contact.channel == "text":
        return "Text conversation: they read what you send here."
    if entry.state == "connected":
        return "You are together."
    if entry.state == "connecting":
        back = entry.contact.leg_ended
        return "Ringing them back. Stay on the line." if back else "Connecting: they are being brought to you."
    phone = "your phone" if via == "phone" else "your browser"
    if leg is None or leg.state == "placing":
        return f"Asking the carrier to ring {phone}."
    if leg.state == "answered":
        return "You have answered. Press 1 to take the call." if via == "phone" else "You have answered."
    return f"Ringing {phone}. Answer, then press 1." if via == "phone" else f"Ringing {phone}."


ENDED: Final = {
    "finished": "You finished this contact. The line is closed.",
    "rang_off": "They rang off. Write down what was decided; you can still text or send the car.",
    "gave_up": "They rang off before you were together. A call-back is owed to them.",
    "went_on": "This conversation goes on with another contact of theirs.",
    "went_on_as_call": "They rang, and this text conversation goes on with their call.",
    "no_answer": "They did not answer when we rang them back. The call-back is still owed.",
}


REACHING: Final = {
    "person_ringing": "Ringing them now, from your telephone.",
    "person_no_answer": "They did not answer when you rang them.",
    "person_busy": "You rang them: engaged.",
    "person_failed": "You rang them: their number could not be rung.",
    "person_no_key": "You rang them: voicemail or somebody else picked up, and nobody pressed the key.",
    "person_gave_up": "You rang off before they answered.",
    "person_nurse_not_reached": "Your own telephone was not answered, so they were not rung.",
    "refused": "Your own telephone could not be rung, so they were not rung.",
}  # fmt: skip


def reaching(leg: Leg) -> str:
    """How the call from a text conversation stands, in a sentence that is true now."""
    if leg.outcome == "person_spoke":
        return "You have spoken with them." if leg.state == "ended" else "You are on the telephone with them."
    if leg.outcome in REACHING:
        return REACHING[leg.outcome]
    if leg.state == "ended":
        return REACHING["person_nurse_not_reached"]
    if leg.to.startswith("client:"):
        return "Ringing your browser."
    return "You have answered: press 1." if leg.state == "answered" else "Ringing your phone. Answer, then press 1."


def text_trouble(message: Message) -> str:
    """What to do about a text that did not arrive."""
    return TROUBLE.get(message.trouble or "", TEXT_AGAIN)


def danger_met(message: Message, messages: Sequence[Message]) -> str | None:
    """The words of a text that the list of danger met, worked out for this page and kept nowhere."""
    return one_breath.danger_met(message, messages, desk().standing().service.rules.one_breath_s)


def versions(line: History) -> str:
    """By which wording and which list of danger the line did what this line of a record says."""
    named = {"wording": "wording", "danger_list": "list of danger"}
    return ", ".join(f"{name} {line.detail[key]}" for key, name in named.items() if key in line.detail)


def phone_words(number: str) -> str:
    """A public number as people here dial it."""
    try:
        parsed = phonenumbers.parse(number, service_fields.REGION)
    except phonenumbers.NumberParseException:
        return number
    if len(number) < 7 or parsed.country_code != 44:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)


def place(code: str | None) -> str:
    """A locality's name; a place nobody knows yet is said as such."""
    return desk().standing().localities.get(code or "", "Area not known")


def add_to(env: Environment) -> None:
    """Make the words known to the templates."""
    tables: dict[str, Any] = {
        "LOWERED_BECAUSE": lowering.BECAUSE, "VISITS": visits.VISITS, "ADJUSTMENTS": incidents.ADJUSTMENTS,
        "WHEN": WHEN, "PRESENCE": PRESENCE, "ROLE": ROLE, "CALLER": CALLER, "CHANNEL": CHANNEL, "ROUTE": ROUTE,
        "INCIDENT": INCIDENT, "DISPATCH": DISPATCH, "CREW_DID": CREW_DID, "DUE_FOR": DUE_FOR,
        "DECISIONS": ladder.DECISIONS, "LEGAL_TESTS": ladder.LEGAL_TESTS, "next_step": ladder.next_step,
        "UNIT": UNIT, "SCENE": SCENE, "OWED": OWED, "ROWS_SHOWN": ROWS_SHOWN, "TEXT": TEXT, "HAPPENED": HAPPENED,
        "MOST_TEXTS_AT_ONCE": presence.MOST_TEXTS_AT_ONCE,
        "RANG": RANG, "NOTICE": NOTICE, "TELEPHONE": TELEPHONE, "SHARED_KINDS": same_person.SHARED_KINDS,
        "MEDIA": media.KINDS,
    }  # fmt: skip
    env.globals.update(tables)
    env.globals.update(first_999=incidents.NINES_FIRST, grid_of=places.grid_of)
    env.globals.update(
        connection=connection, place=place, masked=contacts.masked, waiting=_waiting, due_tag=_due_tag, may=access.may,
        changed_words=changed_words, looks=lambda body: before_sending.look(body or "", local(g.now).date()),
        too_long_at=too_long_at, reaching=reaching, pieces=media.of,
        danger_met=danger_met, danger_list=danger.VERSION, versions=versions, LANGUAGE=LANGUAGE,
        text_trouble=text_trouble, service_name=lambda: desk().standing().service.name,
    )  # fmt: skip
    env.filters.update(
        phone_words=phone_words,
        place_name=place,
        clock=clock,
        moment=moment,
        field_time=field_time,
        said=said,
        elapsed=elapsed,
        seconds=lambda count: elapsed(timedelta(seconds=count)),
    )
