"""What the pages and the API work with: built once by app.py, found on the running app by `desk()`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from flask import Flask, current_app

from triage.db import Database, utcnow
from triage.factors import Site
from triage.ports import MediaStore, NotShown
from triage.settings import Organisation
from triage.standing import Kept, Standing


class NoMedia:
    """Where no carrier is joined, nothing that came with a text can be shown."""

    def fetch(self, at: str, *, most_bytes: int) -> tuple[str, bytes]:
        raise NotShown("unavailable")


@dataclass(frozen=True)
class Desk:
    """`database` hurries RQ after each commit. `softphone` says how a nurse's page is a telephone, by staff id."""

    database: Database
    kept: Kept
    local_sign_in: bool  # pick a person instead of signing in: local mode only
    softphone: Callable[[str], dict[str, Any]]
    phone_page: str | None  # the local carrier's page, when there is one
    clock: Callable[[], datetime] = utcnow
    public_base_url: str = "http://localhost"  # what a passkey is for, and where links lead
    breached: Path | None = None
    organisation: Organisation | None = None
    media: MediaStore = field(default_factory=NoMedia)

    @property
    def site(self) -> Site:
        return Site(self.public_base_url, self.standing().service.name)

    def standing(self) -> Standing:
        return self.kept.now(self.clock().date())


def attach(app: Flask, desk: Desk) -> None:
    app.extensions["nowrongdoor.desk"] = desk


def desk_of(app: Flask) -> Desk:
    return cast(Desk, app.extensions["nowrongdoor.desk"])


def desk() -> Desk:
    return desk_of(current_app)
