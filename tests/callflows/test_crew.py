"""What crews and the line say to each other."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callflows import crew
from callflows.crew import Job, Reply
from callflows.texter import OPT_IN, OPT_OUT
from triage.lifecycles import CREW_ACTIONS, DISPATCH

JOB = Job(
    "42", "IW01", "1 Sea Street", "PO30 1AA", "unsafe", "Alone. ", "+447700900123", datetime(2026, 7, 1, 13, tzinfo=UTC)
)


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("1", Reply(None, "acknowledge")),
        (" 1. ", Reply(None, "acknowledge")),
        ("42 1", Reply("42", "acknowledge")),
        ("421", Reply("42", "acknowledge")),
        ("42-2", Reply("42", "decline")),
        ("42: 9!", Reply("42", "emergency")),
        ("42#8", Reply("42", "clear")),
        ("0", None), ("10", None), ("42", None), ("42 0", None), ("1 2", None), ("142 1", None),
        ("4 21", Reply("21", "on_scene")), ("1-34", Reply("34", "acknowledge")), ("34/1", Reply("34", "acknowledge")),
        ("ok 34", Reply("34", "acknowledge")), ("34 OK!", Reply("34", "acknowledge")), ("Yes 34", Reply("34", "acknowledge")),
        ("34 can\u2019t", Reply("34", "decline")), ("no 34", Reply("34", "decline")),
        ("34 on our way", Reply("34", "en_route")), ("moving 34.", Reply("34", "en_route")),
        ("34 there", Reply("34", "on_scene")), ("34 with the person", Reply("34", "with_person")),
        ("help 34", Reply("34", "emergency")), ("34 done", Reply("34", "clear")),
        ("34 lunch", None), ("ok", None), ("ok 3", None), ("ok 345", None), ("34 35 1", None), ("stop 34", None),
        ("yes", None), ("on our way", None), ("", None), ("STOP", None), ("+447700900123", None),
    ],
)  # fmt: skip
def test_a_reply_is_a_digit_with_or_without_its_job(text: str, reply: Reply | None) -> None:
    assert crew.read(text) == reply


@given(st.text())
def test_anything_else_is_read_as_no_reply_and_never_fails(text: str) -> None:
    reply = crew.read(text)
    assert reply is None or reply.action in CREW_ACTIONS


@pytest.mark.parametrize("digit", crew.DIGITS)
@pytest.mark.parametrize("tag", ["10", "42", "99"])
def test_every_digit_is_read_with_every_kind_of_tag(digit: str, tag: str) -> None:
    assert crew.read(f"{tag} {digit}") == crew.read(f"{tag}{digit}") == Reply(tag, crew.DIGITS[digit])


def test_the_offer_says_where_roughly_how_safe_and_by_when_and_keeps_the_address_back() -> None:
    said = crew.offer(JOB)
    assert said == (
        "IW01: job 42 near PO30. SCENE NOT SAFE, wait nearby. Needed by 14:00. Reply 42 1 to accept, 42 2 if you cannot."
    )
    for kept in ("Sea Street", "1AA", "Alone", "900123"):
        assert kept not in said


def test_the_crew_that_accepts_is_told_everything_in_clock_time_of_the_place() -> None:
    said = crew.accepted(JOB)
    for words in (
        "IW01 has job 42",
        "1 Sea Street PO30 1AA",
        "SCENE NOT SAFE",
        "14:00",
        "Alone",
        "Call back +447700900123",
    ):
        assert words in said
    assert ".." not in said


def test_what_is_not_known_is_left_out() -> None:
    bare = Job("42", "IW01", "Bus stop, Sea Street", None, "unknown", None, None, None)
    assert crew.offer(bare) == "IW01: job 42. Scene safety not known. Reply 42 1 to accept, 42 2 if you cannot."
    assert "None" not in crew.accepted(bare)


@pytest.mark.parametrize(
    "state", sorted({DISPATCH[state, action] for state, action in DISPATCH if action in CREW_ACTIONS})
)
def test_every_state_a_crew_brings_about_is_confirmed_in_words(state: str) -> None:
    assert crew.confirmed("42", state).startswith("Job 42: ")


@pytest.mark.parametrize("state", crew.NEXT)
def test_the_next_step_a_crew_is_told_is_one_it_may_take(state: str) -> None:
    digit = crew.NEXT[state][0]
    assert (state, crew.DIGITS[digit]) in DISPATCH


SAID = [
    crew.offer(JOB), crew.accepted(JOB), crew.gone("42"), crew.stood_down("42"), crew.not_yours(None, None),
    crew.not_yours("42", None), crew.not_yours("42", "clear"), crew.HOW_TO_REPLY,
    *(crew.confirmed("42", state) for state in crew.HAS),
]  # fmt: skip


@pytest.mark.parametrize("text", SAID)
def test_no_crew_is_ever_given_a_word_that_would_cut_it_off(text: str) -> None:
    assert not set(re.findall(r"[a-z]+", text.lower())) & {*OPT_OUT, *OPT_IN}
    assert len(text) <= 320, "two parts of a text at most"


def test_a_digit_is_never_an_opt_out_word() -> None:
    assert not set(crew.DIGITS) & {*OPT_OUT, *OPT_IN}
