"""The staff pages: one blueprint, closed by default, put on the app by `attach`."""

from flask import Flask, g, redirect, url_for
from flask.typing import ResponseReturnValue
from jinja2 import ChainableUndefined, ChoiceLoader, PackageLoader

from triage.desk import (
    access,
    account_views,
    answers,
    approval_views,
    board_views,
    choices,
    contact_views,
    context,
    conversation_views,
    crew_views,
    desk_views,
    duty_views,
    flood_views,
    headers,
    keeping_views,
    moving_views,
    organisation,
    oversight_views,
    promise_views,
    service_views,
    setup_views,
    signin,
    static_files,
    words,
)  # fmt: skip
from triage.desk.blueprint import pages

pages.before_request(access.guard)
pages.after_request(headers.put)
answers.set_up(pages)


def attach(app: Flask) -> None:
    """Add the pages. `context.attach` must have been called; `SECRET_KEY` signs the session and the form tokens."""
    _templates(app)
    access.set_up(app)
    if known := context.desk_of(app).organisation:
        organisation.set_up(app, known)
    static_files.serve(app)
    app.register_blueprint(pages)


def _templates(app: Flask) -> None:
    """The NHS.UK macros need undefined values that chain, and Flask's own autoescaping goes by file name: neither is
    left to the default. A test renders hostile text everywhere; another collects names our templates misspell."""
    env = app.jinja_env
    env.autoescape = True
    env.undefined = ChainableUndefined
    env.trim_blocks = env.lstrip_blocks = True
    env.loader = ChoiceLoader([PackageLoader("triage.desk"), PackageLoader("nhsuk_frontend_jinja")])
    words.add_to(env)
    choices.add_to(env)
    oversight_views.add_to(env)
    env.globals.update(
        static=static_files.url, csp_nonce=headers.nonce, can_pick_again=lambda: context.desk().local_sign_in,
        organisation_name=lambda: known.name if (known := context.desk().organisation) else "",
    )  # fmt: skip


@pages.get("/")
def home() -> ResponseReturnValue:
    """Everyone to the page of their work."""
    return redirect(url_for(access.first_page(g.staff)))


__all__ = [
    "account_views", "approval_views", "attach", "board_views", "contact_views", "conversation_views",
    "crew_views", "desk_views", "duty_views", "flood_views", "keeping_views", "moving_views", "oversight_views",
    "promise_views", "service_views", "setup_views", "signin",
]  # fmt: skip
