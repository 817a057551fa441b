"""Which agreed keyword, if any, is in what somebody said, texted or keyed.

The rule that comes first: ordinary speech, above all about distress, is never taken for a keyword. So a
keyword counts only where it is plainly given:

* it is all that is said, or all but a frame around it ("I was told to say ...", "that would be ..., I think");
* or it is announced ("my keyword is ...", "the word was ..."), however long the rest is;
* or it stands alone as the first sentence of a message ("Harbour. I need to talk to somebody").

Denied ("it's not harbour"), somebody's name ("I'm Robin") or somebody's own ("I have no compass"), it is none.
A keyword that opens ("harbour I can't cope") or closes an utterance without such a mark is asked about.
Anywhere else in a longer utterance it is a harbour, not *harbour*, and nothing is recognised: the person
goes on to a nurse.

Spelling and sound are only forgiven where the keyword is plainly given: see `forgiving`.
"""

from collections.abc import Iterable, Iterator, Sequence

from callflows.plain_words import plain_clauses, plain_words

from . import everyday as say
from .answers import yes_or_no
from .around import (
    ANNOUNCED,
    ASKED_AFTER,
    BETWEEN_TWO,
    FRAME_LONGEST,
    IS,
    KIN,
    LEAD_INS,
    MARKERS,
    OF_SOMEBODY,
    ONLY_ASKED,
    OWNING,
    RESTARTS,
    TAILS,
    frames,
    only_frames,
    talked_about,
)
from .common_words import known
from .forgiving import ask, forgive, match
from .forms import KEYS_FOR_A_SLIP, Forms, Found
from .phrases import Phrases
from .trimming import before_likening, once_only, said_once, unspelled, without_manners
from .words import NOTHING, UNKNOWN, Match, Word

SHORT = 4
"""Words. What is left of an utterance may be this long and still be one misheard keyword."""

SOON = 12
"""Words after "my keyword is" within which it has to come."""

ATTEMPT = 3
"""Words. What is left of an utterance may be this long and still be a keyword of somewhere else."""

KEYS_FOR_AN_ATTEMPT = 3

_MARKERS = Phrases(MARKERS)
_LEADS = Phrases((*MARKERS, *LEAD_INS))
_TAILS = Phrases(TAILS)
_BEFORE = say.SPACERS
_WHOSE = {"my", "our", "local", "area"}


class Vocabulary:
    """The agreed keywords, ready to be recognised. Built once, never changed, safe to share between threads.

    No method raises, whatever it is given. A retired keyword is recognised like any other and says so itself.
    """

    def __init__(self, words: Iterable[Word]) -> None:
        self._forms = Forms(words)

    def hear(self, said: str) -> Match:
        """The keyword in a carrier's transcript of speech."""
        return self._find(said, typed=False)

    def read(self, text: str) -> Match:
        """The keyword in a text message."""
        return self._find(text, typed=True)

    def keyed(self, digits: str) -> Match:
        """The keyword spelled on a telephone's keys, one press a letter. Star, hash, 0 and 1 carry no letter.

        Every key right is sure; one slip in a longer word is asked about.
        """
        keys = "".join(key for key in digits[:200] if key in "23456789")
        if found := self._forms.keys.get(keys):
            return match(found) or NOTHING
        tried = UNKNOWN if len(keys) >= KEYS_FOR_AN_ATTEMPT and keys != "999" and self._forms.keys else NOTHING
        if len(keys) < KEYS_FOR_A_SLIP - 1 or len(keys) > 64:
            return tried
        near = (word for _, slipped in self._forms.near_keys.near(keys) for word in self._forms.keys[slipped])
        return ask(near) or tried

    def answer(self, said_or_digits: str) -> bool | None:
        """Yes, no or unclear (None), to "is that right?". 1 is yes and 2 is no."""
        return yes_or_no(said_or_digits)

    def _find(self, text: str, *, typed: bool) -> Match:
        words = _spoken(text)
        if not words or not self._forms.exact or "".join(words) in say.NEVER:
            return NOTHING
        return (
            self._whole(words)
            or self._given(words)
            or self._slipped(words, typed)
            or self._announced(words, typed)
            or self._said_to_be(words)
            or self._stands_alone(text)
            or self._at_an_edge(words)
            or (UNKNOWN if self._attempted(words) else NOTHING)
        )

    # What is left of an utterance once what people say around a keyword is put aside

    def _bare(self, words: Sequence[str]) -> list[str]:
        left = [word for word in words if word in self._forms.own or not say.hesitation(word)]
        while True:
            start = self._lead(left)
            left = left[start:]
            end = self._tail(left)
            left = left[: len(left) - end]
            if not start and not end:
                return left

    def _lead(self, words: list[str]) -> int:
        if not words or self._forms.at(words, 0)[0] or "".join(words) in self._forms.exact:
            return 0
        if words[0] in self._forms.openings and words[0] not in _BEFORE:
            return 0
        if size := _LEADS.at(words):
            owned = words[size - 1] in OWNING and len(words) > size and words[size] in say.ARTICLES
            return 0 if owned else size
        if words[0] in _WHOSE and len(words) > 1 and (size := _MARKERS.at(words, 1)):
            return 1 + size
        denies = words[0] in say.NO and len(words) > 1 and words[1] not in _BEFORE and not _LEADS.at(words, 1)
        return words[0] in _BEFORE and not denies

    def _tail(self, words: list[str]) -> int:
        if not words or words[-1] in self._forms.own:
            return 0
        return _TAILS.ending(words) or (words[-1] in say.SPACERS - {"there", "here"})

    # The ways a keyword is plainly given

    def _whole(self, words: list[str]) -> Match | None:
        """Nothing else was said."""
        joined = once_only("".join(words))
        found = self._forms.exact.get(joined)
        if not found:
            return None
        return ask(found) if len(words) > 1 and self._forms.falls_together(words) else match(found)

    def _given(self, words: list[str]) -> Match | None:
        """One keyword, once or more, in a frame; or two of them and nothing but doubt between."""
        if len(words) > 2 * FRAME_LONGEST:
            return None
        left = self._bare(words)
        if left and (found := self._forms.exact.get("".join(left))) and not self._forms.falls_together(left):
            return match(found)
        spans = list(self._spans(words))
        found = tuple(dict.fromkeys(word for *_, here in spans for word in here))
        if len(spans) == 1 or len(found) == 1:
            start, end = spans[0][0], spans[-1][1]
            between = [word for word in words[spans[0][1] : spans[-1][0]] if word not in self._forms.own]
            return match(found) if only_frames(words[:start], words[end:], between) else None
        return self._two(left) if found else None

    def _spans(self, words: Sequence[str]) -> Iterator[tuple[int, int, Found]]:
        """Where each keyword begins and ends."""
        at = 0
        while at < len(words):
            found, size = self._forms.at(words, at)
            if found:
                yield at, at + size, found
            at += size or 1

    def _two(self, left: list[str]) -> Match | None:
        """Different keywords, and nothing between them but what is said by somebody who is not sure."""
        found: list[Word] = []
        at = 0
        while at < len(left):
            here, size = self._forms.at(left, at)
            if not here and left[at] not in BETWEEN_TWO:
                return None
            found += here
            at += size or 1
        return ask(found) if len(set(found)) > 1 else None

    def _slipped(self, words: list[str], typed: bool) -> Match | None:
        """A slip of a keyword, plainly given."""
        announced = any(_MARKERS.at(words, at) for at in range(len(words)))
        left = self._bare(words)
        for said in (left, said_once(before_likening(left)), words if say.everyday(words) else [], self._odd_one(left)):
            held = len(said) > 1 and any(self._spans(said))
            if 0 < len(said) <= max(SHORT, self._forms.most_words) and not held:
                found = self._whole(said) or forgive(said, self._forms, typed=typed, announced=announced)
                if found:
                    return found
        return None

    def _odd_one(self, left: list[str]) -> list[str]:
        """The one word that is none of the language, in a frame."""
        odd = [at for at, word in enumerate(left) if not known(word) and not frames(word)]
        return [left[odd[0]]] if len(odd) == 1 and only_frames(left[: odd[0]], left[odd[0] + 1 :]) else []

    def _announced(self, words: list[str], typed: bool) -> Match | None:
        for at in range(len(words)):
            size = _MARKERS.at(words, at)
            after = self._bare(words[at + size : at + size + SOON]) if size else []
            if not after:
                continue
            found, taken = self._forms.at(after, 0)
            if found and talked_about((), after[taken:]):
                return ask(found)
            if found := found or self._forms.exact.get("".join(after), ()):
                return match(found)
            for size in (2, 1):
                if guess := forgive(after[:size], self._forms, typed=typed, announced=True):
                    return ask(guess.choices or [word for word in [guess.sure] if word])
        return None

    def _said_to_be(self, words: list[str]) -> Match | None:
        """ "the word on the leaflet is ...", "I've lost my card but the keyword on it was ..."."""
        if ANNOUNCED.isdisjoint(words):
            return None
        for at in range(1, len(words)):
            if found := self._forms.at(words, at)[0]:
                before = [word for word in words[max(0, at - 10) : at] if not say.hesitation(word)]
                if before and before[-1] in IS and not ANNOUNCED.isdisjoint(before):
                    return match(found)
        return None

    def _stands_alone(self, text: str) -> Match | None:
        clauses = plain_clauses(text)
        if len(clauses) < 2:
            return None
        first, then = self._bare(clauses[0]), clauses[1]
        if found := self._forms.exact.get("".join(first)):
            if then[0] == "my" and then[-1] in KIN and len(then) <= ATTEMPT:
                return None
            return ask(found) if then[0] in OF_SOMEBODY else match(found)
        found, size = self._forms.at(last, 0) if (last := without_manners(clauses[-1])) else ((), 0)
        return ask(found) if found and size == len(last) else None

    def _at_an_edge(self, words: list[str]) -> Match | None:
        """A keyword and, before or after it, what leaves open whether it is one."""
        for said in (without_manners(words), self._bare(words)):
            start = ONLY_ASKED.at(said) if said else 0
            while start < len(said) and said[start] in say.ARTICLES:
                start += 1
            found, size = self._forms.at(said, start)
            rest = said[start + size :]
            if not found or not (start or rest):
                continue
            if not rest or ASKED_AFTER.at(rest) == len(rest) or (not start and RESTARTS.at(rest)):
                return ask(found)
        return None

    def _attempted(self, words: list[str]) -> bool:
        """Whether what was said, and not recognised, was meant for a keyword."""
        for at in range(len(words)):
            if size := _MARKERS.at(words, at):
                after = self._bare(words[at + size : at + size + SOON])
                if after and (not say.means_itself(after[0]) or (len(after) == 1 and after[0] not in say.EVERYDAY)):
                    return True
        left = self._bare(words)
        if not 0 < len(left) <= ATTEMPT or not "".join(left).isalpha():
            return False
        return say.EVERYDAY.isdisjoint(left) and not all(map(say.means_itself, left))


def _spoken(text: str) -> list[str]:
    """The words of a message. A "no" with a pause after it denies nothing that follows."""
    clauses = plain_clauses(text)
    if any(set(clause) <= say.NO for clause in clauses):
        return unspelled([word for clause in clauses if not set(clause) <= say.NO for word in clause])
    return unspelled(plain_words(text))
