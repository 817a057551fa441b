"""What every page tells the browser: run our scripts only, talk to nobody else, keep nothing, stay out of frames."""

import secrets
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from triage.desk import limits

# What the carrier's browser telephone needs beside us (its README, "Content Security Policy"). Its sounds stay off.
TWILIO_CONNECTS: Final = "https://eventgw.twilio.com wss://voice-js.{edge}.twilio.com https://sdk.twilio.com"
POLICY: Final = {
    "default-src": "'none'",
    "style-src": "'self'",
    "img-src": "'self' data: blob:",  # a picture somebody sent, held by our own script while it is looked at
    "media-src": "blob:",
    "worker-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
}
FIXED: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # the form check over https compares it; nobody else ever sees it
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
HSTS: Final = "max-age=31536000"
NO_DEVICES: Final = "camera=(), geolocation=(), payment=(), usb=(), display-capture=(), microphone="


SHUT_IN: Final = "default-src 'none'; frame-ancestors 'none'; sandbox"


# For what is no page: refusals outside the pages, health, webhooks. Nothing in them may run, be framed or be kept.
BARE: Final = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}


def attach(app: Flask) -> None:
    """After everything else, whatever answered: no answer is without headers, and unknown addresses say little."""

    @app.after_request
    def bare(response: Response) -> Response:
        for name, value in BARE.items():
            response.headers.setdefault(name, value)
        if app.config["SESSION_COOKIE_SECURE"]:
            response.headers.setdefault("Strict-Transport-Security", HSTS)
        return response

    @app.errorhandler(HTTPException)
    def plainly(error: HTTPException) -> Response:
        """An address of nobody's, or a method it has not: a line of text, nothing of the framework."""
        code = error.code or 500
        response = Response(f"{HTTPStatus(code).phrase}.\n", code, content_type="text/plain; charset=utf-8")
        if isinstance(error, MethodNotAllowed) and error.valid_methods:
            response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
        if code == 429:
            response.headers["Retry-After"] = str(limits.retry_after_s(error))
        return response


def nonce() -> str:
    """This answer's nonce: one a request, for the one inline script of the layout."""
    if "nonce" not in g:
        g.nonce = secrets.token_urlsafe(16)
    made: str = g.nonce
    return made


def allow_softphone(softphone: dict[str, object]) -> None:
    """Let this one page reach what its telephone talks to: the carrier, or the local carrier on this machine."""
    kind = softphone.get("kind")
    if kind == "stand_in":
        parts = urlsplit(str(softphone["url"]))
        g.connects, g.microphone = f"{parts.scheme}://{parts.netloc}", False
    elif kind == "twilio":
        g.connects, g.microphone = TWILIO_CONNECTS.format(edge=softphone.get("edge") or "roaming"), True


def nothing_may_run() -> None:
    """This one answer is what a stranger sent: whatever it holds, nothing in it runs or is fetched."""
    g.shut_in = True


def may_be_kept() -> None:
    """This one answer names nobody: the browser may keep it, and asks each time whether it is still so."""
    g.kept = "private, no-cache"


def put(response: Response) -> Response:
    """After every page: put the headers on its answer."""
    connects = f"'self' {g.get('connects', '')}".strip()
    policy = {**POLICY, "script-src": f"'self' 'nonce-{nonce()}'", "connect-src": connects}
    if g.get("microphone"):
        policy["media-src"] = "'self' mediastream: blob:"
    said = "; ".join(f"{name} {value}" for name, value in policy.items())
    response.headers["Content-Security-Policy"] = SHUT_IN if g.get("shut_in") else said
    response.headers["Permissions-Policy"] = NO_DEVICES + ("(self)" if g.get("microphone") else "()")
    for name, value in FIXED.items():
        response.headers[name] = value
    if "kept" in g:
        response.headers["Cache-Control"] = g.kept
    if current_app.config["SESSION_COOKIE_SECURE"]:
        response.headers["Strict-Transport-Security"] = HSTS
    return response
