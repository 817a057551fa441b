"""A strict reading of a TwiML document, as a carrier and a caller would find it.

`check` returns one plain sentence per fault and an empty list for a good document. It is narrower than Twilio's
own grammar (see `twiml_table`): it also refuses what Twilio allows and a person in crisis would suffer, such as
a silence that ends the call, a hang-up without words, or hold music nobody chose.
"""

import re
from collections.abc import Iterator
from typing import Literal
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree

from . import twiml_table as table
from .privacy import holds_a_number

Profile = Literal["voice", "queue_wait", "conference_wait", "queue_url", "messaging"]

_ADDRESS = re.compile(r"https?://[!-~]+")
# Twilio's connection overrides, carried in the fragment: name to lowest and highest, or to the allowed words.
_OVERRIDES: dict[str, tuple[int, int] | frozenset[str] | None] = {
    "ct": (100, 10000),
    "rt": (100, 15000),
    "tt": (100, 15000),
    "rc": (0, 5),
    "rp": frozenset({"4xx", "5xx", "ct", "rt", "all"}),
    "e": None,
    "sni": None,
}


def check(document: str | bytes, *, profile: Profile, base_url: str, may_be_empty: bool = False) -> list[str]:
    """The faults of a TwiML document, in plain sentences; none means good.

    `profile` is what the document answers: a call (`voice`), the `waitUrl` of a queue or of a conference, the
    `url` of a queue, or a text. `base_url` is the only place its addresses may point to. `may_be_empty` allows an
    empty Response where a call's document settles nothing on purpose (a queue left by our own redirect).
    """
    if profile not in table.PROFILES:
        raise ValueError(f"no such profile: {profile}")
    raw = document.encode() if isinstance(document, str) else document
    faults = _envelope(raw)
    if faults:
        return faults
    try:
        root = ElementTree.fromstring(raw)
    except (ElementTree.ParseError, ValueError) as error:
        return [f"The document is not XML: {error}."]
    if root.tag != "Response":
        return [f"The root is <{root.tag}>, not <Response>."]
    faults += [f"<Response> has an attribute, {name}." for name in root.attrib]
    faults += _stray_text(root)
    for verb in root:
        if verb.tag in table.VERBS and verb.tag not in table.PROFILES[profile]:
            faults.append(f"<{verb.tag}> may not stand directly in a {profile} document.")
        faults += _element(verb, base_url, profile)
    faults += _order(list(root), profile)
    faults += _ending(list(root), profile, may_be_empty)
    return faults


def _envelope(raw: bytes) -> list[str]:
    """Faults of the bytes themselves. A document with any is not parsed, which is also what makes parsing safe."""
    if len(raw) > table.MOST_BYTES:
        return [f"The document is {len(raw)} bytes long; the most is {table.MOST_BYTES}."]
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return ["The document is not UTF-8."]
    if not text.startswith(("<?xml", "<Response")):
        return ["Something comes before the XML declaration or the root."]
    declared = re.match(r"<\?xml[^>]*\bencoding\s*=\s*[\"']([^\"']*)", text)
    if declared and declared[1].lower() != "utf-8":
        return [f"The document declares the encoding {declared[1]}, not UTF-8."]
    # Entities and document types are how a few bytes become many: refused before any parser sees them.
    if re.search(r"<!(?!--|\[CDATA\[)", text):
        return ["The document has a document type or an entity declaration."]
    return []


def _element(element: ElementTree.Element, base_url: str, profile: Profile) -> Iterator[str]:
    """Faults of one element and everything inside it."""
    name = element.tag
    if name in table.SURVEILLANCE:
        yield f"<{name}> is forbidden: callers are never recorded, streamed, transcribed or charged."
        return
    verb = table.VERBS.get(name)
    if verb is None:
        yield f"<{name}> is not a verb this service may use."
        return
    for attribute, value in element.attrib.items():
        yield from _attribute(name, verb, attribute, value, base_url)
    for attribute in sorted(verb.required - element.attrib.keys()):
        yield f"<{name}> has no {attribute}."
    yield from _text(element, verb, base_url)
    for child in element:
        if child.tag in table.VERBS and child.tag not in verb.children:
            yield f"<{child.tag}> may not stand in <{name}>."
        yield from _element(child, base_url, profile)
    special = _SPECIAL.get(name)
    if special is not None:
        yield from special(element, profile)


def _attribute(name: str, verb: table.Verb, attribute: str, value: str, base_url: str) -> Iterator[str]:
    if attribute.lower().startswith(("record", "transcri")):
        yield f"<{name}> has {attribute}, which is forbidden: nothing is recorded or transcribed."
        return
    rule = verb.attributes.get(attribute)
    if rule is None:
        yield f"<{name}> may not have the attribute {attribute}."
        return
    for fault in _value(rule, value, base_url):
        yield f"<{name}> {attribute} {fault}."


def _text(element: ElementTree.Element, verb: table.Verb, base_url: str) -> Iterator[str]:
    text = element.text or ""
    if verb.text is None:
        yield from _stray_text(element)
        return
    if len(element) and verb.children:
        yield from _stray_text(element)
        return
    if not text.strip():
        empty_is_self = element.tag == "Redirect" and not len(element)
        if verb.text_needed and not empty_is_self:
            yield f"<{element.tag}> has no text."
        return
    for fault in _value(verb.text, text, base_url):
        yield f"<{element.tag}> text {fault}."


def _stray_text(element: ElementTree.Element) -> list[str]:
    """Words between verbs are dropped by the carrier, so a caller would never hear them."""
    loose = [element.text, *(child.tail for child in element)]
    return [f"<{element.tag}> has loose text in it."] if any(t and t.strip() for t in loose) else []


def _value(rule: table.Rule, value: str, base_url: str) -> Iterator[str]:
    if isinstance(rule, table.Address):
        if value or not rule.or_empty:
            yield from _address(value, base_url)
    elif isinstance(rule, table.Prose):
        if len(value) > rule.longest:
            yield f"has {len(value)} characters; the most is {rule.longest}"
    else:
        fault = rule.fault(value)
        if fault:
            yield fault
        if isinstance(rule, table.Pattern) and rule.opaque and holds_a_number(value):
            yield "holds what looks like somebody's number"


def _address(value: str, base_url: str) -> Iterator[str]:
    if not _ADDRESS.fullmatch(value):
        yield "is not an absolute http address"
        return
    ours, parts = urlsplit(base_url), urlsplit(value)
    if "@" in parts.netloc:
        yield "carries a user name or password"
    elif (parts.scheme, parts.netloc) != (ours.scheme, ours.netloc):
        yield f"is not on {ours.scheme}://{ours.netloc}"
    if holds_a_number(parts.path) or holds_a_number(parts.query):
        yield "holds what looks like somebody's number"
    if parts.fragment:
        yield from _overrides(parts.fragment)


def _overrides(fragment: str) -> Iterator[str]:
    """Faults of a fragment, which may hold nothing but Twilio's connection overrides."""
    for name, value in parse_qsl(fragment, keep_blank_values=True):
        if name not in _OVERRIDES:
            yield f"has the unknown connection override {name}"
            continue
        allowed = _OVERRIDES[name]
        if isinstance(allowed, tuple):
            good = value.isdecimal() and allowed[0] <= int(value) <= allowed[1]
        elif isinstance(allowed, frozenset):
            good = set(value.split(",")) <= allowed
        else:
            good = bool(value)
        if not good:
            yield f"has a connection override out of range, {name}={value}"


def _gather(gather: ElementTree.Element, profile: Profile) -> Iterator[str]:
    if "speech" in gather.get("input", "").split(" "):
        if gather.get("profanityFilter") != "false":
            yield '<Gather> of speech needs profanityFilter="false": a caller\'s words are not starred out.'
        if gather.get("language") is None:
            yield "<Gather> of speech has no language."
        if gather.get("speechModel") and gather.get("speechTimeout") == "auto":
            yield "<Gather> with a speechModel needs a speechTimeout in seconds, not auto."
    else:
        for attribute in ("hints", "speechTimeout", "maxSpeechTime", "speechModel"):
            if gather.get(attribute) is not None:
                yield f"<Gather> has {attribute} but does not listen for speech."


def _dial(dial: ElementTree.Element, profile: Profile) -> Iterator[str]:
    nouns = [child.tag for child in dial]
    inline = bool((dial.text or "").strip()) and not nouns
    if not nouns and not inline:
        yield "<Dial> dials nobody."
    for alone in ("Conference", "Queue"):
        if alone in nouns and len(nouns) > 1:
            yield f"<Dial> has a <{alone}> and something else."
    if len(nouns) > 10:
        yield "<Dial> rings more than ten places at once."
    # Left out, the person rung would see the caller's own number.
    if (inline or {"Number", "Client"} & set(nouns)) and dial.get("callerId") is None:
        yield "<Dial> has no callerId."
    if inline:
        yield from _no_emergency(dial)


def _no_emergency(element: ElementTree.Element, profile: Profile = "voice") -> Iterator[str]:
    """The operator would be given the line's registered address, not where the caller is."""
    if (element.text or "").strip() in table.EMERGENCY:
        yield f"<{element.tag}> rings the emergency services for a caller."


def _events_have_somewhere_to_go(element: ElementTree.Element, profile: Profile) -> Iterator[str]:
    if element.get("statusCallbackEvent") is not None and element.get("statusCallback") is None:
        yield f"<{element.tag}> has statusCallbackEvent but no statusCallback."


def _number(number: ElementTree.Element, profile: Profile) -> Iterator[str]:
    yield from _events_have_somewhere_to_go(number, profile)
    yield from _no_emergency(number)


def _play(play: ElementTree.Element, profile: Profile) -> Iterator[str]:
    has_sound = bool((play.text or "").strip())
    if has_sound == (play.get("digits") is not None):
        yield "<Play> needs either an address or digits."
    if play.get("loop") == "0" and profile not in ("queue_wait", "conference_wait"):
        yield "<Play> repeats for ever outside a wait document."


def _pause(pause: ElementTree.Element, profile: Profile) -> Iterator[str]:
    length = pause.get("length", "1")
    if profile == "queue_wait" and length.isdecimal() and int(length) > table.LONGEST_SILENCE_IN_QUEUE_S:
        yield f"<Pause> leaves somebody waiting {length} seconds in silence."


def _message(message: ElementTree.Element, profile: Profile) -> Iterator[str]:
    words = bool((message.text or "").strip())
    bodies = sum(child.tag == "Body" for child in message)
    if words + bodies != 1:
        yield "<Message> needs its words exactly once."


_SPECIAL = {
    "Gather": _gather,
    "Dial": _dial,
    "Number": _number,
    "Client": _events_have_somewhere_to_go,
    "Conference": _events_have_somewhere_to_go,
    "Play": _play,
    "Pause": _pause,
    "Message": _message,
}


def _leaves(verb: ElementTree.Element) -> bool:
    """Whether the carrier never comes back to the verb after this one."""
    if verb.tag in ("Redirect", "Hangup", "Reject", "Leave"):
        return True
    return verb.tag in ("Enqueue", "Dial") and verb.get("action") is not None


def _speaks(verb: ElementTree.Element) -> bool:
    return any(inner.tag in ("Say", "Play") for inner in verb.iter())


def _order(verbs: list[ElementTree.Element], profile: Profile) -> Iterator[str]:
    """Faults of what follows what: unreachable verbs, dead ends, hang-ups without a word."""
    spoken = False
    for place, verb in enumerate(verbs):
        rest = verbs[place + 1 :]
        if _leaves(verb) and rest:
            yield f"<{rest[0].tag}> after <{verb.tag}> is never reached."
            return
        if verb.tag == "Hangup" and not spoken:
            yield "<Hangup> comes without a word before it."
        if verb.tag == "Reject" and place:
            yield "<Reject> must come first, before the call is answered."
        if verb.tag == "Dial" and verb.get("action") is None and not any(_speaks(after) for after in rest):
            yield "<Dial> has no action and no words after it, so the call ends when nobody answers."
        if verb.tag == "Gather" and profile != "queue_wait" and not rest and verb.get("actionOnEmptyResult") != "true":
            yield "<Gather> ends the call on silence: set actionOnEmptyResult or follow it with a verb."
        if verb.tag == "Redirect" and not (verb.text or "").strip() and profile != "conference_wait":
            yield "<Redirect> has no address."
        spoken = spoken or _speaks(verb)


def _ending(verbs: list[ElementTree.Element], profile: Profile, may_be_empty: bool) -> Iterator[str]:
    """Faults of how the document ends, and of one that does nothing."""
    if not verbs:
        if not may_be_empty and profile not in ("messaging", "queue_url"):
            yield "The document is empty, so the caller hears nothing and the call or the wait is lost."
        return
    last = verbs[-1]
    if profile == "conference_wait":
        endless = last.tag == "Play" and last.get("loop") == "0"
        if last.tag != "Redirect" and not endless:
            yield "A conference's wait document does not repeat by itself: end it with <Redirect>."
        elif not endless and len(verbs) == 1 and not (last.text or "").strip():
            yield "The wait document asks for itself again at once, for ever."
    goes_on = any(_leaves(verb) or verb.get("actionOnEmptyResult") == "true" for verb in verbs)
    if profile == "voice" and not goes_on and not any(_speaks(verb) for verb in verbs):
        yield "The document ends the call without a word."
