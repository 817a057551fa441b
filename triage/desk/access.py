"""Who may open what: one table, read before every page. A page that is not in it is nobody's."""

from typing import Final

from flask import Flask, Request, abort, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFProtect  # type: ignore[import-untyped]
from sqlalchemy.orm import Session

from triage import approvals, presence, sessions
from triage.desk import cookies
from triage.desk.context import desk
from triage.models import Staff

EVERYBODY: Final = frozenset({"nurse", "dispatcher", "supervisor", "administrator"})
NOT_SIGNED_IN: Final[frozenset[str]] = frozenset({"anybody"})  # the sign-in page alone
NURSE: Final = frozenset({"nurse"})
BOARD: Final = frozenset({"dispatcher", "supervisor"})
RECORDS: Final = frozenset({"nurse", "supervisor"})
STAFF: Final = EVERYBODY | {"reader"}
SUPERVISOR: Final = frozenset({"supervisor"})
TOLD: Final = frozenset({"supervisor", "administrator"})
FIGURES: Final = frozenset({"reader", "supervisor", "administrator"})
ADMINISTRATOR: Final = frozenset({"administrator"})

ALLOWED: Final[dict[str, frozenset[str]]] = {
    "pages.sign_in": NOT_SIGNED_IN,
    "pages.sign_in_as": NOT_SIGNED_IN,
    "pages.sign_in_with_password": NOT_SIGNED_IN,
    "pages.second_factor": NOT_SIGNED_IN,
    "pages.give_second_factor": NOT_SIGNED_IN,
    "pages.passkey_options": NOT_SIGNED_IN,
    "pages.sign_in_with_passkey": NOT_SIGNED_IN,
    "pages.again": NOT_SIGNED_IN,
    "pages.sign_in_again": NOT_SIGNED_IN,
    "pages.again_passkey_options": NOT_SIGNED_IN,
    "pages.organisation": NOT_SIGNED_IN,
    "pages.organisation_back": NOT_SIGNED_IN,
    "pages.set_up": NOT_SIGNED_IN,  # whoever holds the link
    "pages.set_up_password": NOT_SIGNED_IN,
    "pages.set_up_factor": NOT_SIGNED_IN,
    "pages.set_up_app": NOT_SIGNED_IN,
    "pages.set_up_passkey_options": NOT_SIGNED_IN,
    "pages.set_up_passkey": NOT_SIGNED_IN,
    "pages.crew_page": NOT_SIGNED_IN,  # whoever holds the link, on one phone
    "pages.crew_open": NOT_SIGNED_IN,
    "pages.crew_says": NOT_SIGNED_IN,
    "pages.crew_visit": NOT_SIGNED_IN,
    "pages.crew_rings": NOT_SIGNED_IN,
    "pages.sign_out": STAFF,
    "pages.here": STAFF,
    "pages.account": STAFF,
    "pages.change_password": STAFF,
    "pages.show_app": STAFF,
    "pages.add_app": STAFF,
    "pages.add_passkey_options": STAFF,
    "pages.add_passkey": STAFF,
    "pages.drop_factor": STAFF,
    "pages.new_codes": STAFF,
    "pages.end_session": STAFF,
    "pages.make_token": STAFF,
    "pages.revoke_token": STAFF,
    "pages.accounts": ADMINISTRATOR,
    "pages.make_link": ADMINISTRATOR,
    "pages.disable_account": ADMINISTRATOR,
    "pages.enable_account": ADMINISTRATOR,
    "pages.end_sessions": ADMINISTRATOR,
    "pages.reset_factors": ADMINISTRATOR,
    "pages.revoke_any_token": ADMINISTRATOR,
    "pages.home": STAFF,
    "pages.nurse_desk": NURSE,
    "pages.desk_live": NURSE,
    "pages.softphone": NURSE,
    "pages.set_presence": NURSE,
    "pages.take_next": NURSE,
    "pages.set_texts_at_once": NURSE,
    "pages.ask_to_take": NURSE,
    "pages.take_over": NURSE,
    "pages.stop_asking": NURSE,
    "pages.save_draft": NURSE,
    "pages.record_outcome": NURSE,
    "pages.send_text": NURSE,
    "pages.ask_for_car": NURSE,
    "pages.finish_contact": NURSE,
    "pages.decide_silence": NURSE,
    "pages.give_back": NURSE,
    "pages.give_back_for_later": NURSE,
    "pages.ring_texter": NURSE,
    "pages.take_their_call": NURSE,
    "pages.go_on_by_text": NURSE,
    "pages.board": BOARD,
    "pages.board_live": BOARD,
    "pages.board_map": BOARD,
    "pages.send_unit": BOARD,
    "pages.stand_down": BOARD,
    "pages.change_incident": NURSE | BOARD,
    "pages.escalate": BOARD,
    "pages.say_visit": BOARD,
    "pages.crew_did": BOARD,
    "pages.set_unit": BOARD,
    "pages.duty_times": BOARD,
    "pages.plan_duty": BOARD,
    "pages.begin_duty": BOARD,
    "pages.end_duty": BOARD,
    "pages.note_attempt": NURSE | BOARD,
    "pages.settle_promise": NURSE | BOARD,
    "pages.call_person_back": NURSE,
    "pages.decide_promise": NURSE,
    "pages.close_promise": SUPERVISOR,
    "pages.service": EVERYBODY,
    "pages.try_now": ADMINISTRATOR,
    "pages.contacts": RECORDS,
    "pages.find_contacts": RECORDS,
    "pages.contact": RECORDS,
    "pages.reveal_number": RECORDS,
    "pages.say_class": RECORDS,
    "pages.note_right": RECORDS,
    "pages.hold": frozenset({"supervisor"}),
    "pages.lift_hold": frozenset({"supervisor"}),
    "pages.approvals": approvals.MAY_DECIDE,
    "pages.decide": approvals.MAY_DECIDE,
    "pages.break_glass": NURSE | BOARD,
    "pages.link_contacts": RECORDS,
    "pages.mark_telephone": RECORDS,
    "pages.note_anonymous": RECORDS,
    "pages.open_media": RECORDS,
    "pages.acknowledge_notice": TOLD,
    "pages.acknowledge_alarm": EVERYBODY,
    "pages.floods": RECORDS,
    "pages.decide_flood": RECORDS,
    "pages.who_saw_what": SUPERVISOR,
    "pages.figures": FIGURES,
    "pages.figures_of_cars": TOLD,  # small counts are not hidden there: not for readers
    "pages.car_figures_file": TOLD,
}
FIRST_PAGE: Final = (
    ("nurse", "pages.nurse_desk"),
    ("dispatcher", "pages.board"),
    ("supervisor", "pages.board"),
    ("administrator", "pages.service"),
    ("reader", "pages.figures"),
)

# Asked by the page itself, not by the person: these do not keep a session awake.
BY_ITSELF: Final = frozenset({"pages.desk_live", "pages.board_live", "pages.softphone"})

csrf = CSRFProtect()


def set_up(app: Flask) -> None:
    """Make the form tokens that `guard` asks for."""
    app.config.update(
        WTF_CSRF_CHECK_DEFAULT=False,  # webhooks are signed and the API has bearer tokens: only pages have forms
        WTF_CSRF_TIME_LIMIT=None,  # a desk stays open for a whole shift; the token lives as long as the session
    )
    csrf.init_app(app)
    cookies.set_up(app)


def guard() -> ResponseReturnValue | None:
    """Before every page: signed in, allowed, and for a change carrying the form's token; else it is refused."""
    g.now = desk().clock()
    g.staff = None
    if _unstorable():
        abort(400)
    g.staff = signed_in()
    allowed = ALLOWED.get(request.endpoint or "", frozenset())
    if allowed is NOT_SIGNED_IN:
        csrf.protect()
        return None
    if g.staff is None:
        if wants_fragment(request) or request.method != "GET":
            abort(401)
        return redirect(url_for("pages.sign_in"))
    csrf.protect()
    if not allowed & set(g.staff.roles):
        abort(403)
    return None


def _unstorable() -> bool:
    """Whether anything sent holds a NUL, which no database keeps: nobody types one."""
    sent = [*(request.view_args or {}).values(), *request.args.values(), *request.form.values()]
    return any("\0" in str(value) for value in sent)


def signed_in() -> Staff | None:
    """Who is signed in, as the service file has them now. Whoever was retired from it, or has other roles, is out at
    once; whoever did nothing for long is asked again, which never ends a call.
    """
    session_id = cookies.session_id()
    if session_id is None:
        return None
    with desk().database.reading() as db:
        known = sessions.find(db, session_id, now=g.now, may_pick=desk().local_sign_in)
        ended = known is None and sessions.is_open(db, session_id)
        let_be = known is not None and known.idle and _may_while_idle(db, known.staff)
    if ended:  # for good, also if the roles come back
        with desk().database.transaction() as db:
            sessions.end(db, session_id, "no longer holds", now=g.now)
    if known is None or (known.idle and not let_be):
        return None
    by_hand = request.endpoint not in BY_ITSELF and not let_be
    if by_hand and known.session.last_seen <= g.now - sessions.NOTED_EVERY:
        with desk().database.transaction() as db:
            sessions.note(db, session_id, now=g.now)
    return known.staff


def _may_while_idle(db: Session, staff: Staff) -> bool:
    """Leaving; and the telephone in a nurse's browser while somebody is with her."""
    if request.endpoint == "pages.sign_out":
        return True
    return request.endpoint == "pages.softphone" and presence.holding(db, staff.id) is not None


def me() -> Staff:
    """The person signed in; only for pages that the table closes to others."""
    staff: Staff = g.staff
    return staff


def may(endpoint: str) -> bool:
    """Whether the person signed in may open this page: what the menu shows."""
    return g.get("staff") is not None and bool(ALLOWED.get(endpoint, frozenset()) & set(me().roles))


def first_page(staff: Staff) -> str:
    """The endpoint of the page somebody works on."""
    return next(page for role, page in FIRST_PAGE if role in staff.roles)


def wants_fragment(asked: Request) -> bool:
    """Whether a script of ours asks, rather than the browser for a whole page."""
    return asked.headers.get("HX-Request") == "true"
