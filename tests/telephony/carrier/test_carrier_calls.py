"""What a person hears, says and presses, verb by verb."""

from __future__ import annotations

import pytest

from telephony.carrier import documents, executor, grammar  # noqa: F401 - the executor names the verbs
from tests.telephony.carrier.carrier_lab import CALLER, LINE, NURSE, Control, Service, until


def test_the_line_speaks_and_hangs_up(service: Service, control: Control) -> None:
    service.says("voice", "<Say>You are through to the line.</Say><Hangup/><Say>never said</Say>")
    call = control.ring().becomes("completed")
    assert [entry["text"] for entry in call.now["heard"]] == ["You are through to the line."]
    form = service.forms("voice")[0]
    assert (form["From"], form["To"], form["CallSid"]) == (CALLER, LINE, call.sid)
    assert (form["Caller"], form["Called"], form["Direction"]) == (CALLER, LINE, "inbound")
    assert (form["CallStatus"], form["ApiVersion"], form["FromCountry"]) == ("ringing", "2010-04-01", "GB")
    _, _, headers = service.asked[0]
    assert headers["User-Agent"] == "TwilioProxy/1.1"
    assert len(headers["I-Twilio-Idempotency-Token"]) == 36


def test_a_key_pressed_while_the_line_speaks_cuts_it_short(service: Service, control: Control) -> None:
    service.says("voice", f"<Gather numDigits='1' action='/key'><Say>{'word ' * 500}</Say></Gather><Say>nothing</Say>")
    service.says("key", "<Say>thank you</Say>")
    call = control.ring().presses("42").hears("thank you")
    assert service.forms("key")[0]["Digits"] == "4"
    assert call.now["answered_at"] is not None


def test_digits_end_at_the_finish_key_or_after_silence(service: Service, control: Control) -> None:
    service.says("voice", "<Gather action='/key' timeout='600'><Say>your word</Say></Gather>")
    service.says("key", "<Gather action='/more' finishOnKey='*' timeout='20'/>")
    service.says("more", "<Say>goodbye</Say>")
    call = control.ring().presses("427#")
    until(lambda: service.forms("key"))
    call.presses("12")
    call.hears("goodbye")
    assert service.forms("key")[0]["Digits"] == "427"
    assert service.forms("key")[0]["FinishedOnKey"] == "#"
    assert service.forms("more")[0]["Digits"] == "12"


def test_speech_is_posted_with_confidence(service: Service, control: Control) -> None:
    service.says(
        "voice",
        "<Gather input='speech dtmf' action='heard' timeout='600' language='en-GB' hints='harbour, lantern' profanityFilter='false'>"
        "<Say>Say your word</Say></Gather>",
    )
    service.says("heard", "<Say>harbour it is</Say>")
    control.ring().answers("harbour please").hears("harbour it is")
    form = service.forms("heard")[0]
    assert form["SpeechResult"] == "harbour please"
    assert 0 < float(form["Confidence"]) <= 1
    assert "Digits" not in form
    assert control.warnings() == []


@pytest.mark.parametrize(("wanted", "heard"), [("true", "you were silent"), ("false", "next verb")])
def test_silence_reaches_the_action_only_when_asked(
    service: Service, control: Control, wanted: str, heard: str
) -> None:
    service.says("voice", f"<Gather action='/a' timeout='2' actionOnEmptyResult='{wanted}'/><Say>next verb</Say>")
    service.says("a", "<Say>you were silent</Say>")
    call = control.ring().becomes("completed")
    assert call.heard() == heard


def test_the_end_of_the_document_is_the_end_of_the_call(service: Service, control: Control) -> None:
    service.says("voice", "<Say>hello</Say>")
    control.ring().becomes("completed")
    done = until(lambda: service.forms("status"))[0]
    assert (done["CallStatus"], done["CallbackSource"]) == ("completed", "call-progress-events")


def test_redirect_and_relative_addresses(service: Service, control: Control) -> None:
    service.says("voice", "<Redirect method='GET'>deeper/one?x=1</Redirect>")
    service.says("deeper/one", "<Redirect>two</Redirect>")
    service.says("deeper/two", "<Say>arrived</Say>")
    control.ring().hears("arrived")
    assert service.forms("deeper/one")[0]["x"] == "1"


def test_a_rejected_call_is_never_answered(service: Service, control: Control) -> None:
    service.says("voice", "<Reject reason='busy'/>")
    call = control.ring().becomes("busy")
    assert call.now["answered_at"] is None


def test_pause_first_does_not_answer(service: Service, control: Control) -> None:
    service.says("voice", "<Pause length='600'/><Say>late</Say>")
    call = control.ring()
    until(lambda: service.forms("voice"))
    assert call.now["status"] == "ringing"


def test_sounds_take_their_own_time(service: Service, control: Control) -> None:
    service.says("voice", "<Play>/music/hold.wav</Play><Play digits='12'/><Say>after</Say>")
    service.documents["music/hold.wav"] = (200, "not really a wav", "audio/wav")
    call = control.ring().becomes("completed")
    assert [h["text"] for h in call.now["heard"]] == ["(plays hold.wav)", "(keys 12)", "after"]
    times = [round(100 * h["at_s"]) for h in call.now["heard"]]  # in hundredths, each told to the nearest one
    assert times[1] - times[0] >= 299
    assert times[2] - times[1] >= 99


def test_a_withheld_caller_keeps_their_own_phone(service: Service, control: Control) -> None:
    service.says("voice", "<Say>hello</Say><Pause length='60'/>")
    call = control.ring("anonymous", phone=CALLER).hears("hello")
    assert service.forms("voice")[0]["From"] == "anonymous"
    assert [c["sid"] for c in control.phone(CALLER)["calls"]] == [call.sid]


def test_a_browser_connects_through_the_twiml_app(service: Service, control: Control) -> None:
    service.says("staff", "<Say>hello Ana</Say><Pause length='60'/>")
    call = control.ring("client:ana", "", params={"entry": "e1"}).hears("hello Ana")
    form = service.forms("staff")[0]
    assert (form["From"], form["entry"], form["CallSid"]) == ("client:ana", "e1", call.sid)
    assert "FromCountry" not in form


def test_browser_parameters_cannot_pass_for_the_carriers_own(service: Service, control: Control) -> None:
    service.says("staff", "<Say>hello</Say>")
    call = control.ring("client:ana", "", params={"CallSid": "CAforged", "From": NURSE}).hears("hello")
    form = service.forms("staff")[0]
    assert (form["From"], form["CallSid"]) == ("client:ana", call.sid)


def test_a_number_nobody_answers_cannot_be_rung(control: Control) -> None:
    status, body = control.ask("POST", "/control/calls", {"from": CALLER, "to": "+441632960999"})
    assert status == 404
    assert "no voice_url" in body["error"]


def test_defaults_answer_for_any_number(service: Service, control: Control) -> None:
    service.says("elsewhere", "<Say>the default line</Say>")
    control.put("/control/defaults", voice_url=f"{service.url}/elsewhere")
    control.ring(to="+441632960999").hears("the default line")
    control.put("/control/numbers/+441632960999", voice_url=f"{service.url}/own")
    service.says("own", "<Say>its own line</Say>")
    control.ring(to="+441632960999").hears("its own line")
    assert control.get("/control/numbers/+441632960999")["voice_url"].endswith("/own")


def test_every_verb_of_the_grammar_is_carried_out() -> None:
    assert set(documents.VERBS) == set(grammar.VOICE)
    assert set().union(*(grammar.CONTEXTS[c] for c in ("call", "wait", "hold"))) == set(grammar.VOICE)
