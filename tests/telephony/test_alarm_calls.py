"""The call that tells somebody on call of an alarm: it says all by itself, and a key answers it."""

import pytest
from sqlalchemy import select

from telephony import twiml
from tests.telephony.carrier.carrier_lab import LINE, NURSE
from tests.telephony.conftest import BASE, FALLBACK
from tests.telephony.judges import twiml_grammar
from tests.telephony.test_carrier_contract import Real, real  # noqa: F401 - a fixture
from triage.alarm_models import Alarm
from triage.db import Database, utcnow

KEY = "/voice/alarms/{}/key"


@pytest.fixture
def alarm_id(database: Database) -> str:
    with database.transaction() as db:
        row = Alarm(
            kind="disk", subject="", people=-1, words="The disk is nearly full.", raised_at=utcnow(), over_at=None,
            seen_by=None, seen_at=None, told=1, told_at=utcnow(),
        )  # fmt: skip
        db.add(row)
        db.flush()
        return row.id


def _pressed(line, alarm_id, digits, to=FALLBACK):
    return line.post(KEY.format(alarm_id), CallSid="CA" + "7" * 32, From="+441632960100", To=to, Digits=digits)


def _seen(in_database, alarm_id):
    return in_database(lambda db: db.scalar(select(Alarm.seen_at).where(Alarm.id == alarm_id)))


def test_1_is_noted_and_said(line, in_database, alarm_id):
    assert "Noted. Nobody else is rung" in _pressed(line, alarm_id, "1").said
    assert _seen(in_database, alarm_id)
    assert "Noted" in _pressed(line, alarm_id, "1").said, "a repeat is harmless"


@pytest.mark.parametrize("digits", ["2", "", "#"])
def test_any_other_key_notes_nothing(line, in_database, alarm_id, digits):
    assert "Not noted" in _pressed(line, alarm_id, digits).said
    assert _seen(in_database, alarm_id) is None


def test_with_the_database_away_they_hear_that_it_is_not_noted_and_no_emergency_words(
    line, in_database, alarm_id, monkeypatch
):
    def away(*_, **__):
        raise OSError("away")

    monkeypatch.setattr(line.database, "transaction", away)
    said = _pressed(line, alarm_id, "1").said
    assert "could not be noted" in said
    assert "999" not in said
    monkeypatch.undo()
    assert _seen(in_database, alarm_id) is None


def test_an_alarm_nobody_knows_is_not_noted(line):
    assert "could not be noted" in _pressed(line, "0" * 32, "1").said


def test_the_words_travel_with_the_call_and_silence_asks_us_nothing():
    document = twiml.spoken("The disk is nearly full.", times=3, key_to=BASE + KEY.format("a" * 32))
    assert twiml_grammar.check(document, profile="voice", base_url=BASE) == []
    assert document.count("The disk is nearly full.") == 3
    assert 'actionOnEmptyResult="false"' in document


def test_through_a_carrier_it_is_said_three_times_and_a_key_comes_back_to_us(real: Real) -> None:  # noqa: F811
    path = KEY.format("b" * 32)
    real.service.says(path.lstrip("/"), "<Say>Noted</Say>")
    real.carrier.tell(to=NURSE, from_number=LINE, words="The disk is full.", alarm_id="b" * 32)
    call = real.control.rung(NURSE).does("answer")
    call.hears("The disk is full.").presses("1").hears("Noted")
    [form] = real.service.forms(path.lstrip("/"))
    assert (form["Digits"], form["To"]) == ("1", NURSE), "by the number rung it is known who has it"


def test_somebody_who_does_not_press_hears_it_three_times_and_no_webhook_is_needed(real: Real) -> None:  # noqa: F811
    real.carrier.tell(to=NURSE, from_number=LINE, words="The disk is full.", alarm_id="b" * 32)
    call = real.control.rung(NURSE).does("answer").becomes("completed")
    assert call.heard().count("The disk is full.") == 3
    assert real.service.forms(KEY.format("b" * 32).lstrip("/")) == []
