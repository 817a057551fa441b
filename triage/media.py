"""Pictures, voice notes and other things that come with a text: kept as a word for each, never opened by the line.

What is kept is where the carrier has a piece, sealed with the text it came with. The piece itself is never stored here:
it is fetched when a nurse asks for it, shown to her, and forgotten. What is shown is of a few plain kinds, said by the
carrier and by its own first bytes; anything that could hold a script, or that nobody knows, is not.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from triage.models import Message
from triage.ports import MediaStore, NotShown

KINDS: Final = {"picture": "a picture", "voice_note": "a voice note", "video": "a video", "file": "a file"}
MOST: Final = 10  # pieces of one text
MOST_BYTES: Final = 5 * 1024 * 1024  # what the carrier takes with one text: its page on media
FILE_ENDS: Final = {
    "image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "image/webp": "webp", "video/3gpp": "3gp",
    "video/mp4": "mp4", "audio/3gpp": "3gp", "audio/mp4": "m4a", "audio/ogg": "ogg", "audio/mpeg": "mp3",
    "audio/amr": "amr", "audio/aac": "aac",
}  # fmt: skip
SHOWN_TYPES: Final = frozenset(
    {*FILE_ENDS, "image/jpg", "audio/mp3", "audio/x-m4a", "audio/m4a", "audio/amr-wb", "audio/aacp", "application/ogg"}
)
"""The media types that are shown, with the other names that telephones give them."""
NOT_SHOWN: Final = {
    "gone": "The carrier does not have it any more, so it cannot be shown.",
    "too_large": "It is larger than what is shown here, which is 5 MB. It was not opened.",
    "not_a_kind": "It is not of a kind that is shown here, whatever it says it is. It was not opened.",
    "elsewhere": "The carrier pointed to another place for it. That place was not asked.",
    "unavailable": "The carrier did not give it in time. Try again in a moment.",
}
BRANDS_3GPP: Final = (b"3gp", b"3g2", b"3ge", b"3gr", b"3gs")
BRANDS_MP4: Final = (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4A ", b"M4V ", b"mmp4")
STARTS: Final = (
    (b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"), (b"OggS", "audio/ogg"), (b"#!AMR\n", "audio/amr"), (b"#!AMR-WB\n", "audio/amr"),
    (b"ID3", "audio/mpeg"),
)  # fmt: skip


class Piece(msgspec.Struct, frozen=True):
    """One piece: what kind of thing the carrier says it is (KINDS, and its media type), and where the carrier has it:
    the text's id there and its own, with a slash between; empty where the carrier did not say.
    """

    kind: str
    type: str
    at: str = ""

    @property
    def can_be_asked_for(self) -> bool:
        """Whether it may be of a kind that is shown, and the carrier said where it is."""
        return bool(self.at) and self.type in SHOWN_TYPES


class Shown(msgspec.Struct, frozen=True):
    """A piece as it goes to the one who asked: its true type, and a name that says nothing."""

    type: str
    content: bytes
    name: str


def kind_of(media_type: str) -> str:
    """Which of KINDS a media type is."""
    return {"image": "picture", "audio": "voice_note", "video": "video"}.get(media_type.partition("/")[0], "file")


def as_kept(pieces: Sequence[Piece]) -> list[dict[str, Any]] | None:
    """Pieces as a text keeps them; None for a text that is words only."""
    return [msgspec.to_builtins(piece) for piece in pieces] or None


def of(kept: list[dict[str, str]] | None) -> list[Piece]:
    """The pieces a text keeps, in the order they came."""
    return msgspec.convert(kept or [], list[Piece])


def one(messages: Iterable[Message], message_id: str, number: int) -> Piece | None:
    """One piece of one of these texts, counted from 0; None if it has no such piece."""
    pieces = [piece for message in messages if message.id == message_id for piece in of(message.media)]
    return pieces[number] if 0 <= number < len(pieces) else None


def fetch(store: MediaStore, piece: Piece | None) -> Shown:
    """Fetch one piece from the carrier, now, to be shown once. Holds no transaction. Raises NotShown."""
    if piece is None or not piece.at:
        raise NotShown("gone")
    if piece.type not in SHOWN_TYPES:
        raise NotShown("not_a_kind")
    said, content = store.fetch(piece.at, most_bytes=MOST_BYTES)
    if len(content) > MOST_BYTES:
        raise NotShown("too_large")
    said = said.partition(";")[0].strip().lower()
    true_type = type_of(content, audio=said.startswith("audio/"))
    if said not in SHOWN_TYPES or true_type is None:
        raise NotShown("not_a_kind")
    return Shown(true_type, content, f"{kind_of(true_type)}.{FILE_ENDS[true_type]}")


def type_of(content: bytes, *, audio: bool = False) -> str | None:
    """What a piece is by its first bytes, of the kinds that are shown; None for anything else. `audio`: whether what
    may hold sound alone, or film, is to be taken for sound.
    """
    for start, its_type in STARTS:
        if content.startswith(start):
            return its_type
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content[4:8] == b"ftyp":
        family, brand = "audio" if audio else "video", content[8:12]
        if brand.startswith(BRANDS_3GPP):
            return f"{family}/3gpp"
        return f"{family}/mp4" if brand in BRANDS_MP4 else None
    if content[:1] == b"\xff" and len(content) > 2:
        if content[1] & 0xF6 == 0xF0:  # ADTS
            return "audio/aac"
        if content[1] & 0xE6 == 0xE2 and content[2] & 0xF0 not in (0x00, 0xF0):  # layer III, a bit rate
            return "audio/mpeg"
    return None
