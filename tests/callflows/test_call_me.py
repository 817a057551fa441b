"""Which texts ask to be rung: few plain phrases, and nothing that denies them or names another time."""

import pytest

from callflows import call_me


@pytest.mark.parametrize(
    "text",
    [
        "CALL", "call", "Ring me", "ring me please", "pls phone me", "can you call me", "Can you call me?",
        "could u ring me pls", "hi can you ring me please", "please call me back", "call me asap",
        "call me as soon as you can", "ring me when you can", "can someone phone me", "I need you to call me",
        "ring me i dont know what to do", "I can't do this any more. Can you call me?", "give me a call",
        "can i have a call back", "i want a phone call", "Hello, please ring me on this number", "PHONE CALL please",
        "i cant do this can you ring me", "rіng me", "I cant call you, can you ring me", "can we talk on the phone?",
    ],
)  # fmt: skip
def test_asks_to_be_rung(text: str) -> None:
    assert call_me.asks(text)


@pytest.mark.parametrize(
    "text",
    [
        "don't ring me", "please dont call", "Please don’t, call me", "do not call me", "pls never phone me",
        "dont want you to call", "no calls please dont ring", "you cant ring me", "stop calling me",
        "I need to call my mum", "he keeps trying to call me", "they call me names", "call me stupid",
        "she said she would ring me", "my mum wants to ring me", "should I call 999", "call me when he is out",
        "ring me at 6", "phone me tomorrow", "call me later", "ring me after work", "can you call me tonight",
        "call the police", "nobody rings me", "I called you", "my phone is dying", "ring my mum", "",
        "phone me not my husband", "call an ambulance",
    ],
)  # fmt: skip
def test_does_not(text: str) -> None:
    assert not call_me.asks(text)


@pytest.mark.parametrize("text", ["\0", "🙂" * 700, "call " * 400, "." * 1600, "dont " * 300 + "call me"])
def test_is_total(text: str) -> None:
    assert call_me.asks(text) in (True, False)
