"""What the recogniser takes and gives: an agreed keyword, and what was made of somebody's words."""

from dataclasses import dataclass, field

from callflows.plain_words import plain_words

KEYPAD = str.maketrans("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999")
"""ITU-T E.161: the letters on a telephone's keys, 2 = abc to 9 = wxyz."""


_SHORT_FOR = {"st": "saint", "mt": "mount"}
"""How names of places are written, and how they are said."""


@dataclass(frozen=True)
class Word:
    """An agreed keyword as the line knows it. `sounds_like` holds the other forms its administrators own."""

    word: str
    locality: str
    sounds_like: tuple[str, ...] = ()
    retired: bool = False

    def forms(self) -> tuple[tuple[str, ...], ...]:
        """Every form of the keyword in plain words, the keyword itself first, none twice and none empty."""
        written = [form for text in (self.word, *self.sounds_like) if (form := tuple(plain_words(text)))]
        return tuple(
            dict.fromkeys([*written, *(tuple(_SHORT_FOR.get(part, part) for part in form) for form in written)])
        )


@dataclass(frozen=True)
class Match:
    """What was recognised.

    `sure`: act on it. `choices`, one or two: read them back and ask. Neither: no keyword was given, which is
    the answer whenever there is doubt between a keyword and ordinary speech. Never both.

    `tried`: none was recognised, but somebody tried to give one ("my word is pineapple"), and may be told that it
    is not known. It is a remark about a match and no part of what it equals.
    """

    sure: Word | None = None
    choices: tuple[Word, ...] = ()
    tried: bool = field(default=False, compare=False)


NOTHING = Match()
UNKNOWN = Match(tried=True)


def key_digits(form: tuple[str, ...]) -> str:
    """The keys pressed to spell a form, without gaps: ("red", "kite") is "7335483". Digits in it stay as
    they are."""
    return "".join(form).translate(KEYPAD)
