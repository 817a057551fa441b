"""Pictures and voice notes on the pages: a word and a warning, and shown only when somebody asks for one."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select, update

from tests import factories
from tests.desk import night
from tests.desk.pages_lab import Lab, Person
from triage import contacts, media, texts
from triage.db import utcnow
from triage.desk.api.answers import MessageAnswer
from triage.media import MOST_BYTES, Piece
from triage.models import Contact, History, Message
from triage.ports import NotShown

PNG = b"\x89PNG\r\n\x1a\n and more"
AT = f"MM{'1' * 32}/ME{'a' * 32}"
PICTURE, NOTE = Piece("picture", "image/png", AT), Piece("voice_note", "audio/amr", AT)
CARD, DRAWING = Piece("file", "text/x-vcard", AT), Piece("picture", "image/svg+xml", AT)


class Store:
    """The carrier's store, and what was asked of it."""

    def __init__(self) -> None:
        self.gives: tuple[str, bytes] | NotShown = ("image/png", PNG)
        self.asked: list[str] = []

    def fetch(self, at: str, *, most_bytes: int) -> tuple[str, bytes]:
        assert most_bytes == MOST_BYTES
        self.asked.append(at)
        if isinstance(self.gives, NotShown):
            raise self.gives
        return self.gives


class Pictures(Lab):
    def __init__(self, url: str) -> None:
        self.store = Store()
        super().__init__(url, media=self.store)
        self.hers = night.busy(self.database, self.now).hers

    def texted(self, *pieces: Piece, body: str = "look at this") -> Message:
        """A person with a nurse texts this."""
        with self.database.transaction() as db:
            contact = db.get_one(Contact, self.hers)
            row = texts.received(db, contact, "MM" + "9" * 32, body, now=utcnow(), media=pieces)
        assert row
        return row

    def history(self, what: str) -> list[History]:
        with self.database.reading() as db:
            return list(db.scalars(select(History).where(History.what == what).order_by(History.id)))


@pytest.fixture
def lab(new_database: Callable[[str], str]) -> Iterator[Pictures]:
    made = Pictures(new_database("sqlite"))
    yield made
    made.close()


@pytest.fixture
def reader(lab: Pictures) -> Person:
    """The nurse who has the person now."""
    return lab.as_("ana")


def asks(reader: Person, message: Message, number: int = 0, *, script: bool = False, of: str | None = None) -> Any:
    path = f"/contacts/{of or message.contact_id}/media"
    return reader.post(path, script=script, text=message.id, number=number)


def test_a_picture_is_a_word_and_a_warning_until_somebody_asks(lab: Pictures, reader: Person) -> None:
    message = lab.texted(PICTURE, NOTE, CARD, DRAWING)
    page = reader.get(f"/contacts/{message.contact_id}").text
    row = page[page.index(f'id="text-{message.id}"') :]
    row = " ".join(re.sub(r"<[^>]+>", " ", row[: row.index("</li>")]).split())
    assert "A picture , not opened. It may be distressing. Show the picture" in row
    assert "A voice note , not opened. It may be distressing. Play the voice note" in row
    assert "A file : not of a kind that is shown here. It was not opened." in row
    assert row.count("Show the") == 1
    assert lab.store.asked == []
    assert AT not in page
    assert lab.history("opened_picture") == []


def test_asked_for_it_is_fetched_then_shown_written_down_and_not_kept(lab: Pictures, reader: Person) -> None:
    message = lab.texted(PICTURE)
    answer = asks(reader, message)
    assert (answer.status_code, answer.data) == (200, PNG)
    said = answer.headers
    assert said["Content-Type"] == "image/png"
    assert said["X-Content-Type-Options"] == "nosniff"
    assert said["Content-Disposition"] == "inline; filename=picture.png"
    assert said["Cache-Control"] == "no-store"
    assert said["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
    assert lab.store.asked == [AT]
    [line] = lab.history("opened_picture")
    assert (line.actor, line.contact_id) == (reader.staff and reader.staff.id, message.contact_id)
    assert line.detail == {"message_id": message.id, "kind": "picture"}
    asks(reader, message)
    assert len(lab.store.asked) == 2, "nothing of it is kept here"
    assert "Picture or voice note opened" in reader.get(f"/contacts/{message.contact_id}").text


@pytest.mark.parametrize("reason", sorted(media.NOT_SHOWN))
@pytest.mark.parametrize("script", [True, False])
def test_what_cannot_be_shown_is_said_in_words_and_not_written_down_as_seen(
    lab: Pictures, reader: Person, reason: str, script: bool
) -> None:
    message = lab.texted(PICTURE)
    lab.store.gives = NotShown(reason)
    assert media.NOT_SHOWN[reason] in reader.says(asks(reader, message, script=script))
    assert lab.history("opened_picture") == []


@pytest.mark.parametrize("content", [b"<svg onload='alert(1)'/>", b"<html><script>alert(1)</script>"])
def test_a_page_that_says_it_is_a_picture_is_never_given_out(lab: Pictures, reader: Person, content: bytes) -> None:
    message = lab.texted(PICTURE)
    lab.store.gives = ("image/png", content)
    answer = asks(reader, message, script=True)
    assert answer.status_code == 409
    assert content not in answer.data


def test_an_id_a_number_or_a_contact_that_is_not_its_own_finds_nothing(lab: Pictures, reader: Person) -> None:
    message = lab.texted(PICTURE)
    another = factories.make_contact(lab.database, now=lab.now, channel="text").id
    for of, number in ((message.contact_id, 1), (message.contact_id, -1), (another, 0)):
        assert "does not have it" in reader.says(asks(reader, message, number, script=True, of=of))
    assert asks(reader, message, of="0" * 32).status_code == 404
    assert lab.store.asked == []


def test_it_is_a_press_with_the_forms_token_and_never_a_link(lab: Pictures, reader: Person) -> None:
    message = lab.texted(PICTURE)
    assert reader.get(f"/contacts/{message.contact_id}/media").status_code == 405
    reader.token = "forged"
    assert asks(reader, message).status_code == 400
    assert lab.store.asked == []


def test_once_the_carriers_copy_is_erased_the_page_says_so_and_offers_nothing(lab: Pictures, reader: Person) -> None:
    message = lab.texted(PICTURE)
    with lab.database.transaction() as db:
        db.execute(update(Message).where(Message.id == message.id).values(carrier_erased_at=utcnow()))
    page = reader.get(f"/contacts/{message.contact_id}").text
    assert "the carrier&#39;s copy was erased" in page or "the carrier's copy was erased" in page
    assert f"/contacts/{message.contact_id}/media" not in page


def test_the_api_says_what_came_and_gives_no_address(lab: Pictures) -> None:
    message = lab.texted(PICTURE, NOTE)
    with lab.database.reading() as db:
        [row] = [one for one in contacts.messages(db, str(message.contact_id)) if one.id == message.id]
        answer: Any = MessageAnswer.of(db, row)
    assert [(one.kind, one.type) for one in answer.media] == [("picture", "image/png"), ("voice_note", "audio/amr")]
    assert "ME" not in repr(answer.media)


@pytest.mark.parametrize("body", ["\u202eevil \u2067", "\u05e9\u05dc\u05d5\u05dd 123", "\u2069\u2069 text-state"])
def test_a_text_that_turns_its_reading_round_cannot_turn_our_words_round(
    lab: Pictures, reader: Person, body: str
) -> None:
    message = lab.texted(body=body)
    page = reader.get(f"/contacts/{message.contact_id}").text
    assert f'<p class="text-body" dir="auto">{body}</p>' in page
