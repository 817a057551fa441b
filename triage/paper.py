"""Paper mode: what a shift needs on paper when the screens are going away, and its cases entered afterwards.

Fourteen English ambulance and 111 services worked on paper for weeks in 2022 (reliability.md 1, R10, R17). `sheet` is
one text to print: who waits, who is owed a call, which cars are out, whom to ring. `read_forms` and `enter` take the
cases that were written on paper meanwhile, with the times at which things happened. The number on each form makes a
case once, however often a file is entered (hazard H13).
"""

import csv
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple, TextIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage import accounts, contacts, history, ladder, on_call, outcomes, own_record, promises, queue, same_person
from triage.lifecycles import HELD, OPEN_DISPATCH, OPEN_INCIDENT
from triage.models import Contact, Incident, Locality, QueueEntry, Staff
from triage.opening import UK

COLUMNS: Final = (
    "form", "rang_at", "number", "locality", "danger", "nurse", "spoke_at", "ended_at", "urgency", "disposition",
    "notes", "agreed", "next_steps", "call_back",
)  # fmt: skip
FORM: Final = "paper-"
ON_PAPER: Final = "Recorded on paper"
YES: Final = frozenset({"yes", "y", "1", "true"})
NO: Final = frozenset({"", "no", "n", "0", "false"})
CLOCK: Final = "%Y-%m-%d %H:%M"


class BadForms(Exception):
    """The file cannot be entered, and nothing of it was: `faults`, a sentence for each, with its row."""

    def __init__(self, faults: Sequence[str]):
        super().__init__("\n".join(faults))
        self.faults = list(faults)


class Form(NamedTuple):
    """One case as it was written on paper. `spoke_at` and `nurse` are None when nobody had spoken with them."""

    form: str
    rang_at: datetime
    number: str | None
    locality: str | None
    danger: bool
    nurse: Staff | None
    spoke_at: datetime | None
    ended_at: datetime
    urgency: str | None
    disposition: str | None
    notes: str
    agreed: str
    next_steps: str
    call_back: bool


# --- out --------------------------------------------------------------------------------------------------------------


def sheet(db: Session, *, now: datetime) -> str:
    """Everything a shift without screens needs, as text to print. Numbers and addresses stand in it in full: say so in
    history (`printed`). It only reads, so that a standby can print it.
    """
    parts = [f"The line on paper, {_local(now)}. Numbers and addresses: keep it as you keep a record.", ""]
    waiting, held = queue.waiting(db, limit=None), _with_nurses(db)
    parts += [f"WAITING FOR A NURSE, in order ({len(waiting)})", *_numbered(_entry(db, entry) for entry in waiting)]
    parts += [f"WITH A NURSE, OR BEING JOINED ({len(held)})", *_numbered(_held(db, entry) for entry in held)]
    owed = promises.owed(db, now)
    parts += [f"OWED, soonest first ({len(owed)})"]
    parts += _numbered(
        f"{_local(one.due_at)}  {one.what}: {_whom(one.contact.number, one.contact.locality, db)}; "
        f"{len(one.attempts)} tried, next: {ladder.next_step(one)}"
        for one in owed
    )
    cars = db.scalars(select(Incident).where(Incident.state.in_((*OPEN_INCIDENT, "no_unit")))).all()
    parts += [f"CARS ({len(cars)})", *_numbered(_car(db, incident) for incident in cars)]
    people = on_call.people(db)
    parts += ["ON CALL", *_numbered(f"{one.name}, {', '.join(one.roles)}: {one.phone}" for one in people)]
    parts += ["ONE PAPER FORM FOR EACH CASE. Number them P1, P2 and so on, never one twice, and write down:"]
    parts += [f"  {', '.join(COLUMNS[1:])}.", "Afterwards: nowrongdoor paper enter FILE.csv --by EMAIL"]
    return "\n".join(parts) + "\n"


def printed(db: Session, staff: Staff, *, now: datetime) -> None:
    """Keep in history who printed the sheet."""
    history.record(db, "printed_on_paper", actor=staff.id, now=now)


def _numbered(lines: Iterator[str]) -> list[str]:
    return [*(f"{n:3}. {line}" for n, line in enumerate(lines, 1)), ""]


def _local(at: datetime) -> str:
    return at.astimezone(UK).strftime(CLOCK)


def _whom(number: str | None, locality: str | None, db: Session) -> str:
    return f"{number or 'number withheld'}, {contacts.locality_name(db, locality)}"


def _with_nurses(db: Session) -> Sequence[QueueEntry]:
    held = QueueEntry.state.in_(HELD)
    return db.scalars(select(QueueEntry).where(held).order_by(QueueEntry.arrived_at)).all()


def _entry(db: Session, entry: QueueEntry) -> str:
    person = entry.contact
    call_back = ", asked to be rung back" if entry.call_back else ""
    return (
        f"since {_local(entry.arrived_at)}  {person.channel}  {_whom(person.number, person.locality, db)}{call_back}: "
        f"{'. '.join(entry.reasons)}"
    )


def _held(db: Session, entry: QueueEntry) -> str:
    return f"{_entry(db, entry)}; with {queue.nurse_name(db, entry) or 'nobody'}"


def _car(db: Session, incident: Incident) -> str:
    running = [one for one in incident.dispatches if one.state in OPEN_DISPATCH]
    whose = db.get_one(Contact, incident.contact_id)
    return (
        f"{incident.state} since {_local(incident.state_since)}: {incident.where}, {incident.postcode or ''}; "
        f"scene {incident.scene_safety}; {incident.concern or ''}; "
        f"{', '.join(f'{one.call_sign} {one.state}' for one in running) or 'nobody is going'}; for "
        f"{_whom(whose.number, incident.locality, db)}"
    )


# --- and in -----------------------------------------------------------------------------------------------------------


def read_forms(db: Session, file: TextIO, *, now: datetime) -> list[Form]:
    """The cases of a CSV file with COLUMNS as its first row. Times are the clock on the wall (Europe/London), or ISO
    8601 with an offset for the hour that comes twice. Raises BadForms with every fault of the file.
    """
    reader = csv.DictReader(file)
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise BadForms([f"The first row must name these columns too: {', '.join(missing)}."])
    forms: list[Form] = []
    faults: list[str] = []
    for row, line in enumerate(reader, 2):
        given = {name: (line.get(name) or "").strip() for name in COLUMNS}
        found = _Faults(f"Row {row}", faults)
        form = _form(db, given, found, now)
        if form and any(form.form == other.form for other in forms):
            found.add("form", f"{form.form} is in this file twice")
        if form and not found.any:
            forms.append(form)
    if faults:
        raise BadForms(faults)
    return forms


class _Faults:
    def __init__(self, where: str, into: list[str]):
        self._where, self._into, self.any = where, into, False

    def add(self, column: str, what: str) -> None:
        self.any = True
        self._into.append(f"{self._where}, {column}: {what}.")


def _form(db: Session, given: dict[str, str], faults: _Faults, now: datetime) -> Form | None:
    rang_at = _time("rang_at", given, faults, now, needed=True)
    spoke_at = _time("spoke_at", given, faults, now, needed=False)
    ended_at = _time("ended_at", given, faults, now, needed=True)
    times = [at for at in (rang_at, spoke_at, ended_at) if at]
    if times != sorted(times):
        faults.add("ended_at", "they rang, then spoke, then it ended: these times are not in that order")
    nurse = _nurse(db, given["nurse"], faults) if given["nurse"] else None
    if bool(spoke_at) != bool(given["nurse"]):
        faults.add("spoke_at", "say both who spoke with them and when, or neither")
    if given["disposition"] and not given["nurse"]:
        faults.add("disposition", "only a nurse who spoke with them decides one; leave it out, or name her")
    if given["disposition"] and given["disposition"] not in outcomes.DISPOSITIONS:
        faults.add("disposition", f"choose one of {', '.join(outcomes.DISPOSITIONS)}")
    if given["nurse"] and not given["disposition"]:
        faults.add("disposition", "say what the nurse decided")
    if given["urgency"] and given["urgency"].upper() not in outcomes.URGENCIES:
        faults.add("urgency", "a letter from A to G")
    if given["locality"] and db.get(Locality, given["locality"]) is None:
        faults.add("locality", f"{given['locality']} is no locality of the service file")
    number = _number(given["number"], faults)
    yes = {name: _yes(name, given, faults) for name in ("danger", "call_back")}
    if not given["form"]:
        faults.add("form", "give the number on the form: it keeps a case from being entered twice")
    if faults.any or rang_at is None or ended_at is None:
        return None
    return Form(
        given["form"], rang_at, number, given["locality"] or None, yes["danger"], nurse, spoke_at, ended_at,
        given["urgency"].upper() or None, given["disposition"] or None, given["notes"], given["agreed"],
        given["next_steps"], yes["call_back"],
    )  # fmt: skip


def _nurse(db: Session, email: str, faults: _Faults) -> Staff | None:
    try:
        nurse = accounts.by_email(db, email)
    except accounts.NoSuchStaff as nobody:
        faults.add("nurse", str(nobody).rstrip("."))
        return None
    if "nurse" not in nurse.roles:
        faults.add("nurse", f"{email} is no nurse")
    return nurse


def _number(given: str, faults: _Faults) -> str | None:
    if given.lower() in ("", "withheld"):
        return None
    try:
        return own_record.normal(given)
    except own_record.NotANumber:
        faults.add("number", "not a telephone number; leave it empty where it was withheld")
        return None


def _yes(name: str, given: dict[str, str], faults: _Faults) -> bool:
    if given[name].lower() not in YES | NO:
        faults.add(name, "yes or no")
    return given[name].lower() in YES


def _time(name: str, given: dict[str, str], faults: _Faults, now: datetime, *, needed: bool) -> datetime | None:
    text = given[name]
    if not text:
        if needed:
            faults.add(name, "say when")
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        faults.add(name, "write it as 2026-11-26 03:15")
        return None
    if read.tzinfo is None:
        local = read.replace(tzinfo=UK)
        if local.astimezone(UTC).astimezone(UK).replace(tzinfo=None) != read:
            faults.add(name, "the clocks skipped this time that night")
        elif local.utcoffset() != local.replace(fold=1).utcoffset():
            faults.add(name, "this hour came twice that night: add +01:00 or +00:00")
        read = local
    if read > now:
        faults.add(name, "this time is still to come")
    return read.astimezone(UTC)


def enter(db: Session, forms: Sequence[Form], staff: Staff, *, now: datetime) -> list[str]:
    """Record these cases at the times they had; the forms that are new. Who was not spoken with, or was promised a
    call, is owed one, unless they rang again since and a nurse had them.
    """
    return [form.form for form in forms if _enter(db, form, staff, now)]


def _enter(db: Session, form: Form, staff: Staff, now: datetime) -> bool:
    carrier_id = f"{FORM}{form.form}"
    if contacts.by_carrier_id(db, carrier_id):
        return False
    contact = Contact(
        channel="call", carrier_id=carrier_id, number=form.number, line=None, route="direct", locality=form.locality,
        keyword=None, started_at=form.rang_at, ended_at=form.ended_at, place="paper", turn=0, last_reply=None,
        call_id=None, leg_ended=True, danger=form.danger, cannot_talk=False, caller_role=None, text_consent=None,
        opted_out=False, failed_safe_at=None,
    )  # fmt: skip
    db.add(contact)
    db.flush()
    db.add(
        QueueEntry(
            contact_id=contact.id, state="finished" if form.nurse else "abandoned", lane=form.locality or "",
            band=queue.DANGER if form.danger else queue.NOT_ASKED, reasons=[ON_PAPER], arrived_at=form.rang_at,
            climbed_at=form.rang_at, nurse_id=form.nurse.id if form.nurse else None, room=None, lease_until=None,
            connected_at=form.spoke_at, ended_at=form.ended_at, ended_how="finished" if form.nurse else "gave_up",
        )
    )  # fmt: skip
    db.flush()
    history.record(db, "entered_from_paper", actor=staff.id, now=now, contact_id=contact.id, form=form.form)
    if form.nurse and form.disposition:
        outcomes.record(
            db, contact, form.nurse, now=form.ended_at, urgency=form.urgency, disposition=form.disposition,
            notes=form.notes, agreed=form.agreed, next_steps=form.next_steps,
        )  # fmt: skip
    if form.call_back or (form.nurse is None and not _spoken_with_since(db, contact)):
        promises.owe_call_back(db, contact, "Written on paper while the line was down", now=now)
    return True


def _spoken_with_since(db: Session, contact: Contact) -> bool:
    theirs = select(QueueEntry.id).join(Contact, Contact.id == QueueEntry.contact_id)
    since = theirs.where(same_person.others(db, contact), QueueEntry.connected_at > contact.started_at)
    return db.scalar(since.limit(1)) is not None
