"""The two cookies of the pages: the session, and the one by which a browser is known again.

Both are signed with SECRET_KEY, and read with SECRET_KEY_PREVIOUS as well while keys are being changed. Over https
their names begin with `__Host-`, so that no other host and no plain connection can set them.
"""

import re
import secrets
from typing import Any, Final

from flask import Flask, Response, after_this_request, current_app, request, session
from itsdangerous import BadSignature, URLSafeTimedSerializer

from triage.desk import limits
from triage.signing_in import Browser

KNOWN_FOR_S: Final = 180 * 24 * 3600
MOST_PEOPLE: Final = 30  # who share a workstation; the one who signed in longest ago is forgotten first
PROOF: Final = "half"  # in the session: somebody whose password was right, and whose second factor is to come


def set_up(app: Flask) -> None:
    secure = app.config["SESSION_COOKIE_SECURE"]
    app.config.update(
        SESSION_COOKIE_NAME="__Host-nwd" if secure else "nwd", SESSION_COOKIE_PATH="/", SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
    )  # fmt: skip


def start(session_id: str, staff_id: str) -> None:
    """Put a new session into the cookie, nothing of the old one left in it, and know this browser again."""
    session.clear()
    session["id"], session["staff"] = session_id, staff_id
    remember(staff_id)


def session_id() -> str | None:
    found: Any = session.get("id")
    return found if isinstance(found, str) else None


def _device_cookie() -> str:
    return "__Host-nwd-browser" if current_app.config["SESSION_COOKIE_SECURE"] else "nwd-browser"


def _signer() -> URLSafeTimedSerializer:
    keys = [*(current_app.config.get("SECRET_KEY_FALLBACKS") or ()), current_app.config["SECRET_KEY"]]
    return URLSafeTimedSerializer(keys, salt="browser")


def _device() -> tuple[str, list[str]]:
    """This browser's id and the staff who signed in on it before, newest last; nothing when the cookie is not ours."""
    try:
        said = _signer().loads(request.cookies.get(_device_cookie(), ""), max_age=KNOWN_FOR_S)
        return str(said["id"]), [str(one) for one in said["staff"]]
    except (BadSignature, KeyError, TypeError, ValueError):
        return "", []


def remember(staff_id: str) -> None:
    """Know this browser again as one on which this person proved both factors."""
    device_id, staff = _device()
    staff = [*(one for one in staff if one != staff_id), staff_id][-MOST_PEOPLE:]
    value = _signer().dumps({"id": device_id or secrets.token_hex(16), "staff": staff})

    @after_this_request
    def put(response: Response) -> Response:
        response.set_cookie(
            _device_cookie(), value, max_age=KNOWN_FOR_S, path="/", httponly=True, samesite="Lax",
            secure=current_app.config["SESSION_COOKIE_SECURE"],
        )  # fmt: skip
        return response


def browser() -> Browser:
    """Where this request comes from, for counting attempts and for the list of sessions."""
    device_id, staff = _device()
    return Browser(source=limits.address(), id=device_id, knows=frozenset(staff), name=_name(request.user_agent.string))


BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrom", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS: Final = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS", "Mac"),
    ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip


def _name(agent: str) -> str:
    """A browser in words people know, such as Edge on Windows; never what it calls itself."""
    agent = re.sub(r"[^ -~]", "", agent)[:400]
    program = next((name for mark, name in BROWSERS if mark in agent), "A browser")
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    return f"{program} on {system}" if system else program
