"""Whether a text asks to be rung, by a list of plain phrases: "CALL", "pls ring me", "can you phone me back".

A clause must be such a phrase, or begin or end with one. What denies it ("please dont ring me"), speaks of somebody
else's call ("I need to call my mum") or names a time or a condition ("call me when he is out") does not count: it is
shown to a nurse as it stands, and she promises a call with the right time. A phrase that is missed costs a question;
one that is wrong may ring a telephone that somebody else answers. Standard library only.
"""

from itertools import product
from typing import Final

from callflows.plain_words import plain_clauses

RING: Final = ("call", "ring", "phone", "fone", "telephone")
WHO: Final = ("me", "me back", "me pls back", "us", "back")
ASKS: Final = (
    "can you", "can u", "could you", "could u", "will you", "will u", "would you", "would u", "can someone",
    "can somebody", "can anyone", "can anybody", "could someone", "could somebody", "can a nurse", "could a nurse",
    "can one of you", "i want you to", "i want u to", "i need you to", "i need u to", "i would like you to",
    "id like you to", "i want someone to", "i need someone to", "i want somebody to", "i need somebody to",
    "i would like someone to", "id like someone to", "i want a nurse to", "i need a nurse to", "you can", "u can",
    "need someone to", "want someone to", "need you to", "want you to", "i want to ask you to",
)  # fmt: skip
A_CALL: Final = ("a call", "a ring", "a phone call", "a bell", "a call back", "a callback", "a telephone call")
GETS: Final = (
    "give me", "can i have", "can i get", "could i have", "could i get", "may i have", "i want", "i need",
    "i would like", "id like", "please give me", "can you give me", "could you give me", "can u give me", "i ask for",
)  # fmt: skip
ALONE: Final = frozenset({
    "call", "ring", "phone", "call back", "callback", "ring back", "phone back", "phone call", "a call", "a phone call",
    "request a call", "request a call back", "request a callback", "i want to be called", "i want to be rung",
    "i would like to be called", "i would like to be rung", "can i be called", "can i be rung",
    "can we talk on the phone", "can we speak on the phone", "can i talk to someone on the phone",
    "can i speak to someone on the phone", "can i talk on the phone", "i want to talk on the phone",
    "i would rather talk on the phone", "id rather talk on the phone", "id rather talk",
})  # fmt: skip
ORDERS: Final = frozenset(" ".join(one) for one in product(RING, WHO) if one != ("ring", "us"))
QUESTIONS: Final = frozenset(
    {" ".join(one) for one in product(ASKS, RING, WHO)} | {" ".join(one) for one in product(GETS, A_CALL)}
)
BEGINS: Final = ORDERS | QUESTIONS
POLITE: Final = frozenset({
    "please", "pls", "plz", "plse", "hi", "hello", "hey", "hiya", "thanks", "thank", "ta", "thx", "ok", "okay", "asap",
    "now", "soon", "urgently", "just", "so", "xx", "x", "then", "yes", "yeah", "yep", "sorry",
})  # fmt: skip
FOLLOWS: Final = frozenset({  # "ring me i dont know what to do"
    "i", "im", "ive", "its", "it", "my", "because", "cos", "coz", "cause", "on", "as",
})  # fmt: skip
CONDITIONS: Final = frozenset({
    "not", "at", "after", "before", "later", "tomorrow", "tonight", "unless", "until", "till", "when", "if", "once",
    "between", "names", "name", "stupid",
})  # fmt: skip
WHEN_YOU_CAN: Final = (
    "when you can", "when u can", "as soon as you can", "as soon as u can", "as soon as possible", "if you can",
    "if u can", "if possible", "when you are free", "when your free", "when youre free", "on this number",
    "when someone is free", "whenever you can",
)  # fmt: skip
DENIES: Final = (
    "dont", "do not", "never", "not to", "no need to", "stop", "didnt", "did not", "cant", "cannot", "wont",
)  # fmt: skip


def asks(text: str) -> bool:
    """Whether somebody asks in these words to be rung. Total: never raises."""
    clauses = [" ".join(_plain(clause)) for clause in plain_clauses(text)]
    if any(_denied(clause) for clause in clauses):
        return False
    return any(_asks(clause) for clause in clauses if clause)


def _plain(clause: list[str]) -> list[str]:
    return [word for word in clause if word not in POLITE]


def _asks(clause: str) -> bool:
    for ending in WHEN_YOU_CAN:
        clause = clause.removesuffix(f" {ending}")
    if clause in ALONE or clause in ORDERS or clause in QUESTIONS:
        return True
    words = clause.split()
    for length in range(2, min(len(words), 10)):
        begins, rest = " ".join(words[:length]), words[length:]
        if begins in BEGINS and rest[0] in FOLLOWS and not CONDITIONS & set(rest):
            return True
        if " ".join(words[-length:]) in QUESTIONS and not CONDITIONS & set(words[:-length]):
            return True
    return False


def _denied(clause: str) -> bool:
    """A denial, and a call after it: "please dont ring me", "do not want you to call"."""
    for denial in DENIES:
        before, found, after = f" {clause} ".partition(f" {denial} ")
        if not found:
            continue
        if denial in ("cant", "cannot", "wont") and "you" not in before.split() and "u" not in before.split():
            continue  # "i cant call you": they say that they cannot, not that we must not
        if not after.strip() or _speaks_of_a_call(after):
            return True
    return False


def _speaks_of_a_call(words: str) -> bool:
    said = words.split()[:6]
    return any(one in (*RING, "rang", "calling", "ringing", "phoning", "calls") for one in said)
