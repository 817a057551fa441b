"""What of a picture or voice note is shown: a few plain kinds, by what the carrier says and by the first bytes."""

import pytest

from triage import media
from triage.media import Piece
from triage.ports import NotShown

AT = "MM1/ME1"
GOOD = {
    "image/jpeg": b"\xff\xd8\xff\xe0 and more",
    "image/png": b"\x89PNG\r\n\x1a\n and more",
    "image/gif": b"GIF89a and more",
    "image/webp": b"RIFF\x10\0\0\0WEBPVP8 ",
    "video/mp4": b"\0\0\0\x18ftypmp42\0\0\0\0",
    "video/3gpp": b"\0\0\0\x18ftyp3gp4\0\0\0\0",
    "audio/mp4": b"\0\0\0\x18ftypM4A \0\0\0\0",
    "audio/3gpp": b"\0\0\0\x18ftyp3gp4\0\0\0\0",
    "audio/ogg": b"OggS\0\x02",
    "audio/mpeg": b"ID3\x03\0",
    "audio/amr": b"#!AMR\n\x3c",
    "audio/aac": b"\xff\xf1\x50\x80",
}
BAD = [
    b"",
    b"\xff",
    b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    b"<?xml version='1.0'?><svg/>",
    b"<!doctype html><script>alert(1)</script>",
    b"\xef\xbb\xbf<html>",
    b"\xff\xfe<\0h\0t\0m\0l\0>\0",
    b"GIF8",
    b"BM and more",
    b"%PDF-1.7",
    b"PK\x03\x04",
    b"MZ\x90\0",
    b"RIFF\x10\0\0\0AVI ",
    b"\0\0\0\x18ftypheic\0\0\0\0",
    b"\0\0\0\x18ftypqt  \0\0\0\0",
    b"BEGIN:VCARD",
]


class Store:
    def __init__(self, said: str, content: bytes) -> None:
        self.said, self.content, self.asked = said, content, 0

    def fetch(self, at: str, *, most_bytes: int) -> tuple[str, bytes]:
        self.asked += 1
        return self.said, self.content


@pytest.mark.parametrize("media_type", GOOD)
def test_each_kind_that_is_shown_goes_out_as_what_it_is_under_a_name_that_says_nothing(media_type: str) -> None:
    shown = media.fetch(Store(f"{media_type}; x=y", GOOD[media_type]), Piece("file", media_type, AT))
    assert (shown.type, shown.content) == (media_type, GOOD[media_type])
    assert shown.name.split(".")[0] in media.KINDS


def test_a_picture_named_as_another_kind_of_picture_goes_out_as_what_it_is() -> None:
    assert media.fetch(Store("image/png", GOOD["image/jpeg"]), Piece("picture", "image/png", AT)).type == "image/jpeg"


@pytest.mark.parametrize("content", BAD)
@pytest.mark.parametrize("said", ["image/png", "audio/mpeg"])
def test_whatever_it_says_it_is_what_is_none_of_them_is_not_shown(said: str, content: bytes) -> None:
    with pytest.raises(NotShown) as no:
        media.fetch(Store(said, content), Piece("picture", said, AT))
    assert no.value.reason == "not_a_kind"


@pytest.mark.parametrize("said", ["image/svg+xml", "text/html", "application/octet-stream", "", "image/png\nx"])
def test_a_carrier_that_says_it_is_something_else_is_believed(said: str) -> None:
    with pytest.raises(NotShown) as no:
        media.fetch(Store(said, GOOD["image/png"]), Piece("picture", "image/png", AT))
    assert no.value.reason == "not_a_kind"


@pytest.mark.parametrize(("piece", "reason"), [(Piece("picture", "image/svg+xml", AT), "not_a_kind"),
                                               (Piece("picture", "image/png"), "gone")])  # fmt: skip
def test_what_could_not_be_shown_is_not_even_fetched(piece: Piece, reason: str) -> None:
    store = Store("image/png", GOOD["image/png"])
    with pytest.raises(NotShown) as no:
        media.fetch(store, piece)
    assert (no.value.reason, store.asked) == (reason, 0)


def test_a_store_that_gives_more_than_asked_for_is_not_shown() -> None:
    with pytest.raises(NotShown) as no:
        media.fetch(Store("image/png", GOOD["image/png"] + bytes(media.MOST_BYTES)), Piece("picture", "image/png", AT))
    assert no.value.reason == "too_large"


def test_every_reason_has_words() -> None:
    assert set(media.NOT_SHOWN) == {"gone", "too_large", "not_a_kind", "elsewhere", "unavailable"}
