"""What is an answer to the one question after a contact. All doubt is a person who needs somebody."""

import pytest

from callflows.after import Answer, plain_answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("1", Answer(1, None)),
        (" 5 ", Answer(5, None)),
        ("4.", Answer(4, None)),
        ("3!", Answer(3, None)),
        ("5 thank you", Answer(5, "thank you")),
        ("4. The nurse was kind", Answer(4, "The nurse was kind")),
        ("2, waiting was long", Answer(2, "waiting was long")),
        ("5\nDiolch", Answer(5, "Diolch")),
        ("The nurse listened well, thank you!", Answer(None, "The nurse listened well, thank you!")),
        ("it was helpful", Answer(None, "it was helpful")),
    ],
)
def test_the_number_and_a_few_words_about_the_line_are_an_answer(text: str, answer: Answer) -> None:
    assert plain_answer(text) == answer


@pytest.mark.parametrize(
    "text",
    [
        "", "0", "6", "12", "45", "1 2", "1-2", "4/5", "five",
        "5 paracetamol", "3 days without sleep", "1 pill left", "2 of us here", "5. I am on the bridge",
        "I need help", "help", "can a nurse ring", "please", "call me", "is the nurse there?", "nurse?",
        "it did not help", "I felt better then, not now", "thank you for everything", "thanks, goodbye", "bye",
        "ayuda", "angen nyrs", "HARBOUR", "stop", "👍", "5️⃣", "my son has gone out and the nurse said to text",
        "The nurse was kind. It was helpful. Waiting was long.", "thank you " * 20,
        "4. I've taken an overdose", "thank you nurse, the rope is ready",
    ],
)  # fmt: skip
def test_whatever_could_be_anything_else_is_for_a_nurse(text: str) -> None:
    assert plain_answer(text) is None
