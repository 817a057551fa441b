"""A whole journey with words that stand nowhere else; then every byte that was stored or said is searched for them."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import redis
from sqlalchemy import make_url

from tests.harness.postgres import PostgresServer
from tests.harness.waiting import wait_until
from tests.journeys.conftest import CREW_LINE, Town

CALLER, TEXTER, NEIGHBOUR = "+442079460711", "+447700900722", "+442079460733"
CANARIES = (
    "79460711", "7700900722", "79460733", "Quillfeather", "PO30 9ZQ", "PO309ZQ", "thistledown", "marmalade", "lamplighter",
    "Peregrine", "periwinkle", "bramblewick", "sandpiper", "toadflax", "winterbourne", "fiddlehead",
)  # fmt: skip


def test_what_people_said_and_where_they_are_is_stored_and_logged_nowhere_in_the_clear(
    town: Town, postgres_server: PostgresServer
) -> None:
    ana, grace, crew = town.colleague("ana@example.org"), town.colleague("grace@example.org"), town.crew("IW01")
    grace.asks("PUT", "/units/IW01", {"state": "available"})

    call = town.caller(CALLER).rings().says("harbour")
    wait_until(lambda: ana.queue(), 10, what="somebody waits")
    ana.is_ready()
    nurse = ana.phone.is_rung().picks_up().presses("1")
    call.is_with(nurse)
    contact = ana.waits_until_connected()["contact_id"]
    ana.asks("POST", f"/contacts/{contact}/outcomes", {
        "urgency": "B", "disposition": "response_car", "notes": "Peregrine has the thistledown tablets",
        "themes": [], "next_steps": "marmalade plan, then lamplighter",
    }, expect=201)  # fmt: skip
    incident = ana.asks("POST", f"/contacts/{contact}/incidents", {
        "address": "77 Quillfeather Wynd, key under the periwinkle", "postcode": "PO30 9ZQ", "scene_safety": "unknown",
        "concern": "bramblewick on the roof", "call_back": NEIGHBOUR, "needed_by": None,
    }, expect=201)  # fmt: skip
    crew.got_text("to accept")
    crew.texts("1", to=CREW_LINE)
    crew.got_text("Quillfeather")
    grace.asks("POST", f"/incidents/{incident['id']}/stand-down", {"reason": "sandpiper came home"})
    ana.asks("POST", f"/contacts/{contact}/finish", expect=200)

    texter = town.caller(TEXTER)
    texter.texts("hello harbour, it is toadflax here")
    texter.got_text("Isle of Wight")
    wait_until(lambda: ana.queue(), 10, what="the texter waits")
    ana.is_ready()
    theirs = wait_until(lambda: ana.asks("POST", "/queue/next"), 10, what="the texter is taken")["contact_id"]
    ana.asks("POST", f"/contacts/{theirs}/messages", {"body": "Shall we talk about winterbourne?"}, expect=201)
    texter.got_text("winterbourne")
    ana.asks("POST", f"/contacts/{theirs}/finish", expect=200)

    again = town.caller(CALLER).rings().is_asked()
    again.hangs_up()
    promise = wait_until(lambda: ana.asks("GET", "/promises"), 15, what="a call-back is owed")[0]
    ana.asks("POST", f"/promises/{promise['id']}/attempts", {"result": "fiddlehead answered"})
    ana.asks("GET", f"/contacts/{contact}")
    assert "Quillfeather" in str(ana.asks("GET", f"/contacts/{contact}")), "who may read it can"

    kept = list(_everything(town, postgres_server))
    assert sum(b"harbour" in content for _, content in kept) > 1, "what is no secret is found: the search works"
    found = [f"{where}: {word}" for where, content in kept
             for word in CANARIES if word.encode() in content]  # fmt: skip
    assert not found


def _everything(town: Town, postgres: PostgresServer) -> Iterator[tuple[str, bytes]]:
    """Every byte kept: database files and write-ahead log, Redis' file and memory, logs, and a dump of all rows."""
    url = make_url(town.stack.settings["DATABASE_URL"])
    yield from _files(town.stack.redis.folder)
    yield from ((str(log), log.read_bytes()) for log in town.stack.folder.glob("*.log") if log.name != "carrier.log")
    yield "carrier.log", (town.stack.folder / "carrier.log").read_bytes()
    with redis.Redis.from_url(town.stack.redis.url) as client:
        yield "redis keys", b"\n".join(key + (client.dump(key) or b"") for key in client.scan_iter())
    if url.get_backend_name() == "sqlite":
        file = Path(str(url.database))
        yield from ((str(path), path.read_bytes()) for path in file.parent.glob(f"{file.name}*"))
        return
    with psycopg.connect(postgres.url_of(str(url.database)).replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall():
            with connection.cursor().copy(f'COPY "{name}" TO STDOUT') as rows:
                yield f"dump of {name}", b"".join(bytes(part) for part in rows)
        oid = connection.execute("SELECT oid FROM pg_database WHERE datname = current_database()").fetchone()
    if postgres.folder is not None and oid is not None:
        yield from _files(postgres.folder / "data" / "base" / str(oid[0]))
        yield from _files(postgres.folder / "data" / "pg_wal")
        yield "postgresql.log", (postgres.folder / "postgresql.log").read_bytes()


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield str(path), path.read_bytes()
