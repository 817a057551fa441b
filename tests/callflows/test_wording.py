"""Every sentence the line says by itself: short, true to its placeholders, and never about risk."""

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

from callflows.texter import OPT_OUT
from callflows.wording import BEGUN_BY_US, SENTENCES, words

ROOT = Path(__file__).resolve().parents[2]
TEXTS = [name for name in SENTENCES if name.startswith("text_")]


def asked_for() -> dict[str, list[set[str]]]:
    """Each sentence that the code names, with the placeholders it fills in at each place."""
    found = defaultdict(list)
    for path in [
        *(path for path in (ROOT / "callflows").glob("*.py") if path.name != "welsh.py"),
        *(ROOT / "telephony").glob("*.py"),
        *(ROOT / "triage").glob("*.py"),
    ]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                for argument in node.args:
                    if isinstance(argument, ast.Constant) and argument.value in SENTENCES:
                        filled = {keyword.arg for keyword in node.keywords if keyword.arg}
                        found[argument.value].append(filled)
            elif isinstance(node, ast.Constant) and node.value in SENTENCES:
                found[node.value] += []
    return found


def placeholders(sentence: str) -> set[str]:
    return set(re.findall(r"\{(\w*)\}", sentence))


@pytest.mark.parametrize("name", SENTENCES)
def test_every_sentence_is_said_somewhere_and_gets_what_it_has_room_for(name: str) -> None:
    used = asked_for()
    assert name in used, "nobody says it"
    for filled in used[name]:
        assert placeholders(SENTENCES[name]) - {"service"} <= filled


def test_a_name_that_is_not_ours_is_refused() -> None:
    with pytest.raises(KeyError):
        words({}, "lullaby")


def test_the_administrators_words_are_said_instead() -> None:
    assert words({"goodbye": "Bye  {service}"}, "goodbye", service="X") == "Bye X"
    assert words({"goodbye": ""}, "goodbye") == SENTENCES["goodbye"]
    assert words({}, "wait_ahead", ahead=3) == "3 people are before you."


def test_the_greeting_is_heard_in_thirteen_seconds() -> None:
    assert len(words({}, "greeting", service="Solent Crisis Line").split()) <= 35


@pytest.mark.parametrize("name", SENTENCES)
def test_no_sentence_is_long(name: str) -> None:
    assert len(SENTENCES[name].split()) <= 60
    assert all(len(sentence.split()) <= 25 for sentence in re.split(r"[.?!:]", SENTENCES[name]))


@pytest.mark.parametrize("name", SENTENCES)
def test_no_sentence_grades_a_person_or_hangs_on_a_machine(name: str) -> None:
    assert not re.search(
        r"\b(risk|score|priority|category|suicid\w*|your call is important|error|invalid)\b", SENTENCES[name], re.I
    )


@pytest.mark.parametrize("language", [None, "cy"])
@pytest.mark.parametrize("name", sorted(BEGUN_BY_US))
def test_a_text_that_begins_on_our_side_says_nothing_of_the_service_on_a_locked_screen(
    name: str, language: str | None
) -> None:
    shown = words({}, name, language, service="Solent Crisis Line", help="A").lower()[:40]
    assert not re.search(r"solent|crisis|mental|nurse|line\b|argyfwng|meddwl|nyrs|llinell", shown), shown


def test_every_text_is_either_an_answer_to_one_of_theirs_or_discreet() -> None:
    answers = {
        "text_first",
        "text_first_place",
        "text_who",
        "text_danger",
        "text_danger_with_nurse",
        "text_place",
        "text_which",
        "text_which_first",
        "text_or",
        "text_stays",
        "text_offer_local",
        "text_help",
        "text_language",
        "text_wait_no_nurse",
        "text_wait_next",
        "text_wait_one",
        "text_wait_ahead",
        "text_wait_lately",
        "text_wait_not_known",
        "text_call_back",
        "text_no_call_back",
        "text_back",
        "text_after_thanks",
    }
    put_before_the_nurse_who_texts_with_them = {"text_promise_soon", "text_promise_by", "text_ending"}
    assert set(TEXTS) == answers | put_before_the_nurse_who_texts_with_them | BEGUN_BY_US


@pytest.mark.parametrize("name", TEXTS)
def test_no_text_invites_the_word_that_would_cut_them_off(name: str) -> None:
    assert not set(re.findall(r"[a-z]+", SENTENCES[name].lower())) & set(OPT_OUT)
    assert len(SENTENCES[name]) <= 320
