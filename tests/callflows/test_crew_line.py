"""What a crew hears: words made for texts, said so that an ear can follow them."""

import pytest

from callflows import crew_line
from callflows.conversation import Ask, Reach


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("IW01: job 42 near PO30. Needed by 23:15.", "I W 0 1: job 4 2 near P O 3 0. Needed by 23:15."),
        ("12 Invented Quay PO30 9ZZ.", "12 Invented Quay P O 3 0, 9 Z Z."),
        ("Job 42: accepted. Text 3 when moving.", "Job 4 2: accepted. Press 3 when moving."),
        ("You are free. Reply 42 8 to confirm.", "You are free. Press 8 to confirm."),
        ("Call back Mum through the crew line, key *.", "Call back Mum through the crew line, key star."),
        ("HELP NOTED. Ring 999 if you are in danger.", "HELP NOTED. Ring 999 if you are in danger."),
    ],
)
def test_a_text_as_it_is_said(written: str, said: str) -> None:
    assert crew_line.aloud(written) == said


def test_the_person_hears_nothing_of_the_service_before_a_key_and_nobody_is_dialled_without_words() -> None:
    [_, asked, *_] = crew_line.person_check({}).steps
    assert isinstance(asked, Ask)
    assert "{service}" not in asked.text
    assert "response car" not in asked.text
    _, dials = crew_line.ringing({}).steps
    assert isinstance(dials, Reach)


def test_one_key_answers_a_call_that_we_placed() -> None:
    question = crew_line.told("Job 42: moving.", {}).steps[0]
    assert isinstance(question, Ask)
    assert question.most_keys == 1
    assert "Job 4 2: moving. Press 3 moving" in question.text
