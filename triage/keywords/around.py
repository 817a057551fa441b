"""What people say around a keyword, as plain data, and whether that is all they say.

The data was written from how people answer "what is your keyword?" by telephone and text. Never in it: a place
("at the", "near"), a name ("this is", "I'm") and anything that happens ("left me").
"""

from collections.abc import Sequence
from itertools import product

from . import everyday as say
from .phrases import Phrases


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _phrases(text: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(phrase.split()) for phrase in text.split(","))


def _each(*slots: str) -> tuple[tuple[str, ...], ...]:
    """Every phrase with one word or phrase of each slot, as in "they|she" "told me|said"."""
    return tuple(tuple(" ".join(chosen).split()) for chosen in product(*(slot.split("|") for slot in slots)))


_TO_SAY = _each(
    "need|want|wanted|like|have|ive got|supposed|meant|trying|going|told|asked",
    "to",
    "say|use|give|tell you|give you|ask for|text|send|type|enter|key in|put",
)
_SAID_BY = (
    *_each(
        "he|she|they|someone|somebody|you|nurse|doctor|worker|coordinator|team", "said|says|told me|gave me|call it"
    ),
    *_each("he|she|they|you", "said to|said i should|told me to", "say|text|use|give you"),
)
_UNSURE = _phrases(
    "im not sure, not sure, im not certain, not certain, i dont know, dont know, i cant remember, cant remember, i"
    " forget, if im not mistaken, unless im wrong, dont quote me, isnt it, wasnt it, hi there, hello there, hey"
    " there, hiya there, thank you very much, thanks very much, can you hear me, do you hear me, did you get that,"
    " let me think, let me see, hang on, hold on, one second, one moment, just a second, got it here, if that helps"
)
"""What people say when they hesitate or are polite. It takes words ("not", "there") that else say something."""

LEAD_INS = (
    *_TO_SAY,
    *_SAID_BY,
    *_UNSURE,
    *_phrases(
        "its, it is, it was, it s, thats, that is, that s, that was, is it, was it, is that, it might be, it may be,"
        " it could be, could it be, it would be, that would be, that should be, itd be, it will be, itll be, thatll"
        " be, it must be, must be, it should be, should be, might be, would be, its called, i think, i believe, i"
        " guess, i reckon, i suppose, im sure, im pretty sure, i say, i said, im saying, ill say, saying, say, said,"
        " i mean, i meant, as in, like i said, i was told, ive been told, i got told, told me, to say, to use, to"
        " give, to tell you, to give you, to ask for, to text, to type, to ring and say, to send, can i have, could i"
        " have, may i have, can i say, shall i say, do i say, let me say, could you put me through to, can you put me"
        " through to, put me through to, ask for, asking for, im asking for, ive got, i have, ive been given, i was"
        " given, mine is, mines, ours is, my one is, using, use, text, txt, just, only, here is, heres, answer is,"
        " the answer is, the answers, it starts with, again, repeat, i dont know if, i dont know if its, i dont know"
        " if this is right but, i dont know if thats right but, not sure if this is right but, not sure if its, this"
        " might be wrong but, i cant remember if its, i cant remember if it was, i cant remember if it is, i forget"
        " if its, it says, it says here, as far as i know, if i remember, if i remember rightly, if i remember right,"
        " hopefully, wait"
    ),
)
"""What people say before a keyword, so that what follows may be a slip of one."""

TAILS = (
    *_UNSURE,
    *_phrases(
        "is it, is that it, is that right, i think, i believe, i reckon, i guess, i said, that is, thats it, is the"
        " word, is the keyword, is my word, is my keyword, is the one, is the code, is what they said, is my code, is"
        " the code word, is the password, is what i was told, is what ive got, was the word, was the keyword, thats"
        " my word, thats my keyword, thats the word, the word is, the keyword is, keyword, key word, is what i was"
        " given, was what they said, it is, it was, it says, on the card, on the leaflet, on the poster, it says"
        " here, on my card, if thats right, for me, im sure, again, is my one, one of them, one of those, one or the"
        " other, line, written here, written down, it says on my card, here on my card, to this number, on this"
        " number, if i remember right, or something, or something like that, as in the, as in a"
    ),
)
"""What people say after one."""

MARKERS = (
    *_phrases(
        "keyword is, key word is, keywords, key words, keyword was, key word was, keyword would be, keyword should"
        " be, keyword, key word, code word is, codeword is, code word, codeword, password is, pass word is,"
        " passwords, password, code is, codes, my code, the word is, the words, my word is, my words, word is, the"
        " word was, word was, the word, our word is, our words, local word is, area word is, magic word is, safe word"
        " is, word i was told was, area is, my area"
    ),
    *_each("told|told me|said|asked|asked me", "to", "say|text|ask for|use|give"),
)
"""What plainly announces a keyword, however long the rest is."""

ONLY_ASKED = Phrases(
    _phrases(
        "id like, i would like, can i get, for, area, my area is, im calling about, im ringing about, calling about,"
        " ringing about, calling for, ringing for, join, start, four leaf"
    )
)
"""Before a keyword that stands alone, these leave it open what is meant: it is asked about."""

ASKED_AFTER = Phrases(_phrases("here, over, tree, leaf, bird, flower, plant, animal, fruit, spice, colour"))
"""The same after one, and what tells it from another word of its sound: "willow tree"."""

RESTARTS = Phrases(
    (
        *_phrases("i, im, ive, id, ill, please, hello, hi, hey, and i need, and i want, and i am, and im, and id like"),
        *_each("can|could|and can|and could|and please|please can", "i|you|we|somebody|someone|a|the"),
    )
)
"""After a keyword said first, the start of what the person rang about."""

BETWEEN_TWO = _words(
    "or no not and sorry wait mean i meant either maybe um er the its it is actually rather was think sure im a"
    " perhaps possibly could be"
)
"""What is said between two keywords by somebody who is unsure which is theirs."""

KIN = _words(
    "husband wife partner boyfriend girlfriend fiance ex mum mam mother dad father son daughter brother sister child"
    " baby boy girl lad friend mate aunt uncle nan gran cousin neighbour nurse carer dog cat"
)
OF_SOMEBODY = _words("my he hes she shes his her they theyre")
"""A sentence after a keyword that begins with one of these may be about somebody of that name."""

IS = _words("is was its says said say be")
ANNOUNCED = _words("word keyword words keywords password codeword card leaflet poster code")
"""A keyword after one of these and "is" was plainly given: "the word on the leaflet is ..."."""

FRAME_LONGEST = 10
"""Words. Somebody who gives a keyword and says no more seldom needs more of them."""

_FRAME = (
    (say.POLITE - {"there", "miss"})
    | say.ARTICLES
    | _words(
        "it its that thats thatll itll itd is was be been will would should could might may must can shall do did"
        " have ive id ill i im you we one mine ours our my me us your what as far if but so only just simply say said"
        " says saying tell telling told give given call called use using text texting txt type send sent put enter"
        " ask asked got get getting write written read reads think thought believe guess reckon know remember recall"
        " suppose hope hopefully hoping sure certain positive pretty quite fairly definitely probably possibly"
        " presumably apparently rightly correctly mean meant word words keyword keywords key code codeword password"
        " passcode answer answers area local magic secret calling ringing phoning with to for spelled spelt"
    )
)
"""Words of which any number may stand around a keyword: who says it, that they say it, and how sure they are."""

_NOT_BEFORE = _words(
    "as if what no not never isnt wasnt arent aint dont without im am youre my our your i you to of for with about"
    " and or than know knew remember recall tell ask call give hear do did can will would could should may might"
    " shall must"
)
"""Directly before a keyword these make a name, a thing or a denial of it: "not harbour", "I'm Robin", "my compass"."""

_NOT_AFTER = _words(
    "said says told gave asked has had would knows did does my there he she they can could may might must should hit"
    " left went came isnt wasnt will can"
)
"""Directly after one these make a person of it: "Robin told me", "Robin, my husband"."""

_PASSIVE = _words("is its was been got be get")
_NEEDS = {"me": _words("told gave given give asked")} | dict.fromkeys(_words("told called asked given"), _PASSIVE)
_NEEDS["love"] = say.POLITE
"""These only after one of those: "it's called harbour", not "I called Robin"; "told me harbour", not "it's me, Robin";
"hello love harbour", not "I love Robin"."""

_ASKS_AFTER = _words("is was are does did has where wheres who whos")
_IS_IT = {"is", "was"}
_IT = ANNOUNCED | {"it", "one", "what"}
"""After one it may only be said that this is it: "harbour is the word", not "Robin was right"."""

OWNING = _words("have ive got get use using")
"""Before an article these make a thing of what follows: "I have a compass", but "I have harbour"."""


def frames(word: str) -> bool:
    """Whether it is said around a keyword."""
    return word in _FRAME or word == _ASIDE


def only_frames(before: Sequence[str], after: Sequence[str], between: Sequence[str] = ()) -> bool:
    """Whether what stands around a keyword only frames it, so that it was given and not talked about."""
    before, after, between = _without_asides(before), _without_asides(after), _without_asides(between)
    around = [*before, *between, *after]
    return len(around) < FRAME_LONGEST and all(map(frames, around)) and not talked_about(before, after)


def talked_about(before: Sequence[str], after: Sequence[str]) -> bool:
    """Whether what stands directly before or after makes a name, a thing or a denial of the word between."""
    last = next((word for word in reversed(before) if word not in say.ARTICLES), "")
    if last in _NOT_BEFORE or (last in OWNING and before[-1] in say.ARTICLES):
        return True
    if after and (after[0] in _NOT_AFTER or (after[0] in _IS_IT and _IT.isdisjoint(after))):
        return True
    if last in _NEEDS:
        return not (len(before) > 1 and before[-2] in _NEEDS[last])
    return last in _ASKS_AFTER and all(word in say.POLITE for word in before[:-1])


def _without_asides(words: Sequence[str]) -> list[str]:
    left: list[str] = []
    at = 0
    while at < len(words):
        if size := _ASIDES.at(words, at):
            left.append(_ASIDE)
            at += size
        elif say.hesitation(words[at]):
            at += 1
        else:
            left.append(words[at])
            at += 1
    return left


_ASIDE = "..."
_ASIDES = Phrases((*_UNSURE, *_TO_SAY, *_SAID_BY, *_phrases("on my card, on the card, on the leaflet, on the poster")))
