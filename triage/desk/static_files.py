"""Our styles and scripts, and the third-party ones made at set-up, served under a name that changes with them.

The whole folder hangs under its own digest, so the browser may keep every file for good, relative imports included.
"""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any, Final

from flask import Flask
from whitenoise import WhiteNoise  # type: ignore[import-untyped]

FOLDER: Final = Path(__file__).with_name("static")


def serve(app: Flask) -> None:
    """Answer for the static files before Flask is asked."""
    files = WhiteNoise(
        app.wsgi_app,
        root=FOLDER,
        prefix=prefix(),
        immutable_file_test=lambda _path, _url: True,
        add_headers_function=_headers,
    )
    app.wsgi_app = files  # type: ignore[method-assign]


def _headers(headers: Any, _path: str, _url: str) -> None:
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Content-Security-Policy"] = "default-src 'none'; connect-src 'self'"


@cache
def version() -> str:
    """A digest of everything in the folder."""
    digest = hashlib.sha256()
    for file in sorted(FOLDER.rglob("*")):
        if file.is_file():
            digest.update(str(file.relative_to(FOLDER)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def prefix() -> str:
    return f"/static/{version()}/"


def url(name: str) -> str:
    """The address of one file: `static("desk.css")`."""
    return prefix() + name
