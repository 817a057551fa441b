"""Logs name ids, never people. Tried in a process of its own: setting up logging is for a whole process."""

import json
import subprocess
import sys

from tests.harness.databases import ROOT

PROGRAM = """
import logging, structlog
from triage import logs
logs.set_up("web")
log = structlog.get_logger("x")
log.info("plain", row=1234567, ms=1234567, contact="0123456789abcdef0123456789abcdef", queue="line")
log.info("rang +447700900123", number="+447700900123", detail="from 07700 900 123 to 01632-960 111", name="Ana",
         body="help me", digits="4272687", speech="harbour", email="ana@example.org", address="1 Sea Street")
log.info("nested", args={"number": "x", "leg": "y", "said": ["07700900123", {"body": "help me"}]})
log.debug("quiet")
try:
    raise ValueError("help me, I am on +447700900123")
except ValueError:
    log.exception("failed")
    logging.getLogger("library").exception("it failed for 07700900123")
logging.getLogger("library").warning("warned about %s", "+447700900123")
logging.getLogger("library").info("chatter")
"""


def test_numbers_and_what_people_said_are_masked_and_no_error_quotes_them() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    for told in ("900123", "900 123", "960 111", "Ana", "help me", "4272687", "harbour", "ana@", "Sea Street"):
        assert told not in done.stdout, told
    plain, rang, nested, failed, library, warned = lines
    assert {line["process"] for line in lines} == {"web"}
    assert (plain["row"], plain["contact"], plain["queue"]) == (1234567, "0123456789abcdef0123456789abcdef", "line")
    assert rang["event"] == "rang [masked]"
    assert rang["detail"] == "from [masked] to [masked]"
    assert nested["args"] == {"number": "[masked]", "leg": "y", "said": ["[masked]", {"body": "[masked]"}]}
    assert (failed["error"], failed["level"]) == ("ValueError", "error")
    assert ":" in failed["trace"], "where it came from, by file and line"
    assert library["error"] == "ValueError"
    assert warned["event"] == "warned about [masked]"
