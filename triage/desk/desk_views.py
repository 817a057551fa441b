"""The nurse desk: her state, who waits, the person with her, and what she does for them."""

import re
from typing import Any

from flask import abort, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from callflows.wording import words as wording_of
from triage import (
    before_sending,
    bridge,
    contacts,
    drafts,
    endings,
    incidents,
    lowering,
    outcomes,
    presence,
    queue,
    saved_replies,
    silence,
    text_calls,
    texts,
    whereabouts,
)
from triage.desk import answers, conversations, desk_data, forms, headers, words
from triage.desk.access import me, wants_fragment
from triage.desk.blueprint import pages
from triage.desk.context import desk
from triage.lifecycles import HELD
from triage.models import Contact, Message, QueueEntry
from triage.places import BadPlace

DESK = "pages.nurse_desk"
OUTCOME_FIRST = "No outcome is recorded yet. Record one first; if they left, that is one too."


@pages.get("/desk")
def nurse_desk() -> ResponseReturnValue:
    """The whole desk. Its live parts are read again each second from `/desk/live`."""
    softphone = desk().softphone(me().id)
    headers.allow_softphone(softphone)
    with desk().database.reading() as db:
        return render_template("desk.jinja", softphone=softphone["kind"], **_everything(db, _named("contact")))


@pages.get("/desk/live")
def desk_live() -> ResponseReturnValue:
    """The live parts, or 304. `with` names the contact whose forms the page already has: those are left alone. `show`
    names the conversation to show instead, of several; `seen` says that the page is before her eyes.
    """
    has = _named("with")
    showing = _named("show") or has
    _note_page()
    if request.args.get("seen"):
        _note_read(showing)
    with desk().database.reading() as db:
        entry = desk_data.with_me(db, me(), showing)
        legs = ",".join(leg.state for leg in desk_data.legs(db, entry))
        read = conversations.marks(db, presence.all_held(db, me().id))
        tag = answers.tag(db, legs, has, showing, read)
        if same := answers.not_modified(tag):
            return same
        fragment = render_template("desk_live.jinja", has=has, **_everything(db, showing))
        return answers.fresh(fragment, tag)


def _named(argument: str) -> str:
    """The contact that the address names by this argument; nothing if it is no id."""
    given = request.args.get(argument, "")
    return given if re.fullmatch(r"[0-9a-f]{32}", given) else ""


def _note_read(showing: str) -> None:
    """What she looks at is read: written only when something new had come."""
    with desk().database.reading() as db:
        entry = desk_data.with_me(db, me(), showing)
        if entry is None or entry.state not in HELD or not conversations.unread(db, entry):
            return
        entry_id = entry.id
    with desk().database.transaction() as db:
        conversations.looked_at(db.get_one(QueueEntry, entry_id), now=desk().clock())


def _note_page() -> None:
    """Her page is there: noted now and then, so that one that is gone is missed (`bridge.pages_gone`)."""
    now = desk().clock()
    with desk().database.reading() as db:
        due = presence.page_to_note(db, me().id, now)
    if due:
        with desk().database.transaction() as db:
            presence.page_seen(db, me().id, now=now)


def _everything(db: Session, showing: str) -> dict[str, Any]:
    panels = desk_data.panels(db, me(), desk().clock(), showing)
    person: desk_data.WithMe | None = panels["person"]
    if person:
        draft = drafts.of(db, person.contact.id, me())
        kept = draft.fields if draft else {}
        last = person.outcomes[-1] if person.outcomes else None
        fields = kept.get(drafts.OUTCOME) or (forms.from_outcome(last) if last else {})
        panels |= {
            "form": forms.Form(fields), "car": forms.Form(kept.get(drafts.CAR) or {}), "text_key": forms.fresh_key(),
            "replies": saved_replies.of_service(db), "help_near": saved_replies.help_near(db, person.contact),
            "text_body": kept.get(drafts.TEXT) or "", "saved_at": draft.saved_at if draft else None,
            "ending_key": forms.fresh_key(), "last_text": endings.last_text(db, person.contact),
        }  # fmt: skip
    return panels


@pages.get("/desk/softphone")
def softphone() -> ResponseReturnValue:
    """What this nurse's browser telephone needs to connect; a new token each time."""
    return jsonify(desk().softphone(me().id))


@pages.post("/desk/presence")
def set_presence() -> ResponseReturnValue:
    """Ready (by phone or browser), busy, break or off."""
    state, via = request.form.get("state", ""), request.form.get("via") or None
    with desk().database.transaction() as db:
        row = presence.put(db, me(), state, via, now=desk().clock())
    how = f", calls come to your {row.via}" if row.state == "ready" else ""
    return answers.done(f"You are {words.PRESENCE[row.state].lower()}{how}.", DESK)


@pages.post("/desk/next")
def take_next() -> ResponseReturnValue:
    """The next person for her. Pressed again, she keeps the one she has; `beyond` asks for one more text conversation
    than she has.
    """
    beyond = request.form.get("beyond", 0, type=int)
    with desk().database.transaction() as db:
        had = [entry.id for entry in presence.all_held(db, me().id)]
        rules = desk().standing().service.rules
        entry = bridge.take_next(db, me(), rules, now=desk().clock(), beyond=beyond)
    if entry is not None and entry.id in had:
        return answers.done("You have somebody already. Finish that contact, or give them back, before the next.", DESK)
    if entry is None:
        return answers.refused("Nobody whom you can take is waiting.", DESK)
    said = f"You have the next person: {words.CHANNEL[entry.contact.channel].lower()}."
    if me().localities and entry.lane and entry.lane not in me().localities:
        said += f" You act for {words.place(entry.lane)}."
    return answers.done(said, DESK, contact=entry.contact_id)


# --- for the person with her ------------------------------------------------------------------------------------------


def theirs(db: Session, contact_id: str) -> Contact:
    """The contact, if this nurse has or last had them: nobody writes in another's. Raises NotFound, NotTheirs."""
    contact = contacts.get(db, contact_id)
    entry = contacts.entry_of(db, contact_id)
    if entry is None or entry.nurse_id != me().id:
        raise queue.NotTheirs("This person is not with you now. Take the next person from the queue.")
    return contact


@pages.post("/desk/contacts/<contact_id>/draft")
def save_draft(contact_id: str) -> ResponseReturnValue:
    """Keep what is half written: outcome, text, the request for the car. Answers with the time it was saved."""
    at = desk().clock()
    with desk().database.transaction() as db:
        contact = theirs(db, contact_id)
        drafts.save(db, contact.id, me(), _still_to_do(db, contact, forms.draft(request.form)), now=at)
    return jsonify({"saved_at": f"{words.local(at):%H:%M:%S}"})


def _still_to_do(db: Session, contact: Contact, parts: dict[str, Any]) -> dict[str, Any]:
    """The parts that are half written still. A save that was on its way while its form was sent may come after it: what
    was recorded, sent or asked for must not stand there again as if it were not.
    """
    last = outcomes.latest(db, contact.id)
    if last and last.recorded_by == me().id and forms.says_the_same(parts.get(drafts.OUTCOME, {}), last):
        parts.pop(drafts.OUTCOME, None)
    typed = parts.get(drafts.CAR, {})
    where = tuple(typed.get(name, "").strip() for name in ("address", "postcode", "position"))
    if _was_asked_for(db, contact, *where):
        parts.pop(drafts.CAR, None)
    if db.get(Message, request.form.get(f"{drafts.TEXT}-key", "")):
        parts.pop(drafts.TEXT, None)
    return parts


def _was_asked_for(db: Session, contact: Contact, address: str, postcode: str, position: str) -> bool:
    """Whether the car was asked for to this place: the address as written, or else the postcode or the position."""
    asked = contacts.incidents(db, contact.id)
    if address:
        return any(incident.address == address for incident in asked)
    try:
        at = whereabouts.read(db, position)
    except BadPlace:
        return False
    there = [incident for incident in asked if not incident.address]
    return any((incident.position, incident.postcode) == (at, postcode.upper() or None) for incident in there)


@pages.post("/desk/contacts/<contact_id>/outcomes")
def record_outcome(contact_id: str) -> ResponseReturnValue:
    """Record what she decided; with `then=finish` also finish the contact. Wrong input comes back with nothing lost."""
    form = forms.outcome(request.form)
    untouched = False
    if not form.errors:
        now = desk().clock()
        try:
            with desk().database.transaction() as db:
                contact = theirs(db, contact_id)
                untouched = _same_words(request.form.get("last_text"), endings.last_text(db, contact))
                outcomes.record(db, contact, me(), now=now, **form.values)
                if request.form.get("then") == "finish":
                    bridge.finish(db, contact, me(), now=now)
        except outcomes.BadOutcome as wrong:
            form.errors[wrong.field] = str(wrong)
        except silence.CannotEnd as no:
            form.errors["notes"] = str(no)
    if form.errors:
        return _again(contact_id, "forms/outcome.jinja", form=form)
    finished = request.form.get("then") == "finish"
    sentence = "Outcome recorded. Contact finished: make yourself ready." if finished else "Outcome recorded."
    if untouched and not finished and wants_fragment(request):  # her last text says what she has just recorded
        ending = _form(contact_id, "forms/ending.jinja")
        both = f"""{_form(contact_id, "forms/outcome.jinja")}
            <hx-partial hx-target="#ending-form" hx-swap="outerHTML">{ending}</hx-partial>"""
        return answers.with_form(both, sentence)
    return _done(contact_id, "forms/outcome.jinja", sentence)


def _same_words(typed: str | None, ready: str) -> bool:
    return typed is not None and " ".join(typed.split()) == " ".join(ready.split())


@pages.post("/desk/contacts/<contact_id>/messages")
def send_text(contact_id: str) -> ResponseReturnValue:
    """Text the person. The form's key makes a repeated sending one text. What should be looked at once more comes back
    first, and goes when it is sent all the same.
    """
    body = request.form.get("body", "")
    if request.form.get("then") == "put_in":
        return _put_in(contact_id, body)
    if request.form.get("then") == "promise_call":
        return _promise_call(contact_id, body)
    look = before_sending.look(body, words.local(desk().clock()).date())
    if look.keys() - set(request.form.get("looked", "").split()):
        if not wants_fragment(request):
            return _again(contact_id, "forms/text.jinja", text_body=body, text_look=look)
        form = _form(contact_id, "forms/text.jinja", text_body=body, text_look=look)
        return answers.with_form(form, "Not sent yet: look at your text once more.", "refused"), 422
    try:
        with desk().database.transaction() as db:
            key = request.form.get("key") or None
            sent = texts.to_person(db, theirs(db, contact_id), body, me(), now=desk().clock(), message_id=key)
            drafts.clear(db, contact_id, me(), drafts.TEXT)
    except texts.CannotText as no:
        if wants_fragment(request):  # said on top as well: "send it again" has no form of its own to come back
            form = _form(contact_id, "forms/text.jinja", text_body=body, text_error=str(no))
            return answers.with_form(form, str(no), "refused"), 422
        return _again(contact_id, "forms/text.jinja", text_body=body, text_error=str(no))
    if sent.trouble == texts.HELD:
        return _done(contact_id, "forms/text.jinja", words.text_trouble(sent), "refused")
    return _done(contact_id, "forms/text.jinja", "Text on its way.")


def _put_in(contact_id: str, body: str) -> ResponseReturnValue:
    """A saved reply, or help near the person, put into her text for her to change: nothing is sent."""
    with desk().database.reading() as db:
        contact = theirs(db, contact_id)
        ready = [*saved_replies.of_service(db), *saved_replies.help_near(db, contact)]
    body = saved_replies.put_in(body, request.form.get("ready", ""), ready)[: texts.LONGEST]
    return _again(contact_id, "forms/text.jinja", status=200, text_body=body)


def _promise_call(contact_id: str, body: str) -> ResponseReturnValue:
    """A call promised to them, soon or by a time, and the words for it put into her text: nothing is sent."""
    now, wording = desk().clock(), desk().standing().service.wording
    soon = request.form.get("when") != "by"
    by = None if soon else words.next_time(request.form.get("time", ""), now)
    if not soon and by is None:
        sentence = "Say by when you ring them, as hours and minutes: 18:30."
        return _again(contact_id, "forms/text.jinja", text_body=body, text_error=sentence)
    with desk().database.transaction() as db:
        contact = theirs(db, contact_id)
        text_calls.promise_a_call(db, contact, me(), by=by, now=now)
        language = contact.language
    named = wording_of(wording, "text_promise_by", language, time=f"{words.local(by):%H:%M}") if by else ""
    promised = named or wording_of(wording, "text_promise_soon", language)
    body = f"{body.strip()} {promised}".strip()[: texts.LONGEST]
    return _again(contact_id, "forms/text.jinja", status=200, text_body=body)


@pages.post("/desk/contacts/<contact_id>/incidents")
def ask_for_car(contact_id: str) -> ResponseReturnValue:
    """Ask for the car: the answer says at once which unit was asked, or that nobody is going and who to turn to."""
    form = forms.car(request.form)
    if form.errors:
        return _again(contact_id, "forms/car.jinja", car=form)
    try:
        with desk().database.transaction() as db:
            incident = incidents.ask_for_car(db, theirs(db, contact_id), me(), now=desk().clock(), **form.values)
            drafts.clear(db, contact_id, me(), drafts.CAR)
            asked = incident.dispatches[-1].call_sign if incident.dispatches else ""
    except incidents.BadIncident as wrong:
        form.errors[wrong.field] = str(wrong)
        return _again(contact_id, "forms/car.jinja", car=form)
    if incident.state == "no_unit":
        return _done(contact_id, "forms/car.jinja", f"No car can go. {incident.fallback}", "refused")
    return _done(contact_id, "forms/car.jinja", f"{asked} was asked. Watch here until the crew accepts.")


@pages.post("/desk/contacts/<contact_id>/finish")
def finish_contact(contact_id: str) -> ResponseReturnValue:
    """End the contact and wrap up, with a last text if there is one. Without an outcome it is asked for first, once."""
    if "last_text" in request.form:
        return _finish_with(contact_id, request.form["last_text"])
    with desk().database.transaction() as db:
        contact = theirs(db, contact_id)
        if outcomes.latest(db, contact.id) is None and request.form.get("without") != "outcome":
            return answers.refused(OUTCOME_FIRST, DESK)
        bridge.finish(db, contact, me(), now=desk().clock())
    return answers.done("Contact finished. Make yourself ready when you are.", DESK)


def _finish_with(contact_id: str, body: str) -> ResponseReturnValue:
    """Send her last text and finish, in one press: both or neither."""
    form = "forms/ending.jinja"
    if request.form.get("then") == "put_in":
        with desk().database.reading() as db:
            ready = endings.last_text(db, theirs(db, contact_id))
        return _again(contact_id, form, status=200, last_text=ready)
    look = before_sending.look(body, words.local(desk().clock()).date())
    if look.keys() - set(request.form.get("looked", "").split()):
        return _again(contact_id, form, last_text=body, ending_look=look)
    try:
        with desk().database.transaction() as db:
            contact = theirs(db, contact_id)
            if outcomes.latest(db, contact.id) is None:
                raise texts.CannotText(OUTCOME_FIRST)
            key = request.form.get("key") or None
            sent = endings.finish(db, contact, me(), body, now=desk().clock(), message_id=key)
    except (texts.CannotText, silence.CannotEnd) as no:
        return _again(contact_id, form, last_text=body, ending_error=str(no))
    if sent is None:
        return _done(contact_id, form, "This contact was finished before. Nothing more was sent.")
    if sent.trouble == texts.HELD:
        return _done(contact_id, form, f"Contact finished. {words.text_trouble(sent)}", "refused")
    return _done(contact_id, form, "Your last text is on its way. Contact finished: make yourself ready.")


@pages.post("/desk/contacts/<contact_id>/silence")
def decide_silence(contact_id: str) -> ResponseReturnValue:
    """They do not write back: she waits on, or wants them rung."""
    choice = request.form.get("choice", "")
    with desk().database.transaction() as db:
        silence.decide(db, theirs(db, contact_id), choice, me(), now=desk().clock())
    if choice == "ring":
        return answers.done("A call to them is owed now: it stands under Call-backs owed, for whoever is free.", DESK)
    return answers.done("You wait on. You are asked again after another while.", DESK)


@pages.post("/desk/contacts/<contact_id>/give-back")
def give_back(contact_id: str) -> ResponseReturnValue:
    """Give the person back to the queue, at the place they had: taken by mistake, or somebody else fits better."""
    with desk().database.transaction() as db:
        bridge.give_back(db, theirs(db, contact_id), me(), now=desk().clock())
    return answers.done("Given back: they keep their place. Make yourself ready when you are.", DESK)


@pages.post("/desk/contacts/<contact_id>/give-back-for-later")
def give_back_for_later(contact_id: str) -> ResponseReturnValue:
    """Give the person back to be heard later than their place says, with a reason; a second person reads it."""
    form = request.form
    try:
        with desk().database.transaction() as db:
            lowering.give_back_for_later(
                db, theirs(db, contact_id), form.get("band", -1, type=int), form.get("because", ""), me(),
                seen=form.get("seen_band", -1, type=int), now=desk().clock(),
            )  # fmt: skip
    except lowering.CannotLower as no:
        return answers.refused(str(no), DESK)
    return answers.done(
        "Given back, to be heard later. A second person is told. Make yourself ready when you are.", DESK
    )


def _done(contact_id: str, template: str, sentence: str, event: str = "changed") -> ResponseReturnValue:
    """The form afresh and the sentence for a script; the desk with the sentence without one."""
    if wants_fragment(request):
        return answers.with_form(_form(contact_id, template), sentence, event)
    does = answers.done if event == "changed" else answers.refused
    return does(sentence, DESK, contact=contact_id)


def _again(contact_id: str, template: str, *, status: int = 422, **shown: Any) -> ResponseReturnValue:
    """The form again, mostly with what is wrong: alone for a script, on the whole desk without one."""
    if wants_fragment(request):
        return _form(contact_id, template, **shown), status
    softphone = desk().softphone(me().id)
    headers.allow_softphone(softphone)
    with desk().database.reading() as db:
        shown = {**_everything(db, contact_id), **shown}
        if shown["person"] is None:
            return redirect(url_for(DESK), code=303)
        return render_template("desk.jinja", softphone=softphone["kind"], **shown), status


def _form(contact_id: str, template: str, **shown: Any) -> str:
    with desk().database.reading() as db:
        shown = {**_everything(db, contact_id), **shown}
        person: desk_data.WithMe | None = shown["person"]
        if person is None or person.contact.id != contact_id:
            abort(404)
        return render_template(template, **shown)
