"""What triage may rely on from a carrier: the fake and the real adapter, against the local carrier, are held to the same."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Protocol

import pytest

from telephony.carrier.server import Server
from telephony.carrier.settings import Line, Settings
from telephony.gateway import TwilioCarrier
from tests.fakes import FakeCarrier
from tests.harness.network import free_port
from tests.harness.waiting import wait_until
from tests.telephony.carrier.carrier_lab import ACCOUNT, CALLER, LINE, NURSE, TOKEN, Control, Service
from triage.db import utcnow
from triage.ports import Carrier, CarrierRefused, CarrierUnavailable


class Subject(Protocol):
    """A carrier under test, with what the world does to it."""

    carrier: Carrier

    def caller(self) -> str:
        """Somebody rings the line and waits; the carrier's id of their call."""

    def over(self, carrier_id: str) -> bool:
        """Whether this call has ended."""

    def hangs_up(self, carrier_id: str) -> None:
        """The person ends their call."""

    def fails(self, how: str) -> None:
        """The next request meets: busy (429), error (500), opted_out."""

    def away(self) -> Carrier:
        """The same carrier, with nobody at its address."""


class Fake:
    def __init__(self) -> None:
        self.carrier = FakeCarrier()
        self._calls = 0

    def caller(self) -> str:
        self._calls += 1
        return f"CA{self._calls:032x}"

    def over(self, carrier_id: str) -> bool:
        return carrier_id in self.carrier.over

    def hangs_up(self, carrier_id: str) -> None:
        self.carrier.over.add(carrier_id)

    def fails(self, how: str) -> None:
        if how == "opted_out":
            self.carrier.refuses("opted_out")
        else:
            self.carrier.is_away(in_doubt=how == "error")

    def away(self) -> Carrier:
        self.carrier.is_away(times=100)
        return self.carrier


class Real:
    """The adapter that production uses, talking to a local carrier on a port of its own."""

    def __init__(self, service: Service, server: Server) -> None:
        self.service, self.control = service, Control(server.port)
        self.carrier = self._at(server.url)
        service.says("voice", "<Say>hello</Say><Pause length='600'/>")

    def _at(self, address: str) -> TwilioCarrier:
        return TwilioCarrier(account_sid=ACCOUNT, auth_token=TOKEN, base_url=self.service.url, api_base_url=address)

    def caller(self) -> str:
        return self.control.ring().hears("hello").sid

    def over(self, carrier_id: str) -> bool:
        return bool(
            self.control.get(f"/control/calls/{carrier_id}")["status"] in ("completed", "canceled", "no-answer")
        )

    def hangs_up(self, carrier_id: str) -> None:
        self.control.post(f"/control/calls/{carrier_id}/hangup")
        wait_until(lambda: self.over(carrier_id))

    def fails(self, how: str) -> None:
        kind = {"busy": "rest_429", "error": "rest_500", "opted_out": "opt_out_21610"}[how]
        self.control.post("/control/faults", kind=kind)

    def away(self) -> Carrier:
        return self._at(f"http://127.0.0.1:{free_port()}")


@pytest.fixture
def real() -> Iterator[Real]:
    service = Service()
    line = Line(voice_url=f"{service.url}/voice", status_callback=f"{service.url}/status", sms_url=f"{service.url}/sms")
    server = Server(Settings(ACCOUNT, TOKEN, port=0, speed=40, numbers={LINE: line}))
    server.start()
    subject = Real(service, server)
    yield subject
    for leg in list(server.carrier.calls.values()):
        leg.end()
    server.stop()
    service.stop()
    session = subject.carrier._client.http_client.session
    if session:
        session.close()


@pytest.fixture(params=["fake", "real"])
def subject(request: pytest.FixtureRequest) -> Subject:
    return Fake() if request.param == "fake" else request.getfixturevalue("real")  # type: ignore[no-any-return]


def test_every_call_placed_has_an_id_of_its_own_and_can_be_ended_twice(subject: Subject) -> None:
    ids = [subject.carrier.place_call(to=NURSE, from_number=LINE, leg_id=leg, ring_s=20) for leg in ("a", "b")]
    assert all(ids)
    assert len(set(ids)) == 2
    for carrier_id in (*ids, *ids):
        subject.carrier.hang_up(carrier_id=carrier_id)
    for carrier_id in ids:
        wait_until(lambda carrier_id=carrier_id: subject.over(carrier_id), what="the call to end")  # type: ignore[misc]


@pytest.mark.parametrize("where", ["join", "back", "goodbye"])
def test_a_caller_is_moved_while_they_are_there_and_gone_is_said_when_they_are_not(
    subject: Subject, where: str
) -> None:
    call = subject.caller()
    subject.carrier.move_caller(carrier_id=call, contact_id="c1", where=where)  # type: ignore[arg-type]
    other = subject.caller()
    subject.hangs_up(other)
    with pytest.raises(CarrierRefused) as gone:
        subject.carrier.move_caller(carrier_id=other, contact_id="c2", where=where)  # type: ignore[arg-type]
    assert gone.value.reason == "gone"


def test_a_text_that_was_sent_can_be_found_by_whom_and_what(subject: Subject) -> None:
    since = utcnow() - timedelta(seconds=5)
    sent = subject.carrier.send_text(to=CALLER, from_number=LINE, body="We are here.", message_id="m1", valid_s=600)
    find: Callable[..., str | None] = subject.carrier.find_text
    assert find(to=CALLER, containing="We are here.", since=since) == sent
    assert find(to=CALLER, containing="We are not", since=since) is None
    assert find(to=NURSE, containing="We are here.", since=since) is None


def test_a_text_is_erased_once_and_again_and_one_that_is_gone_is_no_fault(subject: Subject) -> None:
    sent = subject.carrier.send_text(to=CALLER, from_number=LINE, body="We are here.", message_id="m1", valid_s=600)
    wait_until(lambda: _erases(subject.carrier, sent), what="the text to be sent, so that it may be erased")
    subject.carrier.erase_text(carrier_id=sent)
    subject.carrier.erase_text(carrier_id="SM" + "0" * 32)


def _erases(carrier: Carrier, sent: str) -> bool:
    try:
        carrier.erase_text(carrier_id=sent)
    except CarrierRefused as no:
        if no.reason != "on_its_way":
            raise
        return False
    return True


@pytest.mark.parametrize(("how", "in_doubt"), [("busy", False), ("error", True)])
def test_a_carrier_in_trouble_says_whether_it_may_have_happened(subject: Subject, how: str, in_doubt: bool) -> None:
    subject.fails(how)
    with pytest.raises(CarrierUnavailable) as away:
        subject.carrier.send_text(to=CALLER, from_number=LINE, body="x", message_id="m1", valid_s=600)
    assert away.value.in_doubt is in_doubt
    assert subject.carrier.send_text(to=CALLER, from_number=LINE, body="x", message_id="m1", valid_s=600)


def test_a_person_who_opted_out_is_a_refusal_with_its_reason(subject: Subject) -> None:
    subject.fails("opted_out")
    with pytest.raises(CarrierRefused) as no:
        subject.carrier.send_text(to=CALLER, from_number=LINE, body="x", message_id="m1", valid_s=600)
    assert no.value.reason == "opted_out"


def test_a_carrier_nobody_can_reach_did_nothing_for_certain(subject: Subject) -> None:
    nowhere = subject.away()
    for ask in (
        lambda: nowhere.place_call(to=NURSE, from_number=LINE, leg_id="a", ring_s=20),
        lambda: nowhere.move_caller(carrier_id="CA" + "1" * 32, contact_id="c", where="join"),
        lambda: nowhere.hang_up(carrier_id="CA" + "1" * 32),
        lambda: nowhere.send_text(to=CALLER, from_number=LINE, body="x", message_id="m", valid_s=60),
        lambda: nowhere.find_text(to=CALLER, containing="x", since=utcnow()),
        lambda: nowhere.erase_text(carrier_id="SM" + "1" * 32),
    ):
        with pytest.raises(CarrierUnavailable) as away:
            ask()
        assert not away.value.in_doubt


# --- the lists: by the adapter that production uses, from a carrier as Twilio answers -----------------------------------


def test_a_callers_call_is_listed_while_it_is_up_and_after(real: Real) -> None:
    before = utcnow() - timedelta(seconds=5)
    sid = real.caller()
    up = real.carrier.live_calls()[sid]
    assert (up.number, up.dialled, up.by_a_person, up.outcome, up.parent) == (CALLER, LINE, True, None, None)
    assert [call.carrier_id for call in real.carrier.calls_since(before)] == [sid]
    assert real.carrier.calls_since(utcnow() + timedelta(hours=1)) == []
    real.hangs_up(sid)
    assert sid not in real.carrier.live_calls()
    over = real.carrier.call(sid)
    assert over is not None
    assert over.outcome == "completed"
    assert over.began_at is not None
    assert abs(over.began_at - utcnow()) < timedelta(minutes=2)
    assert [call.outcome for call in real.carrier.calls_since(before)] == ["completed"]


def test_a_withheld_caller_is_nobody_and_a_leg_we_placed_is_no_persons(real: Real) -> None:
    withheld = real.control.ring(from_="anonymous").hears("hello").sid
    ours = real.carrier.place_call(to=NURSE, from_number=LINE, leg_id="a", ring_s=20)
    live = real.carrier.live_calls()
    assert live[withheld].number is None
    assert live[withheld].by_a_person
    assert not live[ours].by_a_person


def test_a_call_nobody_knows_is_none(real: Real) -> None:
    assert real.carrier.call("CA" + "0" * 32) is None


def test_who_waits_in_the_queue_or_is_in_a_room_is_held(real: Real) -> None:
    real.service.says("voice", f"<Enqueue waitUrl='{real.service.url}/wait' action='/left'>q</Enqueue>")
    real.service.says("wait", "<Say>waiting</Say><Pause length='20'/>")
    queued = real.control.ring().hears("waiting").sid
    real.service.says("voice", "<Dial><Conference waitUrl=''>r</Conference></Dial>")
    in_room = real.control.ring().sid
    wait_until(lambda: in_room in real.carrier.held_calls(), what="the room to have them")
    real.service.says("voice", "<Say>hello</Say><Pause length='600'/>")
    talking = real.caller()
    held = real.carrier.held_calls()
    assert queued in held
    assert talking not in held


def test_how_a_text_ended_can_be_asked(real: Real) -> None:
    sid = real.carrier.send_text(to=CALLER, from_number=LINE, body="We are here.", message_id="m1", valid_s=600)
    wait_until(lambda: real.carrier.text_state(sid) == ("delivered", None), what="the text to arrive")
    real.control.post("/control/faults", kind="unreachable", match=NURSE)
    lost = real.carrier.send_text(to=NURSE, from_number=LINE, body="We are here.", message_id="m2", valid_s=600)
    wait_until(lambda: real.carrier.text_state(lost) == ("fail", "phone unreachable"), what="the text to be lost")
    assert real.carrier.text_state("SM" + "0" * 32) is None


def test_what_came_with_a_text_is_erased_with_its_words(real: Real) -> None:
    real.service.documents["sms"] = (204, "")
    sid = real.control.text("look", media=[{"type": "image/png", "base64": ""}] * 2)
    real.carrier.erase_text(carrier_id=sid)
    message = real.carrier._client.messages(sid)
    assert (message.fetch().body, message.media.list()) == ("", [])
    real.carrier.erase_text(carrier_id=sid)


def test_a_carrier_away_gives_no_list_at_all(real: Real) -> None:
    nowhere = real.away()
    for ask in (nowhere.live_calls, nowhere.held_calls, lambda: nowhere.calls_since(utcnow())):
        with pytest.raises(CarrierUnavailable):
            ask()


@pytest.mark.parametrize("fault", ["rest_500", "rest_429"])
def test_a_list_that_is_refused_is_a_carrier_that_is_away(real: Real, fault: str) -> None:
    real.control.post("/control/faults", kind=fault, times=3)
    for ask in (real.carrier.live_calls, real.carrier.held_calls, lambda: real.carrier.calls_since(utcnow())):
        with pytest.raises(CarrierUnavailable):
            ask()
    assert real.carrier.calls_since(utcnow()) == []
