"""The two outside judges are themselves judged: each rule passes a good case and fails a bad one, for its reason."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
import twilio.rest.api.v2010.account as account_api
from twilio.twiml import TwiML, lower_camel, messaging_response, voice_response

from tests.telephony.judges import twiml_table
from tests.telephony.judges.api import FORM, check_exchange, description
from tests.telephony.judges.privacy import holds_a_number
from tests.telephony.judges.twiml_grammar import check

BASE = "https://line.example"
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'

PLAY = f"<Play>{BASE}/sounds/holding.wav</Play>"
GATHER_END = f'<Gather input="dtmf" action="{BASE}/voice/c/1" actionOnEmptyResult="true"/>'
SPEECH = f'<Gather input="dtmf speech" action="{BASE}/voice/c/1" language="en-GB" profanityFilter="false"'
ENQUEUE = f'<Enqueue action="{BASE}/voice/q/done" waitUrl="{BASE}/voice/q/wait">harbour-queue</Enqueue>'
ROOM = 'beep="false" startConferenceOnEnter="true" endConferenceOnExit="false" waitUrl=""'
CALLER_ID = 'callerId="+441632960111"'
DIAL = f'<Dial action="{BASE}/voice/dialled" {CALLER_ID} timeout="20">'

LEG = f"url='{BASE}/voice/w' method='POST' statusCallback='{BASE}/voice/leg' statusCallbackMethod='POST' "
LEG += "statusCallbackEvent='initiated ringing answered completed'"


def doc(inside: str) -> str:
    return f"{DECLARATION}<Response>{inside}</Response>"


def faults(inside: str, profile: str = "voice", **more) -> list[str]:
    return check(doc(inside), profile=profile, base_url=BASE, **more)


GOOD = [
    (
        "voice",
        f'<Say voice="Polly.Amy-Neural" language="en-GB">You are through.</Say>{SPEECH} hints="harbour, danger" '
        f'timeout="4" speechTimeout="auto" numDigits="7" finishOnKey="" actionOnEmptyResult="true" method="POST">'
        f"<Say>Say your word.</Say><Pause length='1'/>{PLAY}</Gather><Redirect method='POST'>{BASE}/voice/c/2</Redirect>",
    ),
    ("voice", f"<Say>One moment.</Say>{ENQUEUE}"),
    ("voice", f"{DIAL}<Conference {ROOM}>case-3f2504e0-4f89-11d3-9a0c-0305e82c3301</Conference></Dial>"),
    ("voice", f"{DIAL}<Number>+447700900201</Number><Client>staff_3fa9</Client></Dial>"),
    ("voice", f"{DIAL}<Queue url='{BASE}/voice/q/whisper'>harbour-queue</Queue></Dial>"),
    ("voice", f"<Say>If you are in danger ring 999.</Say><Dial {CALLER_ID}>+441632960999</Dial><Say>Ring 999.</Say>"),
    ("voice", "<Say>Goodbye.</Say><Hangup/>"),
    ("voice", "<Reject reason='busy'/>"),
    ("voice", f"<Redirect>{BASE}/voice/c/2#rc=2&amp;rp=5xx,ct,rt&amp;rt=4000</Redirect>"),
    ("queue_wait", f"<Say>You are still in line.</Say>{PLAY}<Gather input='dtmf' action='{BASE}/voice/q/k' timeout='5'/>"),
    ("queue_wait", "<Leave/>"),
    ("queue_wait", f"<Pause length='20'/><Redirect>{BASE}/voice/q/w</Redirect>"),
    ("conference_wait", "<Say>A nurse is joining you.</Say><Pause length='5'/><Redirect/>"),
    ("conference_wait", f"<Play loop='0'>{BASE}/sounds/quiet.wav</Play>"),
    ("queue_url", "<Say>You are being joined to a nurse.</Say>"),
    ("queue_url", ""),
    ("messaging", "<Message>You are through to the line.</Message>"),
    ("messaging", f"<Message action='{BASE}/sms/status'><Body>Hello</Body></Message>"),
    ("messaging", ""),
    # and one of everything the documents above left out
    ("voice", "<Say loop='2'>a</Say><Play digits='1w#'/>" + SPEECH + " speechModel='phone_call' speechTimeout='2' "
     "maxSpeechTime='20' bargeIn='true'/>" + ENQUEUE.replace(" ", " method='POST' waitUrlMethod='POST' ", 1)),
    ("voice", f"{DIAL[:-1]} method='POST' timeLimit='7200' answerOnBridge='true' hangupOnStar='false' ringTone='uk' "
     f"sequential='true'><Number {LEG} sendDigits='ww12#'>+447700900201</Number><Client {LEG}>staff_1</Client></Dial>"),
    ("voice", f"{DIAL}<Conference {ROOM} muted='true' maxParticipants='4' coach='CA{'a' * 32}' region='ie1' "
     f"jitterBufferSize='small' participantLabel='supervisor' waitMethod='POST' statusCallback='{BASE}/voice/room' "
     "statusCallbackMethod='POST' statusCallbackEvent='start end join leave'>case-abcdefgh</Conference></Dial>"),
    ("voice", f"{DIAL}<Queue url='{BASE}/voice/q/whisper' method='POST'>harbour-queue</Queue></Dial>"),
    ("messaging", f"<Message to='+447700900301' from='+441632960111' action='{BASE}/sms/status' method='POST' statusCallback='{BASE}/sms/status'>a</Message>"),
]  # fmt: skip


@pytest.mark.parametrize(("profile", "inside"), GOOD)
def test_a_good_document_has_no_fault(profile, inside):
    assert faults(inside, profile) == []


LONG = "x" * 101
# Each: what is in the document, and a piece of the one sentence it must earn. Nothing else may be said of it.
BAD_VOICE = [
    # forbidden and unknown verbs
    (f"<Say>a</Say><Record/>{GATHER_END}", "<Record> is forbidden"),
    (f"<Say>a</Say><Pay/>{GATHER_END}", "<Pay> is forbidden"),
    (f"<Start><Stream url='wss://x.example'/></Start><Say>a</Say>{GATHER_END}", "<Start> is forbidden"),
    (f"<Connect><Stream/></Connect><Say>a</Say>{GATHER_END}", "<Connect> is forbidden"),
    ("<Sms>a</Sms><Say>a</Say>", "<Sms> is not a verb"),
    ("<say>a</say><Say>b</Say>", "<say> is not a verb"),
    ("<Say>a <break/> b</Say>", "<break> is not a verb"),
    # forbidden and unknown attributes
    (
        f"{DIAL[:-1]} record='record-from-answer'><Number>+447700900201</Number></Dial>",
        "record, which is forbidden",
    ),
    (
        f"{DIAL[:-1]} recordingStatusCallback='{BASE}/r'><Number>+447700900201</Number></Dial>",
        "recordingStatusCallback",
    ),
    (
        f"{DIAL}<Conference {ROOM} record='record-from-start'>case-abcdefgh</Conference></Dial>",
        "record, which is",
    ),
    (f"{GATHER_END[:-2]} transcribe='true'/>", "transcribe, which is forbidden"),
    (
        f"{DIAL[:-1]} statusCallbackEvent='answered'><Number>+447700900201</Number></Dial>",
        "may not have the attribute",
    ),
    (f"{SPEECH} enhanced='true' actionOnEmptyResult='true'/>", "attribute enhanced"),
    (
        f"{SPEECH} partialResultCallback='{BASE}/p' actionOnEmptyResult='true'/>",
        "attribute partialResultCallback",
    ),
    # nesting and places
    ("<Say>a</Say><Leave/>", "<Leave> may not stand directly in a voice document"),
    ("<Say>a</Say><Queue>harbour-queue</Queue>", "<Queue> may not stand directly"),
    ("<Say>a</Say><Number>+447700900201</Number>", "<Number> may not stand directly"),
    ("<Say>a</Say><Message>b</Message>", "<Message> may not stand directly"),
    (
        f"{GATHER_END[:-2]}>{DIAL}<Number>+447700900201</Number></Dial></Gather>",
        "<Dial> may not stand in <Gather>",
    ),
    (f"{GATHER_END[:-2]}><Hangup/></Gather>", "<Hangup> may not stand in <Gather>"),
    (f"{DIAL}<Say>a</Say></Dial>", "<Say> may not stand in <Dial>"),
    ("stray words<Say>a</Say>", "<Response> has loose text"),
    (f"{GATHER_END[:-2]}>stray</Gather>", "<Gather> has loose text"),
    # Say, Play, Pause
    ("<Say> </Say>", "<Say> has no text"),
    (f"<Say>{'a' * 4097}</Say>", "4097 characters; the most is 4096"),
    ("<Say voice='Polly.Nobody'>a</Say>", "<Say> voice must be one of"),
    ("<Say language='en-US'>a</Say>", "<Say> language must be one of"),
    ("<Say loop='0'>a</Say>", "<Say> loop must be a whole number"),
    ("<Say>a</Say><Pause length='0'/>", "<Pause> length must be a whole number from 1"),
    ("<Say>a</Say><Pause length='1.5'/>", "<Pause> length must be a whole number"),
    ("<Say>a</Say><Play/>", "<Play> needs either"),
    (f"<Play digits='1'>{BASE}/a.wav</Play>", "<Play> needs either"),
    (f"<Play loop='0'>{BASE}/a.wav</Play>", "repeats for ever"),
    # Gather
    ("<Gather input='dtmf' actionOnEmptyResult='true'/>", "<Gather> has no action"),
    (f"<Gather action='{BASE}/a' actionOnEmptyResult='true'/>", "<Gather> has no input"),
    ("<Gather input='dtmf' action='/voice/a' actionOnEmptyResult='true'/>", "action is not an absolute"),
    (f"{GATHER_END.replace('dtmf', 'dtmf,speech')}", "input must be words"),
    (f"{GATHER_END.replace('dtmf', '[&quot;speech&quot;, &quot;dtmf&quot;]')}", "input must be words"),
    (f"{GATHER_END.replace('dtmf', 'dtmf dtmf')}", "input must be words"),
    (f"<Say>a</Say>{GATHER_END.replace('true', 'false')}", "ends the call on silence"),
    (
        f"{SPEECH.replace(' profanityFilter=', ' bargeIn=')} actionOnEmptyResult='true'/>",
        "needs profanityFilter",
    ),
    (f"{SPEECH.replace('false', 'true')} actionOnEmptyResult='true'/>", "needs profanityFilter"),
    (f"{SPEECH.replace('en-GB', 'en-US')} actionOnEmptyResult='true'/>", "language must be one of en-GB"),
    (
        f"{SPEECH.replace(' language=', ' finishOnKey=').replace('en-GB', '#')} actionOnEmptyResult='true'/>",
        "no language",
    ),
    (f"{SPEECH} hints='{','.join(['a'] * 501)}' actionOnEmptyResult='true'/>", "at most 500 phrases"),
    (f"{SPEECH} hints='{LONG}' actionOnEmptyResult='true'/>", "at most 100 characters"),
    (f"{SPEECH} hints='a,,b' actionOnEmptyResult='true'/>", "an empty phrase"),
    (f"{GATHER_END[:-2]} hints='a'/>", "does not listen for speech"),
    (f"{SPEECH} speechModel='phone_call' speechTimeout='auto' actionOnEmptyResult='true'/>", "not auto"),
    (f"{SPEECH} speechModel='deepgram_nova-2' actionOnEmptyResult='true'/>", "speechModel must be one of"),
    (f"{GATHER_END[:-2]} timeout='0'/>", "timeout must be a whole number from 1"),
    (f"{GATHER_END[:-2]} timeout='auto'/>", "timeout must be a whole number"),
    (f"{SPEECH} maxSpeechTime='61' actionOnEmptyResult='true'/>", "maxSpeechTime must be a whole number"),
    (f"{GATHER_END[:-2]} numDigits='0'/>", "numDigits must be"),
    (f"{GATHER_END[:-2]} finishOnKey='12'/>", "finishOnKey must be one key"),
    (f"{GATHER_END[:-2]} bargeIn='True'/>", "bargeIn must be one of"),
    (f"{GATHER_END[:-2]} method='GET'/>", "method must be one of POST"),
    # Enqueue
    (f"<Say>a</Say><Enqueue waitUrl='{BASE}/w'>harbour-queue</Enqueue>", "<Enqueue> has no action"),
    (f"<Say>a</Say><Enqueue action='{BASE}/a'>harbour-queue</Enqueue>", "<Enqueue> has no waitUrl"),
    (f"<Enqueue action='{BASE}/a' waitUrl=''>harbour-queue</Enqueue>", "waitUrl is not an absolute"),
    (ENQUEUE.replace("harbour-queue", "Harbour Queue"), "<Enqueue> text must be an opaque name"),
    (ENQUEUE.replace("harbour-queue", ""), "<Enqueue> has no text"),
    (ENQUEUE.replace("harbour-queue", "q" * 65), "opaque name"),
    (ENQUEUE.replace("harbour-queue", "queue-07700900123"), "looks like somebody's number"),
    (ENQUEUE.replace("action", "maxQueueSize='5' action"), "attribute maxQueueSize"),
    (f"{ENQUEUE}<Say>never</Say>", "<Say> after <Enqueue> is never reached"),
    # Dial and its nouns
    (
        f"<Say>a</Say><Dial {CALLER_ID}><Number>+447700900201</Number></Dial>",
        "no action and no words after it",
    ),
    (f"{DIAL}</Dial>", "<Dial> dials nobody"),
    (f"{DIAL.replace(CALLER_ID, '')}<Number>+447700900201</Number></Dial>", "<Dial> has no callerId"),
    (f"{DIAL.replace(CALLER_ID, '')}<Client>staff_3fa9</Client></Dial>", "<Dial> has no callerId"),
    (f"{DIAL.replace(CALLER_ID, '')}+447700900201</Dial>", "<Dial> has no callerId"),
    (
        f"{DIAL.replace('+441632960111', '01632960111')}<Number>+447700900201</Number></Dial>",
        "callerId must be a number",
    ),
    (f"{DIAL.replace('20', '0')}<Number>+447700900201</Number></Dial>", "timeout must be"),
    (
        f"{DIAL.replace('timeout=', 'timeLimit=').replace('20', '86401')}<Number>+447700900201</Number></Dial>",
        "timeLimit",
    ),
    (f"{DIAL}<Number>07700900201</Number></Dial>", "<Number> text must be a number in E.164"),
    (f"{DIAL}<Number>+447700900201</Number>stray</Dial>", "<Dial> has loose text"),
    (f"{DIAL}{'<Number>+447700900201</Number>' * 11}</Dial>", "more than ten"),
    (f"{DIAL}<Number statusCallbackEvent='answered'>+447700900201</Number></Dial>", "no statusCallback"),
    (
        f"{DIAL}<Number statusCallback='{BASE}/s' statusCallbackEvent='done'>+447700900201</Number></Dial>",
        "must be words",
    ),
    (f"{DIAL}<Number sendDigits='call'>+447700900201</Number></Dial>", "sendDigits must be"),
    (f"{DIAL}<Client>ana@example.org</Client></Dial>", "<Client> text must be an opaque identity"),
    (f"{DIAL}<Client>nurse447700900201</Client></Dial>", "looks like somebody's number"),
    (f"{DIAL}<Queue>harbour queue</Queue></Dial>", "<Queue> text must be an opaque name"),
    (
        f"{DIAL}<Queue>harbour-queue</Queue><Number>+447700900201</Number></Dial>",
        "a <Queue> and something else",
    ),
    (
        f"{DIAL}<Conference {ROOM}>case-abcdefgh</Conference><Client>staff_1</Client></Dial>",
        "a <Conference> and something",
    ),
    (f"{DIAL}<Number>+447700900201</Number></Dial><Say>never</Say>", "<Say> after <Dial> is never reached"),
    # Conference
    (f"{DIAL}<Conference {ROOM.replace('beep=', 'muted=')}>case-abcdefgh</Conference></Dial>", "has no beep"),
    (
        f"{DIAL}<Conference {ROOM.replace('beep=' + chr(34) + 'false', 'beep=' + chr(34) + 'true')}>case-abcdefgh</Conference></Dial>",
        "beep must be one of false",
    ),
    (
        f"{DIAL}<Conference beep='false' endConferenceOnExit='false' waitUrl=''>case-abcdefgh</Conference></Dial>",
        "has no startConferenceOnEnter",
    ),
    (
        f"{DIAL}<Conference beep='false' startConferenceOnEnter='true' waitUrl=''>case-abcdefgh</Conference></Dial>",
        "has no endConferenceOnExit",
    ),
    (
        f"{DIAL}<Conference beep='false' startConferenceOnEnter='true' endConferenceOnExit='true'>case-abcdefgh</Conference></Dial>",
        "has no waitUrl",
    ),
    (f"{DIAL}<Conference {ROOM}>Jo Bloggs</Conference></Dial>", "<Conference> text must be an opaque name"),
    (f"{DIAL}<Conference {ROOM}>case-447700900123</Conference></Dial>", "looks like somebody's number"),
    (
        f"{DIAL}<Conference {ROOM} participantLabel='447700900123'>case-abcdefgh</Conference></Dial>",
        "participantLabel holds",
    ),
    (f"{DIAL}<Conference {ROOM} coach='CA1'>case-abcdefgh</Conference></Dial>", "coach must be a call sid"),
    (
        f"{DIAL}<Conference {ROOM} maxParticipants='1'>case-abcdefgh</Conference></Dial>",
        "maxParticipants must be",
    ),
    (
        f"{DIAL}<Conference {ROOM} statusCallback='{BASE}/s' statusCallbackEvent='join,leave'>case-abcdefgh</Conference></Dial>",
        "must be words",
    ),
    (
        f"{DIAL}<Conference {ROOM} jitterBufferSize='tiny'>case-abcdefgh</Conference></Dial>",
        "jitterBufferSize must be",
    ),
    # addresses
    ("<Redirect>/voice/c/2</Redirect>", "<Redirect> text is not an absolute"),
    ("<Redirect></Redirect>", "<Redirect> has no address"),
    ("<Redirect>https://elsewhere.example/voice</Redirect>", "is not on https://line.example"),
    ("<Redirect>http://line.example/voice</Redirect>", "is not on https://line.example"),
    ("<Redirect>https://line.example:8443/voice</Redirect>", "is not on https://line.example"),
    ("<Redirect>https://u:p@line.example/voice</Redirect>", "a user name or password"),
    (f"<Redirect>{BASE}/voice/a b</Redirect>", "is not an absolute"),
    (f"<Redirect>{BASE}/voice/from/447700900123</Redirect>", "looks like somebody's number"),
    (f"<Redirect>{BASE}/voice?from=%2B44+7700+900123</Redirect>", "looks like somebody's number"),
    (f"<Redirect>{BASE}/voice#retry=2</Redirect>", "unknown connection override retry"),
    (f"<Redirect>{BASE}/voice#rc=9</Redirect>", "out of range, rc=9"),
    (f"<Redirect>{BASE}/voice#rp=500</Redirect>", "out of range, rp=500"),
    # what follows what
    (f"<Redirect>{BASE}/a</Redirect><Say>never</Say>", "<Say> after <Redirect> is never reached"),
    ("<Say>a</Say><Hangup/><Say>never</Say>", "<Say> after <Hangup> is never reached"),
    ("<Reject/><Say>never</Say>", "<Say> after <Reject> is never reached"),
    ("<Say>a</Say><Reject/>", "<Reject> must come first"),
    ("<Reject reason='full'/>", "reason must be one of"),
    ("<Hangup/>", "without a word before it"),
    ("<Pause length='2'/>", "ends the call without a word"),
    ("", "The document is empty"),
]


@pytest.mark.parametrize(("inside", "reason"), BAD_VOICE)
def test_a_bad_call_document_is_refused_for_its_reason(inside, reason):
    said = faults(inside)
    assert len(said) == 1, said
    assert reason in said[0]
    assert said[0].endswith(".")


@pytest.mark.parametrize(("profile", "inside", "reason"), [
    ("queue_wait", ENQUEUE, "<Enqueue> may not stand directly in a queue_wait document"),
    ("queue_wait", f"{DIAL}<Number>+447700900201</Number></Dial>", "<Dial> may not stand directly"),
    ("queue_wait", "<Say>a</Say><Pause length='21'/>", "waiting 21 seconds in silence"),
    ("queue_wait", "<Leave/><Say>never</Say>", "<Say> after <Leave> is never reached"),
    ("queue_wait", "<Hangup/>", "without a word before it"),
    ("queue_wait", "", "The document is empty"),
    ("conference_wait", f"{GATHER_END}<Redirect/>", "<Gather> may not stand directly"),
    ("conference_wait", "<Leave/>", "<Leave> may not stand directly"),
    ("conference_wait", "<Say>a</Say>", "does not repeat by itself"),
    ("conference_wait", "<Redirect/>", "asks for itself again at once"),
    ("conference_wait", "", "The document is empty"),
    ("queue_url", f"<Say>a</Say>{GATHER_END}", "<Gather> may not stand directly"),
    ("queue_url", "<Say>a</Say><Hangup/>", "<Hangup> may not stand directly"),
    ("messaging", "<Say>a</Say>", "<Say> may not stand directly"),
    ("messaging", "<Message/>", "its words exactly once"),
    ("messaging", "<Message><Body>a</Body><Body>b</Body></Message>", "its words exactly once"),
    ("messaging", "<Message><Body/></Message>", "<Body> has no text"),
    ("messaging", f"<Message>{'a' * 1601}</Message>", "1601 characters; the most is 1600"),
    ("messaging", "<Message><Media>https://line.example/a.png</Media></Message>", "<Media> is not a verb"),
    ("messaging", "<Message to='07700900123'>a</Message>", "to must be a number in E.164"),
    ("messaging", f"<Redirect>{BASE}/a</Redirect><Message>never</Message>", "<Message> after <Redirect>"),
])  # fmt: skip
def test_each_context_has_its_own_verbs(profile, inside, reason):
    said = faults(inside, profile)
    assert any(reason in each for each in said), said


@pytest.mark.parametrize(("document", "reason"), [
    ("<Response><Say>a</Response>", "not XML"),
    (doc("<Say>a\x00b</Say>"), "not XML"),
    (doc("<Say>a & b</Say>"), "not XML"),
    (doc("<Say a='1' a='2'>b</Say>"), "not XML"),
    ("", "comes before the XML declaration or the root"),
    ("\n" + doc("<Say>a</Say>"), "comes before"),
    ("\ufeff" + doc("<Say>a</Say>"), "comes before"),
    (doc("<Say>caf\u00e9</Say>").encode("latin-1"), "not UTF-8"),
    (doc("<Say>a</Say>").replace("UTF-8", "ISO-8859-1"), "declares the encoding ISO-8859-1"),
    (doc("<Say>a</Say>").replace("Response", "response"), "The root is <response>"),
    (f"{DECLARATION}<Say>a</Say>", "The root is <Say>"),
    (f"{DECLARATION}<Response lang='en'><Say>a</Say></Response>", "has an attribute, lang"),
    (f'{DECLARATION}<!DOCTYPE Response [<!ENTITY a "b">]><Response><Say>&a;</Say></Response>', "document type"),
    (doc(f"<Say>{'a ' * 2000}</Say>" * 17), "bytes long"),
    (f"{DECLARATION}<Response xmlns='urn:x'><Say>a</Say></Response>", "The root is"),
])  # fmt: skip
def test_a_document_a_carrier_could_not_read_is_refused(document, reason):
    said = check(document, profile="voice", base_url=BASE)
    assert len(said) == 1, said
    assert re.search(reason, said[0])


def test_nobody_rings_the_emergency_services_for_a_caller():
    for number in ("999", "112"):
        assert any("emergency services" in each for each in faults(f"{DIAL}<Number>{number}</Number></Dial>"))
        assert any("emergency services" in each for each in faults(f"{DIAL}{number}</Dial>"))


def test_an_empty_call_document_passes_only_where_it_settles_nothing_on_purpose():
    assert faults("", may_be_empty=True) == []
    assert faults("") != []


def test_an_unknown_profile_is_a_mistake_of_the_test():
    with pytest.raises(ValueError, match="no such profile"):
        faults("", "vioce")


def test_every_fault_is_told_at_once():
    said = faults("<Say voice='x'></Say><Record/><Redirect>/a</Redirect>")
    assert len(said) == 4


def test_a_loopback_base_is_held_to_as_strictly():
    local = "http://127.0.0.1:8000"
    good = doc(f"<Redirect>{local}/voice/a</Redirect>")
    assert check(good, profile="voice", base_url=local) == []
    assert check(good.replace("8000", "8001"), profile="voice", base_url=local) != []


@pytest.mark.parametrize("text", [
    "/c/447700900123", "from=%2B447700900123", "07700 900123", "%2B44%207700%20900%20123", "room-07700900123",
    "01632-960-123", "943-476-5919", "(01632) 960123", "7700900123",
])  # fmt: skip
def test_a_number_is_seen_however_it_is_written(text):
    assert holds_a_number(text)


@pytest.mark.parametrize("text", [
    "case-3f2504e0-4f89-11d3-9a0c-0305e82c3301", "case-01234567-0123-4123-8123-012345678901", "CA" + "1" * 32,
    "/voice/c/1234567/turn/12", "0123456789ab", "0" * 31 + "1", "harbour-queue", "",
])  # fmt: skip
def test_an_id_made_by_a_machine_is_nobodys_number(text):
    assert not holds_a_number(text)


def test_every_attribute_of_the_table_is_heard_to_pass():
    seen = {
        (element.tag, attribute)
        for _, inside in GOOD
        for element in ElementTree.fromstring(doc(inside)).iter()
        for attribute in element.attrib
    }
    assert seen == {(name, attribute) for name, verb in twiml_table.VERBS.items() for attribute in verb.attributes}


@pytest.mark.parametrize(
    ("verb", "attribute"),
    [(name, attribute) for name, verb in twiml_table.VERBS.items() for attribute in verb.attributes],
)
def test_every_attribute_of_the_table_refuses_nonsense(verb, attribute):
    said = faults(f"<{verb} {attribute}='§,,§'/>")
    assert any(each.startswith(f"<{verb}> {attribute} ") for each in said), said


@pytest.mark.parametrize("verb", sorted(twiml_table.VERBS))
def test_every_range_of_the_table_ends_where_it_says(verb):
    for rule in twiml_table.VERBS[verb].attributes.values():
        if isinstance(rule, twiml_table.Whole):
            assert rule.fault(str(rule.low)) is None
            assert rule.fault(str(rule.high)) is None
            assert rule.fault(str(rule.low - 1))
            assert rule.fault(str(rule.high + 1))


# The Twilio library, read as text: which attributes and children its builders give each element.


def _built(module) -> Iterator[tuple[str, str, set[str]]]:
    """Parent class, element and attribute names, for every builder method in a module."""
    for builder in ast.parse(inspect.getsource(module)).body:
        if not isinstance(builder, ast.ClassDef):
            continue
        for call in ast.walk(builder):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "nest":
                inner = call.args[0]
                names = {word.arg for word in inner.keywords if word.arg}
                yield builder.name, inner.func.id, {lower_camel(TwiML.MAP.get(name, name)) for name in names}


@pytest.fixture(scope="module")
def library() -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    attributes: dict[str, set[str]] = {}
    parents: dict[str, set[str]] = {}
    for module in (voice_response, messaging_response):
        for parent, element, names in _built(module):
            attributes.setdefault(element, set()).update(names)
            parents.setdefault(element, set()).add(parent)
    return attributes, parents


@pytest.mark.parametrize("verb", sorted(twiml_table.VERBS))
def test_our_table_names_only_attributes_twilio_has(verb, library):
    attributes, _ = library
    assert set(twiml_table.VERBS[verb].attributes) <= attributes[verb]
    assert twiml_table.VERBS[verb].required <= set(twiml_table.VERBS[verb].attributes)


def test_our_table_nests_only_what_twilio_nests(library):
    _, parents = library
    for verb, rule in twiml_table.VERBS.items():
        assert all(verb in parents[child] for child in rule.children), verb
    for profile, verbs in twiml_table.PROFILES.items():
        root = "MessagingResponse" if profile == "messaging" else "VoiceResponse"
        assert all(root in parents[verb] for verb in verbs), profile


def test_the_forbidden_verbs_are_real_so_that_forbidding_them_means_something(library):
    _, parents = library
    assert {"Record", "Pay", "Start", "Stream", "Siprec", "Transcription", "Connect"} <= parents.keys()
    assert not twiml_table.SURVEILLANCE & twiml_table.VERBS.keys()


# The REST judge.

ACCOUNT = "AC" + "a" * 32
CALL, QUEUE, ROOM_SID = "CA" + "b" * 32, "QU" + "c" * 32, "CF" + "d" * 32
MESSAGE, NUMBER, MEDIA = "SM" + "e" * 32, "PN" + "f" * 32, "ME" + "a" * 32
ROOT = f"/2010-04-01/Accounts/{ACCOUNT}"
WHEN = "Sun, 22 Nov 2026 10:00:00 +0000"
URI = f"{ROOT}/Things.json"


def answer(schema: str, **known) -> dict:
    """An answer with every property the schema requires: null where null is allowed, else what `known` says."""
    found = description()["components"]["schemas"][schema]
    common = {"account_sid": ACCOUNT, "api_version": "2010-04-01", "uri": URI, "subresource_uris": {}}
    common |= {"date_created": WHEN, "date_updated": WHEN}
    return {name: known.get(name, common.get(name)) for name in found["required"]} | known


def a_call(**over) -> dict:
    known = {"sid": CALL, "to": "+447700900123", "to_formatted": "+447700900123", "from": "+441632960111"}
    known |= {
        "from_formatted": "+441632960111",
        "status": "queued",
        "direction": "outbound-api",
        "queue_time": "0",
    }
    return answer("call", **known | over)


def a_message(**over) -> dict:
    known = {
        "sid": MESSAGE,
        "body": "1 accept",
        "num_segments": "1",
        "num_media": "0",
        "direction": "outbound-api",
    }
    known |= {"from": "+441632960111", "to": "+447700900301", "status": "queued"}
    return answer("message", **known | over)


def some_media(**over) -> dict:
    return answer("media", **{"sid": MEDIA, "parent_sid": MESSAGE, "content_type": "image/jpeg"} | over)


def a_queue(**over) -> dict:
    known = {"sid": QUEUE, "friendly_name": "harbour-queue", "current_size": 1, "average_wait_time": 3}
    return answer("queue", **known | {"max_size": 5000} | over)


def a_member(**over) -> dict:
    known = {"call_sid": CALL, "queue_sid": QUEUE, "date_enqueued": WHEN, "position": 1, "wait_time": 20}
    return answer("member", **known | over)


def a_room(**over) -> dict:
    known = {"sid": ROOM_SID, "friendly_name": "case-abcdefgh", "status": "in-progress", "region": "ie1"}
    return answer("conference", **known | over)


def a_participant(**over) -> dict:
    known = {"call_sid": CALL, "conference_sid": ROOM_SID, "status": "connected"}
    flags = dict.fromkeys(("coaching", "muted", "hold", "start_conference_on_enter", "end_conference_on_exit"), False)
    return answer("participant", **known | flags | over)


def a_number(**over) -> dict:
    known = {"sid": NUMBER, "phone_number": "+441632960111", "friendly_name": "111 route", "origin": "twilio"}
    known |= {"capabilities": {"voice": True, "sms": False, "mms": False}, "beta": False}
    known |= {"voice_caller_id_lookup": False, "address_requirements": "none", "emergency_status": "Active"}
    return answer("incomingPhoneNumber", **known | over)


def a_page(of: str, *things: dict, **over) -> dict:
    page = {
        of: list(things),
        "start": 0,
        "end": 0,
        "page": 0,
        "page_size": 50,
        "uri": URI,
        "first_page_uri": URI,
    }
    return page | {"next_page_uri": None, "previous_page_uri": None} | over


def a_refusal(code: int, status: int) -> dict:
    return {
        "code": code,
        "message": "No.",
        "more_info": "https://www.twilio.com/docs/errors",
        "status": status,
    }


PLACE = {"To": "+447700900123", "From": "+441632960111", "Url": f"{BASE}/voice/legs/1", "Timeout": "20"}
NOTED = PLACE | {"StatusCallback": f"{BASE}/voice/status", "StatusCallbackEvent": ["initiated", "answered"]}
TEXT = {
    "To": "+447700900301",
    "From": "+441632960111",
    "Body": "Job 12: 1 accept",
    "StatusCallback": f"{BASE}/sms/status",
}
JOIN = {"To": "client:staff_1", "From": "+441632960111", "Beep": "false", "StartConferenceOnEnter": "true"}
JOIN |= {"EndConferenceOnExit": "false", "Label": "nurse", "Timeout": "20"}

GOOD_EXCHANGES = [
    ("POST", "/Calls.json", PLACE, 201, a_call()),
    ("POST", "/Calls.json", NOTED, 201, a_call()),
    ("POST", "/Calls.json", PLACE | {"StatusCallback": BASE, "StatusCallbackEvent": "completed"}, 201, a_call()),
    ("POST", "/Calls.json", PLACE, 429, a_refusal(20429, 429)),
    ("POST", "/Calls.json", PLACE, 503, a_refusal(20503, 503)),
    ("GET", f"/Calls/{CALL}.json", None, 200, a_call(status="in-progress", duration="12", start_time=WHEN)),
    ("GET", f"/Calls/{CALL}.json", None, 404, a_refusal(20404, 404)),
    ("GET", "/Calls.json?Status=in-progress&PageSize=50&StartTime%3E=2026-11-22", None, 200, a_page("calls", a_call())),
    ("POST", f"/Calls/{CALL}.json", {"Status": "completed"}, 200, a_call(status="completed")),
    ("POST", f"/Calls/{CALL}.json", {"Url": f"{BASE}/voice/c/1", "Method": "POST"}, 400, a_refusal(21220, 400)),
    ("POST", "/Messages.json", TEXT, 201, a_message()),
    ("POST", "/Messages.json", TEXT, 400, a_refusal(21610, 400)),
    ("GET", f"/Messages/{MESSAGE}.json", None, 200, a_message(status="failed", error_code=30005)),
    ("GET", "/Messages.json?To=%2B447700900301", None, 200, a_page("messages", a_message())),
    ("POST", f"/Messages/{MESSAGE}.json", {"Body": ""}, 200, a_message(body="")),
    ("POST", f"/Messages/{MESSAGE}.json", {"Body": ""}, 409, a_refusal(20009, 409)),
    ("DELETE", f"/Messages/{MESSAGE}.json", None, 204, None),
    ("GET", f"/Messages/{MESSAGE}/Media.json", None, 200, a_page("media_list", some_media())),
    ("GET", f"/Messages/{MESSAGE}/Media/{MEDIA}.json", None, 200, some_media()),
    ("DELETE", f"/Messages/{MESSAGE}/Media/{MEDIA}.json", None, 204, None),
    ("GET", "/Queues.json", None, 200, a_page("queues", a_queue())),
    ("GET", f"/Queues/{QUEUE}.json", None, 200, a_queue()),
    ("GET", f"/Queues/{QUEUE}/Members.json", None, 200, a_page("queue_members", a_member())),
    ("GET", f"/Queues/{QUEUE}/Members/{CALL}.json", None, 200, a_member()),
    ("POST", f"/Queues/{QUEUE}/Members/{CALL}.json", {"Url": f"{BASE}/voice/c/1"}, 200, a_member()),
    ("POST", f"/Queues/{QUEUE}/Members/Front.json", {"Url": f"{BASE}/voice/c/1", "Method": "POST"}, 200, a_member()),
    ("GET", "/Conferences.json?FriendlyName=case-abcdefgh", None, 200, a_page("conferences", a_room())),
    ("GET", f"/Conferences/{ROOM_SID}.json", None, 200, a_room()),
    ("POST", f"/Conferences/{ROOM_SID}.json", {"Status": "completed"}, 200, a_room(status="completed")),
    ("POST", "/Conferences/case-abcdefgh/Participants.json", JOIN, 201, a_participant(queue_time="0", label="nurse")),
    ("GET", f"/Conferences/{ROOM_SID}/Participants.json?Hold=false", None, 200, a_page("participants", a_participant())),
    ("GET", f"/Conferences/{ROOM_SID}/Participants/{CALL}.json", None, 200, a_participant()),
    ("GET", f"/Conferences/{ROOM_SID}/Participants/nurse.json", None, 200, a_participant(label="nurse")),
    ("POST", f"/Conferences/{ROOM_SID}/Participants/{CALL}.json", {"Muted": "true"}, 200, a_participant(muted=True)),
    ("DELETE", f"/Conferences/{ROOM_SID}/Participants/{CALL}.json", None, 204, None),
    ("GET", "/IncomingPhoneNumbers.json?PhoneNumber=%2B441632960111", None, 200,
     a_page("incoming_phone_numbers", a_number())),
    ("GET", f"/IncomingPhoneNumbers/{NUMBER}.json", None, 200, a_number()),
    ("POST", f"/IncomingPhoneNumbers/{NUMBER}.json",
     {"VoiceUrl": f"{BASE}/voice/incoming", "VoiceFallbackUrl": "https://fallback.example/x.xml", "SmsUrl": ""}, 200,
     a_number(voice_url=f"{BASE}/voice/incoming")),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "form", "status", "said"), GOOD_EXCHANGES)
def test_an_exchange_twilio_could_have_had_has_no_fault(method, path, form, status, said):
    assert check_exchange(method, ROOT + path, form, status, said) == []
    assert check_exchange(method, "http://127.0.0.1:4010" + ROOT + path, form, status, said) == []


def test_every_operation_of_the_slice_has_a_good_exchange():
    asked = {(method, re.sub(r"\?.*", "", path)) for method, path, *_ in GOOD_EXCHANGES}
    for template, item in description()["paths"].items():
        shape = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template))
        for method in item.keys() - {"parameters"}:
            assert any(verb.lower() == method and re.fullmatch(shape, ROOT + path) for verb, path in asked), template


def without(said: dict, *names: str) -> dict:
    return {name: value for name, value in said.items() if name not in names}


BAD_EXCHANGES = [
    # what we ask
    ("PUT", f"/Calls/{CALL}.json", None, 200, a_call(), "not an operation"),
    ("DELETE", f"/Calls/{CALL}.json", None, 204, None, "not an operation"),
    ("GET", "/Recordings.json", None, 200, {}, "not an operation"),
    ("GET", f"/Calls/{CALL}/Recordings.json", None, 200, {}, "not an operation"),
    ("POST", "/Calls.json", PLACE | {"Record": "true"}, 201, a_call(), "no parameter Record"),
    ("POST", "/Calls.json", PLACE | {"MachineDetection": "Enable"}, 201, a_call(), "no parameter MachineDetection"),
    ("POST", "/Calls.json", PLACE | {"Timout": "3"}, 201, a_call(), "no parameter Timout"),
    ("POST", "/Calls.json", PLACE | {"Timeout": ["20", "30"]}, 201, a_call(), "has Timeout 2 times"),
    ("POST", "/Calls.json", PLACE | {"Timeout": "9999"}, 201, a_call(), "greater than the maximum of 600"),
    ("POST", "/Calls.json", PLACE | {"Timeout": "soon"}, 201, a_call(), "integer"),
    ("POST", "/Calls.json", without(PLACE, "To"), 201, a_call(), "'To' is a required property"),
    ("POST", "/Calls.json", PLACE | {"To": "07700900123"}, 201, a_call(), "does not match"),
    ("POST", "/Calls.json", without(PLACE, "Url"), 201, a_call(), "exactly one of Url, Twiml"),
    ("POST", "/Calls.json", PLACE | {"Twiml": "<Response/>"}, 201, a_call(), "exactly one of Url, Twiml"),
    ("POST", "/Calls.json", without(PLACE, "Url") | {"Twiml": "x" * 4001}, 201, a_call(), "is too long"),
    ("POST", "/Calls.json", PLACE | {"Url": "/voice/legs/1"}, 201, a_call(), "does not match"),
    ("POST", "/Calls.json", PLACE | {"Url": f"{BASE}/voice/447700900123"}, 201, a_call(), "somebody's number"),
    ("POST", "/Calls.json", PLACE | {"Method": "GET"}, 201, a_call(), "is not one of"),
    ("POST", "/Calls.json", NOTED | {"StatusCallbackEvent": ["answered", "busy"]}, 201, a_call(), "'busy' is not one of"),
    ("POST", "/Calls.json", NOTED | {"StatusCallbackEvent": ["answered"] * 2}, 201, a_call(), "non-unique"),
    ("POST", "/Calls.json", NOTED | {"StatusCallbackEvent": "initiated answered"}, 201, a_call(), "is not one of"),
    ("POST", "/Calls.json", PLACE | {"StatusCallbackEvent": "answered"}, 201, a_call(), "without StatusCallback"),
    ("POST", "/Calls.json", None, 201, a_call(), "exactly one of"),
    ("GET", "/Calls.json?Foo=1", None, 200, a_page("calls"), "no query parameter Foo"),
    ("GET", "/Calls.json?PageSize=5000", None, 200, a_page("calls"), "PageSize is wrong"),
    ("GET", "/Calls.json?Status=ended", None, 200, a_page("calls"), "Status is wrong"),
    ("GET", "/Calls/CA1.json", None, 200, a_call(), "Sid is wrong"),
    ("GET", f"/Calls/{CALL}.json", {"To": "x"}, 200, a_call(), "takes no form"),
    ("POST", f"/Calls/{CALL}.json", {"Status": "in-progress"}, 200, a_call(), "is not one of"),
    ("POST", f"/Calls/{CALL}.json", {"Method": "POST"}, 200, a_call(), "updateCall needs one of"),
    ("POST", "/Messages.json", without(TEXT, "Body"), 201, a_message(), "'Body' is a required"),
    ("POST", "/Messages.json", TEXT | {"Body": "a" * 1601}, 201, a_message(), "is too long"),
    ("POST", f"/Messages/{MESSAGE}.json", {"Body": "other words"}, 200, a_message(), "to be empty"),
    ("POST", "/Messages.json", TEXT | {"MediaUrl": BASE}, 201, a_message(), "no parameter MediaUrl"),
    ("POST", "/Messages.json", TEXT | {"MessagingServiceSid": "MG" + "a" * 32}, 201, a_message(), "exactly one of From"),
    ("POST", f"/Queues/{QUEUE}/Members/{CALL}.json", {"Method": "POST"}, 200, a_member(), "'Url' is a required"),
    ("POST", f"/Queues/{QUEUE}/Members/Back.json", {"Url": BASE}, 200, a_member(), "CallSid is wrong"),
    ("POST", "/Conferences/Jo Bloggs/Participants.json", JOIN, 201, a_participant(), "ConferenceSid is wrong"),
    ("POST", "/Conferences/case-abcdefgh/Participants.json", JOIN | {"Beep": "true"}, 201, a_participant(), "is not one of"),
    ("POST", "/Conferences/case-abcdefgh/Participants.json", JOIN | {"Timeout": "3"}, 201, a_participant(), "less than"),
    ("POST", "/Conferences/case-abcdefgh/Participants.json", JOIN | {"ConferenceRecord": "true"}, 201, a_participant(),
     "no parameter ConferenceRecord"),
    ("POST", "/Conferences/case-abcdefgh/Participants.json", without(JOIN, "EndConferenceOnExit"), 201, a_participant(),
     "'EndConferenceOnExit' is a required"),
    ("POST", f"/Conferences/{ROOM_SID}.json", {"Status": "init"}, 200, a_room(), "is not one of"),
    ("POST", f"/Conferences/{ROOM_SID}/Participants/{CALL}.json", {"Muted": "perhaps"}, 200, a_participant(), "boolean"),
    ("POST", f"/IncomingPhoneNumbers/{NUMBER}.json", {"VoiceUrl": "voice"}, 200, a_number(), "does not match"),
    # what the carrier answers
    ("POST", "/Calls.json", PLACE, 200, a_call(), "Unknown response http status: 200"),
    ("POST", "/Calls.json", PLACE, 201, None, "Missing response data"),
    ("GET", f"/Calls/{CALL}.json", None, 200, without(a_call(), "queue_time"), "'queue_time' is a required"),
    ("GET", f"/Calls/{CALL}.json", None, 200, a_call(callSid="x"), "'callSid' was unexpected"),
    ("GET", f"/Calls/{CALL}.json", None, 200, a_call(sid=None), "is not of type 'string'"),
    ("GET", f"/Calls/{CALL}.json", None, 200, a_call(status="ended"), "'ended' is not one of"),
    ("GET", f"/Calls/{CALL}.json", None, 200, a_call(duration=12), "duration: 12 is not of type"),
    ("GET", f"/Calls/{CALL}.json", None, 200, a_call(date_created="2026-11-22T10:00:00Z"), "date_created"),
    ("GET", f"/Calls/{CALL}.json", None, 200, a_call(sid="CA" + "0" * 32), "The answer is about"),
    ("GET", f"/Calls/{CALL}.json", None, 200, a_call(account_sid="AC" + "0" * 32), "of another account"),
    ("GET", f"/Calls/{CALL}.json", None, 200, a_call(uri="http://127.0.0.1/x"), "uri"),
    ("GET", f"/Calls/{CALL}.json", None, 404, {"error": "no"}, "'code' is a required"),
    ("GET", f"/Calls/{CALL}.json", None, 404, a_refusal(20404, 400), "says status 400, and came with 404"),
    ("GET", f"/Calls/{CALL}.json", None, 302, None, "Unknown response http status"),
    ("GET", "/Calls.json", None, 200, without(a_page("calls"), "next_page_uri"), "'next_page_uri' is a required"),
    ("GET", "/Calls.json", None, 200, a_page("calls", a_call(price=1)), "calls.0.price"),
    ("GET", "/Calls.json", None, 200, [a_call()], "is not of type 'object'"),
    ("GET", f"/Messages/{MESSAGE}.json", None, 200, a_message(num_segments=1), "num_segments: 1 is not of type"),
    ("GET", f"/Messages/{MESSAGE}.json", None, 200, a_message(error_code="30005"), "error_code"),
    ("GET", f"/Queues/{QUEUE}.json", None, 200, a_queue(current_size="1"), "current_size"),
    ("GET", f"/Queues/{QUEUE}.json", None, 200, a_queue(max_size=5001), "max_size"),
    ("GET", f"/Queues/{QUEUE}/Members.json", None, 200, a_page("members", a_member()), "queue_members"),
    ("GET", f"/Queues/{QUEUE}/Members/{CALL}.json", None, 200, a_member(wait_time=None), "wait_time"),
    ("GET", f"/Conferences/{ROOM_SID}.json", None, 200, a_room(reason_conference_ended="bored"), "reason_conference"),
    ("GET", f"/Conferences/{ROOM_SID}/Participants/{CALL}.json", None, 200, a_participant(muted="false"), "muted"),
    ("DELETE", f"/Conferences/{ROOM_SID}/Participants/{CALL}.json", None, 204, {}, "204, and has a body"),
    ("GET", f"/IncomingPhoneNumbers/{NUMBER}.json", None, 200, a_number(capabilities={"voice": True}), "capabilities"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "form", "status", "said", "reason"), BAD_EXCHANGES)
def test_an_exchange_twilio_could_not_have_had_is_refused_for_its_reason(method, path, form, status, said, reason):
    found = check_exchange(method, ROOT + path, form, status, said)
    assert any(reason in each for each in found), found


def test_a_request_asked_badly_on_purpose_is_judged_by_its_refusal_alone():
    bad = without(PLACE, "To")
    assert check_exchange("POST", f"{ROOT}/Calls.json", bad, 400, a_refusal(21201, 400), judge_request=False) == []
    assert check_exchange("POST", f"{ROOT}/Calls.json", bad, 400, {"code": 21201}, judge_request=False) != []


def test_pairs_and_mappings_of_a_form_are_read_alike():
    pairs = list(PLACE.items())
    pairs += [
        ("StatusCallback", BASE),
        ("StatusCallbackEvent", "ringing"),
        ("StatusCallbackEvent", "completed"),
    ]
    assert check_exchange("POST", f"{ROOT}/Calls.json", pairs, 201, a_call()) == []


# The description against the Twilio library's own source.

LIBRARY = Path(account_api.__file__).parent
MODULES = {
    "Call": "call/__init__.py",
    "Message": "message/__init__.py",
    "Media": "message/media.py",
    "Queue": "queue/__init__.py",
    "Member": "queue/member.py",
    "Conference": "conference/__init__.py",
    "Participant": "conference/participant.py",
    "IncomingPhoneNumber": "incoming_phone_number/__init__.py",
}
# Sent by Twilio (reference pages and published description), dropped by the library.
DROPPED = {
    "Call": {"annotation"},
    "Queue": {"subresource_uris"},
    "IncomingPhoneNumber": {"subresource_uris"},
}


def _operations() -> Iterator[tuple[str, str, dict]]:
    for item in description()["paths"].values():
        for method in item.keys() - {"parameters"}:
            name = item[method]["operationId"]
            verb, noun = re.match(r"(list|fetch|create|update|delete)(\w+)", name).groups()
            yield verb, noun.removesuffix("s") if verb == "list" else noun, item[method]


def _sent(source: str, functions: tuple[str, ...]) -> set[str]:
    """The parameter names the library sends in the named functions."""
    names: set[str] = set()
    for part in ast.walk(ast.parse(source)):
        if isinstance(part, ast.FunctionDef) and part.name in functions:
            for table in (each for each in ast.walk(part) if isinstance(each, ast.Dict)):
                names |= {key.value for key in table.keys if isinstance(key, ast.Constant)}
    return names


def test_our_slice_asks_nothing_the_twilio_library_could_not_send():
    for verb, noun, operation in _operations():
        source = (LIBRARY / MODULES[noun]).read_text("utf-8")
        if body := operation.get("requestBody"):
            ours = set(body["content"][FORM]["schema"]["properties"])
            assert ours <= _sent(source, (f"_{verb}", verb)), (verb, noun)
        if verb == "list":
            ours = {each["name"] for each in operation.get("parameters", []) if each.get("in") == "query"}
            assert ours <= _sent(source, ("page",)), noun


def test_our_slice_answers_nothing_the_twilio_library_does_not_know():
    for noun, path in MODULES.items():
        source = (LIBRARY / path).read_text("utf-8")
        read = set(re.findall(r'payload\.get\(\s*"(\w+)"', source))
        known = read | DROPPED.get(noun, set())
        assert not read & DROPPED.get(noun, set()), noun
        ours = description()["components"]["schemas"][noun[0].lower() + noun[1:]]["properties"]
        assert set(ours) <= known, noun


def test_nothing_in_the_slice_could_record_anyone():
    text = str(description()["paths"]).lower()
    assert "record" not in text
    assert "transcri" not in text
    assert "machinedetection" not in text
