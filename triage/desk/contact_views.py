"""Contacts: finding them by a term, reading one, and saying whose it is. All of it is written down; so is showing a
whole number, and opening what belongs to another locality."""

import re

from flask import Response, abort, render_template, request
from flask.typing import ResponseReturnValue

from triage import contacts as records
from triage import drafts, follow_up, history, media, outcomes, reading_trail, retention, same_person, walls
from triage.desk import access, answers, desk_data, forms, headers, words
from triage.desk.access import me
from triage.desk.blueprint import pages
from triage.desk.context import desk
from triage.models import Contact
from triage.ports import NotShown


@pages.get("/contacts")
def contacts() -> ResponseReturnValue:
    """The search form."""
    return render_template("contacts.jinja", form=forms.Form({}), found=None, localities=desk().standing().localities)


@pages.post("/contacts")
def find_contacts() -> ResponseReturnValue:
    """What was found. A search is posted, because a telephone number must not stand in an address."""
    form = forms.search(request.form)
    found, decided = None, {}
    if not form.errors:
        with desk().database.transaction() as db:
            within = walls.Walls(db, me(), desk().clock()).contacts()
            found = records.search(db, **form.values, within=within)
            decided = {contact.id: outcomes.latest(db, contact.id) for contact in found}
            terms = sorted(name for name, value in form.values.items() if value)
            history.record(db, "searched", actor=me().id, now=desk().clock(), terms=terms, found=len(found))
    page = render_template(
        "contacts.jinja", form=form, found=found, decided=decided, localities=desk().standing().localities
    )
    return page, 422 if form.errors else 200


@pages.get("/contacts/<contact_id>")
def contact(contact_id: str) -> ResponseReturnValue:
    """One contact: what was said by text, decided, asked for, and all that happened. Opening it is written down."""
    return _record(contact_id)


@pages.post("/contacts/<contact_id>/number")
def reveal_number(contact_id: str) -> ResponseReturnValue:
    """The contact with its whole number, this once, for a stated reason."""
    try:
        with desk().database.transaction() as db:
            number = walls.reveal(db, contact_id, request.form.get("reason", ""), me(), now=desk().clock())
    except records.BadReason as no:
        return answers.refused(str(no), "pages.contact", contact_id=contact_id)
    return _record(contact_id, number=number)


@pages.post("/contacts/<contact_id>/break-glass")
def break_glass(contact_id: str) -> ResponseReturnValue:
    """Open another locality's record for a few hours, with a reason. A second person is told at once."""
    reason = request.form.get("reason", "")
    try:
        with desk().database.transaction() as db:
            broken, _ = walls.break_glass(db, contact_id, reason, me(), now=desk().clock())
    except walls.BadBreak as no:
        return answers.walled(str(walls.Walled(contact_id)), contact_id, 422, fault=str(no), reason=reason)
    sentence = f"Opened for you until {words.clock(broken.open_until)}. A second person has been told."
    if access.may("pages.contact"):
        return answers.done(sentence, "pages.contact", contact_id=contact_id)
    return answers.done(sentence, "pages.board")


@pages.post("/contacts/<contact_id>/links")
def link_contacts(contact_id: str) -> ResponseReturnValue:
    """Say that another contact is, or is not, of the same person."""
    same = {"join": True, "part": False}.get(request.form.get("say", ""))
    if same is None:
        abort(400)
    now = desk().clock()
    with desk().database.transaction() as db:
        contact = walls.contact(db, contact_id, me(), now=now)
        other = _linked(contact, request.form.get("other", ""))
        their = walls.contact(db, other, me(), now=now)
        same_person.say(db, contact, their, me(), same=same, reason=request.form.get("reason", "")[:1000], now=now)
    said = "Joined: they count as one person." if same else "Parted: they do not count as one person."
    return answers.done(said, "pages.contact", contact_id=contact_id)


def _linked(contact: Contact, given: str) -> str:
    """The other contact's id: alone, or at the end of its page's address."""
    other = given.strip().rstrip("/").rpartition("/")[2]
    if not other:
        raise same_person.CannotLink("other", "Say which contact: paste the address of its page.")
    if not re.fullmatch(r"[0-9a-f]{32}", other):
        raise records.NotFound("No contact has this id.")
    return other


@pages.post("/contacts/<contact_id>/telephone")
def mark_telephone(contact_id: str) -> ResponseReturnValue:
    """Say that this telephone is shared, and links nobody; or that it is one person's after all."""
    kind, now = request.form.get("kind", ""), desk().clock()
    with desk().database.transaction() as db:
        contact = walls.contact(db, contact_id, me(), now=now)
        if kind == "own":
            same_person.mark_own(db, contact, me(), now=now)
        else:
            same_person.mark_shared(db, contact, kind, me(), now=now)
    said = "This telephone links its contacts again." if kind == "own" else "This telephone links nobody from now on."
    return answers.done(said, "pages.contact", contact_id=contact_id)


@pages.post("/contacts/<contact_id>/anonymous")
def note_anonymous(contact_id: str) -> ResponseReturnValue:
    """Keep the person's wish to stay anonymous: showing their number is then told to a second person."""
    now = desk().clock()
    with desk().database.transaction() as db:
        walls.note_anonymous(db, walls.contact(db, contact_id, me(), now=now), me(), now=now)
    return answers.done("Kept: they asked to stay anonymous.", "pages.contact", contact_id=contact_id)


@pages.post("/contacts/<contact_id>/media")
def open_media(contact_id: str) -> ResponseReturnValue:
    """A picture or voice note that came with a text, fetched from the carrier now and shown this once: nothing of it is
    kept here. No transaction is open while the carrier is asked.
    """
    message_id, number = request.form.get("text", ""), request.form.get("number", 0, type=int)
    with desk().database.transaction() as db:
        walls.contact(db, contact_id, me(), now=desk().clock())
        piece = media.one(records.messages(db, contact_id), message_id, number)
    try:
        shown = media.fetch(desk().media, piece)
    except NotShown as no:
        return answers.refused(media.NOT_SHOWN[no.reason], "pages.contact", contact_id=contact_id)
    with desk().database.transaction() as db:
        history.record(
            db, "opened_picture", actor=me().id, now=desk().clock(), contact_id=contact_id, message_id=message_id,
            kind=media.kind_of(shown.type),
        )  # fmt: skip
    headers.nothing_may_run()
    response = Response(shown.content, content_type=shown.type)
    response.headers["Content-Disposition"] = f"inline; filename={shown.name}"
    return response


def _record(contact_id: str, number: str | None = None) -> ResponseReturnValue:
    now = desk().clock()
    with desk().database.transaction() as db:
        walls.read_contact(db, contact_id, me(), now=now)
    with desk().database.reading() as db:
        row = records.get(db, contact_id)
        reach = walls.Walls(db, me(), now)
        return render_template(
            "contact.jinja", contact=row, entry=records.entry_of(db, row.id), number=number,
            outcomes=outcomes.of(db, row.id), messages=records.messages(db, row.id),
            incidents=records.incidents(db, row.id),
            story=records.story(db, row.id), names=desk_data.owners(db), reasons=records.REVEAL_REASONS,
            half_written=drafts.unrecorded(db, row.id), earlier=desk_data.earlier(db, row, reach),
            acts_for=reach.acts_for(row.locality), telephone=same_person.telephone(db, row),
            follow_up=follow_up.of(db, row.id), anonymous=walls.stays_anonymous(db, row.id),
            seen=reading_trail.of_contact(db, row.id) if "supervisor" in me().roles else None,
            kept=retention.kept(db, row), classes=retention.KINDS, notes=retention.NOTES,
            back=access.first_page(me()),
        )  # fmt: skip
