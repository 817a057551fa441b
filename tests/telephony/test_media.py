"""Pictures, voice notes and other things that come with a text: kept as a word for each, and never opened by the line."""

from typing import Any

import pytest
from sqlalchemy import func, select

from telephony import spooling
from tests.telephony.conftest import TheLine
from triage import media, queue, recovering
from triage.db import Database, utcnow
from triage.media import Piece
from triage.models import Contact, Message, QueueEntry, Unit
from triage.spool import Spool
from triage.standing import Kept

MM = "MM" + "1" * 32
ME = "ME" + "a" * 32
AT = f"https://api.twilio.com/2010-04-01/Accounts/AC{'a' * 32}/Messages/{MM}/Media"


def with_pieces(*types: str) -> dict[str, str]:
    form = {"NumMedia": str(len(types))}
    for at, media_type in enumerate(types):
        form |= {f"MediaContentType{at}": media_type, f"MediaUrl{at}": f"{AT}/ME{at:032x}"}
    return form


def the_text(in_database: Any) -> Message:
    [row] = in_database(lambda db: db.scalars(select(Message).where(Message.direction == "in")).all())
    assert isinstance(row, Message)
    return row


def test_a_text_that_is_only_a_picture_is_answered_and_waits_for_a_nurse(line: TheLine, in_database: Any) -> None:
    reply = line.texts("", sid=MM, **with_pieces("image/jpeg"))
    assert "Solent Crisis Line" in reply.said
    assert "999" in reply.said
    entry = in_database(lambda db: db.scalar(select(QueueEntry)))
    assert (entry.state, entry.band) == ("waiting", queue.NOT_ASKED)
    text = the_text(in_database)
    assert text.body == ""
    assert media.of(text.media) == [Piece("picture", "image/jpeg", f"{MM}/ME{0:032x}")]


def test_every_piece_has_a_word_for_what_it_is_and_ten_at_most_are_kept(line: TheLine, in_database: Any) -> None:
    types = ("image/png", "audio/amr", "video/3gpp", "text/x-vcard", "image/svg+xml", "", "AUDIO/OGG; codecs=opus")
    line.texts("look", sid=MM, **with_pieces(*types, *["image/gif"] * 5))
    pieces = media.of(the_text(in_database).media)
    assert len(pieces) == 10
    assert [piece.kind for piece in pieces[:7]] == [
        "picture", "voice_note", "video", "file", "picture", "file", "voice_note",
    ]  # fmt: skip
    assert pieces[6].type == "audio/ogg"
    assert [piece.can_be_asked_for for piece in pieces[:7]] == [True, True, True, False, False, False, True]


@pytest.mark.parametrize(
    "form",
    [
        {"NumMedia": "many"},
        {"NumMedia": "-1"},
        {"NumMedia": ""},
        {"NumMedia": "²"},
        {"NumMedia": "1"},
        {"NumMedia": "1", "MediaContentType0": "image/png" * 99, "MediaUrl0": "not an address"},
        {"NumMedia": "1", "MediaContentType0": "image/png", "MediaUrl0": f"{AT}/../../{ME}"},
        {"NumMedia": "1", "MediaContentType0": "image/png", "MediaUrl0": f"https://elsewhere.example/{ME}"},
    ],
)
def test_whatever_the_carrier_says_came_with_it_the_text_itself_is_kept(
    line: TheLine, in_database: Any, form: dict[str, str]
) -> None:
    assert "Solent Crisis Line" in line.texts("I need somebody", **form).said
    text = the_text(in_database)
    assert text.body == "I need somebody"
    assert not any(piece.can_be_asked_for for piece in media.of(text.media))


def test_danger_said_beside_a_picture_is_danger(line: TheLine, in_database: Any) -> None:
    line.texts("I've taken an overdose", **with_pieces("image/jpeg"))
    assert in_database(lambda db: db.scalar(select(QueueEntry.band))) == queue.DANGER


def test_where_the_carrier_has_a_picture_is_sealed(line: TheLine, database: Database) -> None:
    line.texts("", sid=MM, **with_pieces("image/jpeg"))
    with database.reading() as db:
        stored = db.scalar(select(Message.media_sealed).where(Message.direction == "in"))
    assert stored
    assert MM not in stored
    assert "image" not in stored


def test_a_picture_from_a_crew_is_kept_with_its_text(line: TheLine, in_database: Any) -> None:
    phone = in_database(lambda db: db.scalar(select(Unit)).phone)
    assert line.texts("", From=phone, To="+441632960120", **with_pieces("image/jpeg")).said
    assert in_database(lambda db: db.scalar(select(func.count()).select_from(Contact))) == 0
    assert len(media.of(the_text(in_database).media)) == 1


def test_a_picture_whose_webhook_failed_is_kept_by_the_spool_and_recorded_later(
    line: TheLine, database: Database, spool: Spool, in_database: Any
) -> None:
    with line.client.application.test_request_context(
        "/sms/incoming", method="POST",
        data={"MessageSid": MM, "From": "+447700900123", "To": "+441632960100", "Body": "", **with_pieces("audio/amr")},
    ) as asked:  # fmt: skip
        event = spooling.event_of(asked.request, utcnow())
    assert event
    assert spool.keep(event)
    recovering.drain(database, Kept(database), spool, now=utcnow())
    assert media.of(the_text(in_database).media) == [Piece("voice_note", "audio/amr", f"{MM}/ME{0:032x}")]


def test_the_same_picture_again_is_one_text(line: TheLine, in_database: Any) -> None:
    first = line.texts("", sid=MM, **with_pieces("image/jpeg")).document
    assert line.texts("", sid=MM, **with_pieces("image/jpeg")).document == first
    assert len(media.of(the_text(in_database).media)) == 1
