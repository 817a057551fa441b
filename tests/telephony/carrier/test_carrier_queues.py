"""Waiting in a queue, being taken out of it in order of need, and talking in a room."""

from __future__ import annotations

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from telephony.carrier.server import Server
from tests.telephony.carrier.carrier_lab import CALLER, LINE, NURSE, Control, Service, until

ROOM = "<Dial action='/left'><Conference beep='false' {more}>room-1</Conference></Dial>"


@pytest.fixture
def queue(service: Service) -> None:
    service.says("voice", "<Enqueue action='/queued' waitUrl='/wait'>nurses</Enqueue>")
    service.says("wait", "<Say>you are still waiting</Say><Pause length='10'/>")
    service.says("queued", "<Say>after the queue</Say>")
    service.says("left", "<Say>the other person has gone</Say><Pause length='60'/>")


@pytest.mark.usefixtures("queue")
def test_the_wait_document_repeats_with_the_queues_figures(service: Service, control: Control) -> None:
    control.ring().waits_in("nurses")
    second = control.ring("+447700900124").waits_in("nurses")
    until(lambda: len([f for f in service.forms("wait") if f["CallSid"] == second.sid]) >= 3)
    forms = [f for f in service.forms("wait") if f["CallSid"] == second.sid]
    assert {f["QueuePosition"] for f in forms} == {"2"}
    assert forms[0]["QueueSid"].startswith("QU")
    assert (forms[0]["CurrentQueueSize"], forms[0]["MaxQueueSize"]) == ("2", "1000")
    assert int(forms[2]["QueueTime"]) >= 20


@pytest.mark.usefixtures("queue")
def test_keys_in_the_wait_document_and_leave(service: Service, control: Control) -> None:
    service.says("wait", "<Gather numDigits='1' action='/choice' timeout='600'><Say>press 1 to leave</Say></Gather>")
    service.documents["choice"] = lambda form: (
        f"<Response>{'<Leave/>' if form['Digits'] == '1' else '<Say>carry on</Say>'}</Response>"
    )
    call = control.ring().waits_in("nurses").presses("2").hears("carry on")
    assert service.forms("choice")[0]["QueuePosition"] == "1"
    call.presses("1").hears("after the queue")
    assert service.forms("queued")[0]["QueueResult"] == "leave"
    assert control.warnings() == []


@pytest.mark.usefixtures("queue")
def test_hanging_up_while_waiting_is_told_to_the_action(service: Service, control: Control, client: Client) -> None:
    call = control.ring().waits_in("nurses").does("hangup").becomes("completed")
    form = until(lambda: service.forms("queued"))[0]
    assert (form["QueueResult"], form["CallStatus"]) == ("hangup", "completed")
    queue = client.queues.list()[0]
    assert queue.current_size == 0
    with pytest.raises(TwilioRestException) as gone:
        client.queues(queue.sid).members(call.sid).update(url=f"{service.url}/join")
    assert (gone.value.status, gone.value.code) == (404, 20404)
    with pytest.raises(TwilioRestException) as over:
        client.calls(call.sid).update(url=f"{service.url}/join")
    assert (over.value.status, over.value.code) == (400, 21220)


@pytest.mark.usefixtures("queue")
def test_a_broken_wait_document_puts_the_caller_out_with_error(service: Service, control: Control) -> None:
    service.documents["wait"] = (500, "")
    control.ring().hears("after the queue")
    assert service.forms("queued")[0]["QueueResult"] == "error"
    assert 11200 in control.warnings()


@pytest.mark.usefixtures("queue")
def test_a_full_queue_says_so(service: Service, control: Control, client: Client) -> None:
    client.queues.create(friendly_name="nurses", max_size=1)
    control.ring().waits_in("nurses")
    control.ring("+447700900124").hears("after the queue")
    assert service.forms("queued")[0]["QueueResult"] == "queue-full"


@pytest.mark.usefixtures("queue")
def test_need_before_arrival_then_one_nurse_for_one_caller(service: Service, control: Control, client: Client) -> None:
    """The second caller is pulled ahead of the first; the nurse goes in first; nobody's leaving cuts the wrong leg."""
    service.says("caller-joins", ROOM.format(more="endConferenceOnExit='true' waitUrl=''"))
    service.says(
        "nurse-joins",
        "<Gather numDigits='1' action='/accept' timeout='600'><Say>press 1 to take the call</Say></Gather><Hangup/>",
    )
    service.says(
        "accept",
        ROOM.format(
            more="startConferenceOnEnter='true' statusCallback='/room' statusCallbackEvent='start end join leave'"
            " participantLabel='nurse' waitUrl=''"
        ),
    )
    first = control.ring().waits_in("nurses")
    second = control.ring("+447700900124").waits_in("nurses")

    placed = client.calls.create(
        to=NURSE,
        from_=LINE,
        url=f"{service.url}/nurse-joins#rc=2&rp=5xx",
        status_callback=f"{service.url}/nurse-status",
        status_callback_event=["initiated", "ringing", "answered", "completed"],
        timeout=600,
    )
    assert (placed.status, placed.direction) == ("queued", "outbound-api")
    nurse = control.rung(NURSE).does("answer").presses("1")
    until(lambda: nurse.now["conference"] == "room-1")
    assert nurse.now["conference_started"] is False

    queue = client.queues.list()[0]
    members = client.queues(queue.sid).members.list()
    assert [m.call_sid for m in members] == [first.sid, second.sid]
    taken = client.queues(queue.sid).members(second.sid).update(url=f"{service.url}/caller-joins", method="POST")
    assert taken.call_sid == second.sid
    second.is_in("room-1")
    nurse.is_in("room-1")
    assert until(lambda: service.forms("queued"))[0]["QueueResult"] == "redirected"
    assert first.now["queue"] == "nurses"

    assert second.says("hello, is anyone there") == 1
    nurse.hears("hello, is anyone there")
    assert nurse.says("I am here") == 1
    second.hears("I am here")
    assert "I am here" not in first.heard()
    assert nurse.now["other_parties"][0]["sid"] == second.sid

    second.does("hangup")
    nurse.hears("the other person has gone")
    events = until(lambda: [f for f in service.forms("room") if len(service.forms("room")) >= 6])
    assert [f["StatusCallbackEvent"] for f in events] == [
        "participant-join",
        "participant-join",
        "conference-start",
        "participant-leave",
        "participant-leave",
        "conference-end",
    ]
    assert [int(f["SequenceNumber"]) for f in events] == [1, 2, 3, 4, 5, 6]
    assert events[0]["ParticipantLabel"] == "nurse"
    assert events[3]["ReasonParticipantLeft"] == "participant_hung_up"
    assert events[5]["CallSidEndingConference"] == second.sid
    assert service.forms("left")[-1]["DialCallStatus"] == "completed"
    assert "DialCallSid" not in service.forms("left")[-1]
    client.calls(nurse.sid).update(status="completed")
    statuses = until(
        lambda: [f["CallStatus"] for f in service.forms("nurse-status") if len(service.forms("nurse-status")) == 4]
    )
    assert statuses == ["initiated", "ringing", "in-progress", "completed"]
    assert control.warnings() == []


@pytest.mark.usefixtures("queue")
def test_the_nurse_leaving_keeps_the_caller_and_they_can_be_moved_back(
    service: Service, control: Control, client: Client
) -> None:
    service.says("staff", ROOM.format(more="statusCallback='/room' statusCallbackEvent='leave' waitUrl=''"))
    service.says("caller-joins", ROOM.format(more="endConferenceOnExit='true' waitUrl=''"))
    caller = control.ring().waits_in("nurses")
    nurse = control.ring("client:ana", "", params={"entry": "x"})
    until(lambda: nurse.now["conference"])
    client.calls(caller.sid).update(url=f"{service.url}/caller-joins")
    caller.is_in("room-1")
    nurse.does("hangup")
    until(lambda: service.forms("room"))
    until(lambda: not caller.now["other_parties"])
    assert caller.now["conference"] == "room-1"
    client.calls(caller.sid).update(url=f"{service.url}/voice")
    caller.waits_in("nurses")
    assert client.conferences.list(friendly_name="room-1", status="in-progress") == []


@pytest.mark.usefixtures("queue")
def test_hold_mute_announce_and_removal(service: Service, control: Control, client: Client) -> None:
    service.says("voice", ROOM.format(more="participantLabel='caller' waitUrl='/music'"))
    service.says("staff", ROOM.format(more="participantLabel='nurse'"))
    service.says("music", "<Say>please wait for the nurse</Say>")
    service.says("hold", "<Say>one moment</Say><Pause length='30'/>")
    service.says("notice", "<Say>a colleague is listening</Say>")
    caller = control.ring().hears("please wait for the nurse")
    nurse = control.ring("client:ana", "").is_in("room-1")
    room = client.conferences.list(friendly_name="room-1")[0]
    assert room.status == "in-progress"
    people = client.conferences(room.sid).participants
    assert sorted(p.label for p in people.list()) == ["caller", "nurse"]

    assert people("caller").update(hold=True, hold_url=f"{service.url}/hold").hold is True
    caller.hears("one moment")
    assert nurse.says("not for their ears") == 0
    people("caller").update(hold=False)
    people(caller.sid).update(muted=True)
    assert caller.says("muted") == 0
    assert nurse.says("heard again") == 1
    people("caller").update(announce_url=f"{service.url}/notice")
    caller.hears("a colleague is listening")
    people(nurse.sid).delete()
    nurse.hears("the other person has gone")
    with pytest.raises(TwilioRestException) as gone:
        people(nurse.sid).fetch()
    assert gone.value.code == 20404
    assert client.conferences(room.sid).update(status="completed").status == "completed"
    caller.hears("the other person has gone")
    assert client.conferences(room.sid).fetch().reason_conference_ended == "conference-ended-via-api"


@pytest.mark.usefixtures("queue")
def test_a_third_person_is_called_into_the_room(service: Service, control: Control, client: Client) -> None:
    service.says("voice", ROOM.format(more="waitUrl=''"))
    caller = control.ring()
    until(lambda: caller.now["conference"])
    room = client.conferences.list(friendly_name="room-1")[0]
    added = client.conferences(room.sid).participants.create(
        from_=LINE, to=NURSE, label="nurse", early_media=False, end_conference_on_exit=False, beep="false", timeout=600
    )
    assert (added.label, added.status) == ("nurse", "queued")
    nurse = control.rung(NURSE).does("answer").is_in("room-1")
    assert caller.says("hello") == 1
    nurse.hears("hello")


@pytest.mark.usefixtures("queue")
def test_dial_queue_takes_the_front_and_tells_both(service: Service, control: Control, client: Client) -> None:
    client.queues.create(friendly_name="nurses")
    service.says("staff", "<Dial action='/served'><Queue url='/before'>nurses</Queue></Dial>")
    service.says("before", "<Say>you are being put through</Say>")
    service.says("served", "<Say>thank you nurse</Say>")
    nurse = control.ring("client:ana", "")
    caller = control.ring().hears("you are being put through")
    until(lambda: caller.now["other_parties"])
    assert nurse.says("hello") == 1
    caller.hears("hello").does("hangup")
    nurse.hears("thank you nurse")
    assert until(lambda: service.forms("queued"))[0]["QueueResult"] == "bridged"
    assert service.forms("served")[0]["DialCallStatus"] == "completed"
    assert service.forms("before")[0]["DequeingCallSid"] == nurse.sid


@pytest.mark.usefixtures("queue")
def test_hanging_up_just_as_one_is_taken(service: Service, control: Control, client: Client, server: Server) -> None:
    service.says("caller-joins", ROOM.format(more=""))
    caller = control.ring(CALLER).waits_in("nurses")
    control.post("/control/faults", kind="hang_up_mid_bridge")
    client.queues(client.queues.list()[0].sid).members("Front").update(url=f"{service.url}/caller-joins")
    caller.becomes("completed")
    assert service.forms("caller-joins") == []
    assert server.carrier.rooms == []
