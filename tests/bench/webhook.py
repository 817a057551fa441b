"""The first voice webhook in this process: the whole application against the floor, and where its time goes."""

from typing import Any

from flask import Request

from app import create_app
from callflows import caller
from telephony import twiml
from telephony.signature import Door
from tests.bench import floor, report
from tests.bench.bed import NAMES, Bed, alone
from tests.bench.measuring import Candidate, Rounds, Strangers, interleave
from tests.bench.rings import Carrier, call_wsgi
from tests.harness.databases import BACKENDS
from triage import first_ring, settings
from triage.db import open_database, utcnow
from triage.models import new_id
from triage.standing import Kept

GOAL = {"postgresql": "0.5", "sqlite": "(none set)"}
OURS, FLOOR = "ours", "floor"
ROWS = {
    OURS: "The whole webhook",
    "door": "  reading the form, its guards, the signature",
    "statements": "  contact and history: two inserts, one commit",
    "document": "  the greeting as TwiML",
    FLOOR: "The whole floor",
    "bare statements": "  its read, insert and commit",
}


def run(bed: Bed) -> list[report.Found]:
    found = report.Found(
        "First voice webhook, in process: rate as a share of the floor's",
        ("database", "share of the floor's rate", "goal", "ours, µs", "floor, µs"),
        notes=["Floor: a bare Flask route, the same signature check, one read, one insert, one commit, no ORM."],
    )
    parts = report.Found(
        "Where the time of that webhook goes, µs (each part alone, in the same rounds)",
        ("part", *(f"{NAMES[backend]}{what}" for backend in reversed(BACKENDS) for what in ("", ", computing"))),
        notes=["Computing: CPU in this process alone; the difference is the disk and the database server."],
    )
    measured: dict[str, Rounds] = {}
    with Strangers() as strangers:
        for backend in reversed(BACKENDS):
            told = bed.settings(bed.database(backend))
            measured[backend] = rounds = alone(compare, told, bed.rounds(60))
            found.add(NAMES[backend], report.ratio(rounds.rate(OURS, FLOOR)), GOAL[backend],
                      report.us(rounds.us(OURS)), report.us(rounds.us(FLOOR)))  # fmt: skip
    found.strangers = strangers.share
    for name, about in ROWS.items():
        cells = [
            median for rounds in measured.values() for median in (rounds.us(name).median, rounds.cpu_us(name).median)
        ]
        parts.add(about, *(f"{cell:,.0f}" for cell in cells))
    return [found, parts]


def compare(environment: dict[str, str], rounds: int) -> Rounds:
    """Measure in a process of its own: the application can be built once in a process."""
    told = settings.load(environment)
    token, database = told.auth_tokens[0], open_database(told.database_url)
    standing = Kept(database).now(utcnow().date())
    line = next(line for line in standing.lines.values() if line.route == "direct")
    carrier = Carrier(told.public_base_url, told.account_sid, token, line.number)
    ours = create_app(told)
    bare = floor.app_for(told.database_url, told.public_base_url, token)
    door = Door(told.public_base_url, told.account_sid, told.auth_tokens)
    driver = floor.Bare(told.database_url)
    turn = caller.begin(caller.Line(standing.service.name, line.route, standing.service.wording))

    def statements(number: str) -> None:
        first_ring.call(database, carrier_id="CA" + new_id(), number=number, line=line, dialled=line.number,
                        place=turn.place, now=utcnow())  # fmt: skip

    def document(contact_id: str) -> str:
        base = f"{told.public_base_url}/voice/contacts/{contact_id}"
        return twiml.render(turn, twiml.Addresses(answer=f"{base}/turns/0", wait=f"{base}/wait"), standing.hints)

    def number() -> Any:
        return carrier.fields()["From"]

    return interleave(
        [
            Candidate(OURS, carrier.environ, lambda environ: call_wsgi(ours, environ)),
            Candidate(FLOOR, carrier.environ, lambda environ: call_wsgi(bare, environ)),
            Candidate("door", carrier.environ, lambda environ: door.check(Request(environ))),
            Candidate("statements", number, statements),
            Candidate("document", new_id, document),
            Candidate("bare statements", number, lambda who: driver.record("CA" + new_id(), who, line.number)),
        ],
        rounds=rounds,
        slice_s=0.05,
    )
