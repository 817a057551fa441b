"""What the line answers to a text by itself."""

import re

import pytest

from callflows import texter
from callflows.caller import Heard, Word
from callflows.conversation import Do, PlaceBy
from callflows.reserved import OPT_OUT
from callflows.texter import Asked, TextLine, Wait
from callflows.wording import SENTENCES, WRITTEN, words
from triage.before_sending import parts

LINE = TextLine("Test Crisis Line")
HARBOUR, MARIGOLD = Word("harbour", "The Island"), Word("marigold", "The City")
LONG_NAME = "Cornwall Partnership Mental Health Response Line"
LONG_PLACE = Word("bramblehillgate", "Bournemouth, Christchurch and Poole")
LONG_WORD = Word("marigoldfielder", "Bournemouth, Christchurch and Poole")
FILLED = {
    "service": LONG_NAME, "locality": LONG_PLACE.locality, "words": "BRAMBLEHILLGATE or MARIGOLDFIELDER", "ahead": 120,
    "minutes": 120, "help": "", "time": "23:59",
    "next": "The crisis team rings you tomorrow between nine and ten.",
}  # fmt: skip
LANGUAGES = (None, *WRITTEN)


@pytest.mark.parametrize(
    "heard",
    [Heard(), Heard(danger=True), Heard(sure=HARBOUR), Heard(choices=(HARBOUR, MARIGOLD))],
)
def test_the_first_answer_says_who_this_is_what_to_do_in_danger_and_that_a_nurse_will_answer(heard: Heard) -> None:
    reply = texter.reply(LINE, heard, first=True)
    assert reply.text is not None
    for said in ("Test Crisis Line", "ring 999", "answer you here"):
        assert said in reply.text
    assert reply.turn.effects[-1] is Do.JOIN_QUEUE


@pytest.mark.parametrize(
    "heard", [Heard(), Heard(sure=HARBOUR), Heard(choices=(HARBOUR, MARIGOLD)), Heard(danger=True)]
)
def test_the_first_answer_says_that_texts_stay_on_the_phone_and_how_to_clear_them(heard: Heard) -> None:
    reply = texter.reply(LINE, heard, first=True)
    assert "stay on this phone until you delete this conversation" in (reply.text or "")


@pytest.mark.parametrize(
    ("wait", "said"),
    [
        (Wait(nurses=0), "No nurse is free yet."),
        (Wait(nurses=0, ahead=3, minutes=5), "No nurse is free yet."),
        (Wait(2, 0, 12), "You are next. Lately people waited about 12 minutes."),
        (Wait(2, 1, 12), "One person is before you. Lately people waited about 12 minutes."),
        (Wait(2, 7, None), "7 people are before you. We cannot say how long it will be."),
    ],
)
def test_roughly_how_long_is_what_is_known_and_no_promise(wait: Wait, said: str) -> None:
    reply = texter.with_wait(LINE, texter.reply(LINE, Heard(), first=True), wait)
    assert (reply.text or "").endswith(f"delete this conversation. {said}")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", [name for name in SENTENCES if name.startswith("text_")])
def test_every_text_is_at_most_two_ordinary_ones_in_every_language(name: str, language: str | None) -> None:
    text = words({}, name, language, **FILLED)
    assert "{" not in text
    assert parts(text) <= 2
    assert not {*re.findall(r"[a-z]+", text.lower())} & {*OPT_OUT}, "a word that would cut them off"
    assert set(re.findall(r"\{\w+\}", WRITTEN["cy"][name])) == set(re.findall(r"\{\w+\}", SENTENCES[name]))
    assert parts(text + "x" * (160 - len(text))) == (1 if len(text) <= 160 else 2), "a letter outside ordinary texts"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("wait", [Wait(0), Wait(9, 120, 120), Wait(9, 120, None)])
@pytest.mark.parametrize("near", [False, True])
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(
    "heard",
    [
        Heard(),
        Heard(danger=True),
        Heard(sure=LONG_PLACE),
        Heard(choices=(LONG_PLACE,)),
        Heard(choices=(LONG_PLACE, LONG_WORD)),
    ],
)
def test_every_answer_is_at_most_two_texts_with_the_longest_names(
    heard: Heard, first: bool, near: bool, wait: Wait, language: str | None
) -> None:
    line = TextLine(LONG_NAME, {}, language)
    reply = texter.reply(line, heard, first=first, help_near=near)
    if reply.roughly:
        reply = texter.with_wait(line, reply, wait)
    names = [sentence.name for sentence in reply.sentences]
    assert parts(reply.text or "") <= 2
    assert ("text_offer_local" in names) == (near and bool(heard.sure or (first and heard == Heard())))
    if first and not heard.choices and not heard.danger and wait.nurses == 0:
        assert "text_wait_no_nurse" in names, "that nobody is there is never left out"


def test_what_must_be_said_is_said_however_long_the_service_words_it() -> None:
    long = TextLine("X", {"text_first": "Ring 999. " * 40, "text_which_first": "Did you mean {words}?"})
    reply = texter.with_wait(long, texter.reply(long, Heard(choices=(HARBOUR,)), first=True), Wait(2, 3, 4))
    assert [sentence.name for sentence in reply.sentences] == ["text_first", "text_stays", "text_which_first"]


@pytest.mark.parametrize(
    ("heard", "text", "effects"),
    [
        (Heard(), None, (Do.JOIN_QUEUE,)),
        (Heard(sure=HARBOUR), "A nurse for The Island", (PlaceBy("harbour"), Do.JOIN_QUEUE)),
        (Heard(choices=(HARBOUR, MARIGOLD)), "Did you mean HARBOUR or MARIGOLD?", (Do.JOIN_QUEUE,)),
        (Heard(danger=True), "ring 999", (Do.DANGER, Do.JOIN_QUEUE)),
        (Heard(danger=True, sure=HARBOUR), "ring 999", (Do.DANGER, PlaceBy("harbour"), Do.JOIN_QUEUE)),
    ],
)
def test_later_the_line_speaks_only_of_danger_and_keywords(heard: Heard, text: str | None, effects: object) -> None:
    reply = texter.reply(LINE, heard, first=False)
    assert reply.turn.effects == effects
    assert (reply.text is None) == (text is None)
    assert (text or "") in (reply.text or "")


@pytest.mark.parametrize(
    ("asked", "first", "text", "effects"),
    [
        (Asked.HELP, False, "Test Crisis Line. If there is danger now, ring 999. A nurse reads this", (Do.JOIN_QUEUE,)),
        (Asked.HELP, True, "Test Crisis Line. If there is danger now, ring 999. A nurse will read", (Do.JOIN_QUEUE,)),
        (Asked.LANGUAGE, False, "in English from now on", (Do.JOIN_QUEUE,)),
        (Asked.LOCAL, False, None, (Do.TEXT_LOCAL_HELP, Do.JOIN_QUEUE)),
        (Asked.LOCAL, True, "Test Crisis Line", (Do.TEXT_LOCAL_HELP, Do.JOIN_QUEUE)),
    ],
)
def test_what_was_asked_of_the_line_is_answered_and_they_wait_like_everybody(
    asked: Asked, first: bool, text: str | None, effects: object
) -> None:
    reply = texter.reply(LINE, Heard(), first=first, asked=asked)
    assert reply.turn.effects == effects
    assert (reply.text is None) == (text is None)
    assert (text or "") in (reply.text or "")


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("HELP", Asked.HELP), (" info. ", Asked.HELP), ("Local!", Asked.LOCAL), ("LLEOL", Asked.LOCAL),
        ("Cymraeg", Asked.LANGUAGE), ("help me", None), ("is there local help", None), ("", None), ("hello", None),
    ],
)  # fmt: skip
def test_the_line_is_asked_by_a_word_alone(text: str, asked: Asked | None) -> None:
    assert texter.asks(text) is asked


@pytest.mark.parametrize(
    ("heard", "text"),
    [
        (Heard(), None),
        (Heard(sure=HARBOUR), None),
        (Heard(choices=(HARBOUR, MARIGOLD)), None),
        (Heard(danger=True), "The nurse you are texting sees this."),
    ],
)
@pytest.mark.parametrize("asked", [None, *Asked])
def test_once_a_nurse_has_them_the_line_keeps_out_of_it(heard: Heard, text: str | None, asked: Asked | None) -> None:
    reply = texter.reply(LINE, heard, first=False, with_nurse=True, asked=asked)
    assert (reply.text is None) == (text is None)
    assert (text or "") in (reply.text or "")
    assert Do.TEXT_LOCAL_HELP not in reply.turn.effects


def test_welsh_is_answered_in_welsh_and_the_services_own_welsh_goes_before_ours() -> None:
    line = TextLine("Llinell Brawf", {"cy.text_who": "Ni yw {service}.", "text_danger": "English words"}, "cy")
    reply = texter.reply(line, Heard(danger=True), first=True)
    assert (reply.text or "").startswith("Ni yw Llinell Brawf. Os oes perygl nawr, ffoniwch 999")
    assert "Dyma Llinell Brawf." in (texter.reply(line, Heard(), first=True).text or "")
    assert "HARBOUR neu MARIGOLD" in (texter.reply(line, Heard(choices=(HARBOUR, MARIGOLD)), first=False).text or "")


@pytest.mark.parametrize(
    ("before", "text", "met"),
    [
        (["ive taken"], "40 tablets", "ive taken 40 tablets"),
        (["im on the"], "bridge", "im on the bridge"),
        ([], "40 tablets", None),
        (["hello"], "i feel low", None),
        (["ive taken 30 tablets"], "are you there", None),
        (["ive taken 30 tablets"], "im on the bridge", "im on the bridge"),
        (["x " * 1500, "ive taken"], "40 tablets", "ive taken 40 tablets"),
    ],
)
def test_texts_sent_in_one_breath_are_read_together_for_danger(before: list[str], text: str, met: str | None) -> None:
    assert texter.danger_met(text, before) == met


@pytest.mark.parametrize(
    ("text", "out", "back"),
    [
        ("STOP", True, False),
        (" stop. ", True, False),
        ("Stop!", True, False),
        ("unsubscribe", True, False),
        ("please stop him", False, False),
        ("it won't end", False, False),
        ("START", False, True),
        ("", False, False),
    ],
)
def test_opting_out_is_the_word_alone(text: str, out: bool, back: bool) -> None:
    assert (texter.opted_out(text), texter.opted_in(text)) == (out, back)
