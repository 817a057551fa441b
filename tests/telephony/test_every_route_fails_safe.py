"""Every address under /voice, taken from the service's own table of addresses, with each thing it needs failing."""

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.routing import Rule

from telephony import failsafe, webhooks
from tests.telephony.conftest import FALLBACK, TheLine
from triage.models import new_id
from triage.spool import Spool

SID = "CA" + "1" * 32
CONSTANT = failsafe.document(FALLBACK)
IN_THE_QUEUE = failsafe.document(FALLBACK, in_the_queue=True)
REPORTS = ("/voice/status", "/voice/legs/<leg_id>/status")  # nobody listens to what a report is answered with
FOR_ALL = {"From": "+447700900123", "To": "+441632960100", "CallStatus": "in-progress", "CallSid": SID}


def _routes(line: TheLine) -> list[Rule]:
    rules = line.client.application.url_map.iter_rules()
    return sorted((one for one in rules if one.rule.startswith("/voice/")), key=lambda one: one.rule)


def _breaks(*_: Any, **__: Any) -> None:
    raise RuntimeError("broken")


def _away(*_: Any, **__: Any) -> None:
    raise OSError("away")


def _recursion(*_: Any, **__: Any) -> None:
    raise RecursionError


FAULTS: dict[str, Callable[[pytest.MonkeyPatch, TheLine], None]] = {
    "the database takes no writes": lambda patch, line: patch.setattr(line.database, "transaction", _away),
    "the database is away": lambda patch, line: [
        patch.setattr(line.database, way, _away) for way in ("transaction", "reading", "statements")
    ],
    "the configuration cannot be read": lambda patch, _: patch.setattr(webhooks.Line, "standing", _breaks),
    "our own code has a fault": lambda patch, _: patch.setattr("telephony.twiml.answer", _breaks),
    "our own code calls itself for ever": lambda patch, _: patch.setattr("telephony.twiml.render", _recursion),
}


def _address(rule: Rule, contact_id: str, leg_id: str) -> str:
    address = rule.rule.replace("<contact_id>", contact_id).replace("<leg_id>", leg_id)
    return address.replace("<int:number>", "0").replace("<alarm_id>", new_id())


@pytest.mark.parametrize(("fault", "disk"), [*((fault, "whole") for fault in FAULTS), ("the database is away", "full")])
def test_whatever_fails_whoever_is_on_the_line_hears_words_and_never_an_error(
    line: TheLine, spool: Spool, monkeypatch: pytest.MonkeyPatch, fault: str, disk: str
) -> None:
    contact_id = line.rings(SID).last.attribute("action").split("/")[-3]
    FAULTS[fault](monkeypatch, line)
    if disk == "full":
        monkeypatch.setattr(Spool, "_write", _away)
    constant = set()
    for rule in _routes(line):
        in_the_queue = rule.rule.endswith(webhooks.IN_THE_QUEUE)
        profile = "queue_wait" if in_the_queue else "voice"
        answer = line.post(_address(rule, contact_id, new_id()), profile=profile, **FOR_ALL)
        if rule.rule in REPORTS and answer.response.status_code == 204:
            continue  # it needed nothing that failed
        assert answer.response.status_code == 200, f"{rule.rule}: {answer.response.status_code}"
        assert answer.said.strip(), f"{rule.rule} says nothing: {answer.document}"
        if answer.document == (IN_THE_QUEUE if in_the_queue else CONSTANT):
            constant.add(rule.rule)
    assert constant > {"/voice/fallback"}, "what needs what failed ends in the constant words"
    assert bool(spool.files()) == (disk == "whole"), "the call is remembered where there is a disk to do it on"
