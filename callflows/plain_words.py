"""What a person said or typed, as plain small words: a-z and digits only, whatever letters they were written
with.

Used wherever words are compared with a list. Nothing is guessed here: no spelling is mended and no word is
left out. Standard library only.
"""

import re
import unicodedata

LONGEST = 2000
"""Characters read. A text message is at most 1600; a carrier's transcript of 60 seconds of speech is
shorter."""

_APOSTROPHES = dict.fromkeys(map(ord, "'’‘‛ʼʻʹ`´＇′\u00ad"))

_LOOK_ALIKES = str.maketrans(
    {
        # Cyrillic and Greek letters that are read as Latin ones, by the shape of each case.
        **dict(zip("АВСЕНІЈКМОРЅТУХԀԌԚԜ", "abcehijkmopstyxdgqw", strict=True)),
        **dict(zip("авсенијкморѕтухԁԍԛԝіѵпгҺһӏЬьƄƅѠѡ", "abcehnjkmopstyxdgqwivnrhhlbbbbww", strict=True)),
        **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "abezhikmnoptyx", strict=True)),
        **dict(zip("αβγεηικλμνορστυχωςϲ", "abyenikluvopotuxwcc", strict=True)),
        **dict(zip("ғҒқҚҝҜшШяЯҳҲӽӼ", "ffkkkkwwrrxxxx", strict=True)),
        **dict(zip("δΔθΘϐϑϰϱϲϳϹ", "ddoobokpcjc", strict=True)),
        # Armenian and Cherokee ones.
        **dict(zip("օՕոսՍհցզրք", "oonuuhgqnp", strict=True)),
        **dict(zip("ᎪᏴᏟᎠᎬᏀᎻᎫᏦᏞᎷᏢᎡᏚᎢᏙᎳᏃ", "abcdeghjklmprstvwz", strict=True)),
        # Latin letters that no Unicode decomposition takes apart.
        **dict(zip("ØøŁłĐđÐðıɑɡȷ", "oollddddiagj", strict=True)),
        **dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz", strict=True)),
        **{"Æ": "ae", "æ": "ae", "Œ": "oe", "œ": "oe", "Þ": "th", "þ": "th"},
        # Letters in circles, squares and flags.
        **{chr(0x1F150 + n): chr(97 + n) for n in range(26)},
        **{chr(0x1F170 + n): chr(97 + n) for n in range(26)},
        **{chr(0x1F1E6 + n): chr(97 + n) for n in range(26)},
    }
)
_CLAUSE_END = re.compile(r"[.,;:!?…\n\r()|/\"“”]+|\s[-–—]+\s|[–—]")
_NOT_PLAIN = re.compile(r"[^a-z0-9]+")
_JOINED_BY_SIGN = re.compile(r"(?<=[A-Za-z])[@$](?=[A-Za-z])")


def plain_words(text: str) -> list[str]:
    """The words of `text` in order, each only a-z and 0-9: "It’s HΑRBÔUR!" is ["its", "harbour"]. Never
    raises."""
    return _NOT_PLAIN.sub(" ", _plain(text)).split()


def plain_clauses(text: str) -> list[list[str]]:
    """The words of `text`, parted where it is punctuated. Empty parts are left out. Never raises."""
    parts = (_NOT_PLAIN.sub(" ", _plain(part)).split() for part in _CLAUSE_END.split(text[:LONGEST]))
    return [part for part in parts if part]


def _plain(text: str) -> str:
    text = text[:LONGEST].translate(_APOSTROPHES)
    if "@" in text or "$" in text:
        text = _JOINED_BY_SIGN.sub(lambda sign: {"@": "a", "$": "s"}[sign.group()], text)
    if text.isascii():
        return text.lower()
    shapes = unicodedata.normalize("NFKD", text).translate(_LOOK_ALIKES)
    return "".join(c for c in shapes.casefold() if unicodedata.category(c) not in {"Mn", "Me", "Cf"})
