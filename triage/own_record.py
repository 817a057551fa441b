"""A person's own record, for them: everything that is held about one number, as a page to read and as JSON.

For subject access (UK GDPR article 15). Withheld numbers are nobody, so there is nothing to gather for one. What others
said or did stands in it by role and name; whoever hands it over reads it first and takes out what would harm somebody.
"""

import json
from datetime import datetime
from html import escape
from typing import Any

import phonenumbers
from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from triage import history, media, same_person
from triage.after_models import FollowUp, Silence
from triage.keeping_models import RightsNote
from triage.models import Contact, Dispatch, History, Incident, Leg, Message, Outcome, Promise, QueueEntry, Staff
from triage.reach_models import BreakGlass
from triage.sealing import ring, sealed_fields
from triage.texting_models import OptOut

PARTS = (
    ("Waiting", QueueEntry), ("Texts", Message), ("Outcomes", Outcome), ("Response car", Incident), ("Owed", Promise),
    ("Silences", Silence), ("The question after", FollowUp),
    ("Asked or objected", RightsNote), ("Opened from another place", BreakGlass),
)  # fmt: skip
NOT_TOLD = ("id", "last_reply", "place", "erase_again_at", "erase_tries", "words_index", "went_on_as")
STYLE = "body{font:16px/1.5 sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}dt{font-weight:bold}"


class NotANumber(Exception):
    """This is not a number somebody could have rung or texted from."""


def normal(number: str) -> str:
    """A number as it is kept, E.164. Raises NotANumber."""
    try:
        parsed = phonenumbers.parse(number, "GB")
    except phonenumbers.NumberParseException:
        raise NotANumber("Give the whole number, such as +447700900123.") from None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def gather(db: Session, number: str, *, now: datetime) -> dict[str, Any]:
    """Everything held about this number, oldest first, as JSON can say it. It is written down on each contact."""
    names = {row.id: row.name for row in db.execute(select(Staff.id, Staff.name))}
    of_number = OptOut.number_index.in_(ring().indexes("number", number))
    found = db.scalars(select(Contact).where(same_person.of_number(number)).order_by(Contact.started_at)).all()
    record = {"number": number, "gathered_at": now.isoformat(), "contacts": [_contact(db, row, names) for row in found]}
    stopped = db.scalars(select(OptOut).where(of_number).order_by(OptOut.since, OptOut.id))
    record["texts_stopped"] = [_row(row, names) for row in stopped]
    for row in found:
        history.record(db, "gathered_for_them", actor="operator", now=now, contact_id=row.id)
    return record


def page(record: dict[str, Any]) -> str:
    """The record as a page to read or print, on its own. Whatever people wrote is text in it."""
    body = [
        f"<h1>Record of contacts from {escape(record['number'])}</h1>",
        f"<p>Gathered {record['gathered_at']}. {len(record['contacts'])} contacts. Times are UTC.</p>",
    ]
    for one in record["contacts"]:
        body.append(f"<h2>{escape(one['contact']['channel'])}, {one['contact']['started_at']}</h2>")
        body.append(_listed(one["contact"]))
        for title, rows in one["parts"].items():
            body += [f"<h3>{title}</h3>", *map(_listed, rows)] if rows else []
        body.append("<h3>What happened, and who read it</h3>")
        body += map(_listed, one["history"])
    if record["texts_stopped"]:
        body += ["<h2>Asked us to send no texts</h2>", *map(_listed, record["texts_stopped"])]
    start = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Record</title><style>{STYLE}</style>'
    return "\n".join([start, *body, "</html>"])


def _listed(row: dict[str, Any]) -> str:
    told = [(name.replace("_", " "), value) for name, value in row.items() if value not in (None, "", [])]
    return "<dl>" + "".join(f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>" for name, value in told) + "</dl>"


def _contact(db: Session, contact: Contact, names: dict[str, str]) -> dict[str, Any]:
    parts = {}
    for title, model in PARTS:
        rows = db.scalars(select(model).where(model.contact_id == contact.id)).unique().all()
        parts[title] = [_row(row, names) for row in rows]
    legs = db.scalars(
        select(Leg).join(QueueEntry, QueueEntry.id == Leg.entry_id).where(QueueEntry.contact_id == contact.id)
    )
    parts["Calls placed"] = [_row(leg, names) for leg in legs if leg.purpose in ("call_back", "person")]
    sent = db.scalars(select(Dispatch).join(Incident).where(Incident.contact_id == contact.id)).unique()
    parts["Cars sent"] = [_row(row, names) for row in sent]
    lines = db.scalars(select(History).where(History.contact_id == contact.id).order_by(History.id))
    story = [{"at": line.at.isoformat(), "what": line.what, "who": names.get(line.actor, line.actor)} for line in lines]
    return {"contact": _row(contact, names), "parts": parts, "history": story}


def _row(row: Any, names: dict[str, str]) -> dict[str, Any]:
    """A row as a person may read it: its words opened, staff by name, ids, hashes and sealed text left out."""
    model: Any = type(row)
    sealed = sealed_fields(model)
    inner = {field.stored for field in sealed.values()} | {
        index.attribute for field in sealed.values() for index in field.indexes
    }
    told: dict[str, Any] = {name: getattr(row, name) for name in sealed}
    if told.get("media"):  # what came with a text, in words: it is not kept here
        told["media"] = [media.KINDS[piece.kind] for piece in media.of(told["media"])]
    for attribute in inspect(model).column_attrs:
        name, value = attribute.key, getattr(row, attribute.key)
        if name in inner or (name.endswith("_id") and value not in names) or name in NOT_TOLD:
            continue
        told[name.removesuffix("_id")] = names.get(value, value) if isinstance(value, str) else _plain(value)
    return told


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def as_json(record: dict[str, Any]) -> str:
    """The same, for a machine."""
    return json.dumps(record, indent=1, ensure_ascii=False)
