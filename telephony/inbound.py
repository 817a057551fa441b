"""A text as the carrier's form holds it, in our words: its characters as they can be kept, and what came with it."""

import re
from collections.abc import Mapping
from typing import Final

from triage import media as pieces
from triage.media import Piece

MEDIA_TYPE: Final = re.compile(r"[a-z0-9.+-]{1,40}/[a-z0-9.+-]{1,80}")
MEDIA_PATH: Final = re.compile(r"/Messages/((?:SM|MM)[0-9a-fA-F]{32})/Media/(ME[0-9a-fA-F]{32})$")
# What no database or page can hold, or what would change how the words around it are read: NUL and the other control
# characters (not tab and the ends of lines), and halves of a character that came without the other half.
CANNOT_KEEP: Final = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def words(form: Mapping[str, str]) -> str:
    """What the person wrote, without the characters that cannot be kept."""
    return CANNOT_KEEP.sub("", form.get("Body", ""))


def media(form: Mapping[str, str]) -> list[Piece]:
    """What came with the words. Nothing is fetched. An address that is not the carrier's own form is not kept: that
    piece cannot be shown.
    """
    given = form.get("NumMedia", "")
    count = min(int(given), pieces.MOST) if re.fullmatch(r"\d{1,3}", given) else 0
    return [_piece(form.get(f"MediaContentType{at}", ""), form.get(f"MediaUrl{at}", "")) for at in range(count)]


def _piece(media_type: str, url: str) -> Piece:
    plain = media_type.partition(";")[0].strip().lower()
    plain = plain if MEDIA_TYPE.fullmatch(plain) else ""
    where = MEDIA_PATH.search(url)
    return Piece(pieces.kind_of(plain), plain, f"{where[1]}/{where[2]}" if where else "")
