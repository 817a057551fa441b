"""How long a document's words and sounds take, in carrier seconds."""

import io
import re
import wave

from .markup import Verb

WORDS_PER_SECOND = 2.5
"""An unhurried voice: about 150 words a minute."""

UNKNOWN_SOUND_S = 3.0
KEY_TONE_S = 0.5


def seconds_to_say(words: str) -> float:
    """How long `words` take to say."""
    return len(words.split()) / WORDS_PER_SECOND


def seconds_of_say(verb: Verb) -> float:
    """How long a Say takes once, with the breaks written into it."""
    return seconds_to_say(verb.text) + sum(_pause(child) for child in verb.children)


def seconds_of_sound(content: bytes) -> float:
    """How long a WAV file lasts; three seconds for anything else."""
    try:
        with wave.open(io.BytesIO(content)) as sound:
            return float(sound.getnframes() / sound.getframerate())
    except (wave.Error, EOFError, ZeroDivisionError):
        return UNKNOWN_SOUND_S


def _pause(verb: Verb) -> float:
    inner = sum(_pause(child) for child in verb.children)
    if verb.name != "break":
        return inner
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s)", verb.get("time"))
    if not found:
        return inner + 0.5
    return inner + float(found[1]) / (1000 if found[2] == "ms" else 1)
