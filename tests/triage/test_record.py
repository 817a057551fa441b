"""What is written down: promises, presence, outcomes, texts, contacts, effects of a conversation, tokens, history."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from callflows.conversation import Do, PlaceBy, Turn
from tests import factories
from tests.harness.waiting import wait_until
from tests.triage.scene import Scene, entry_of
from triage import (
    accounts,
    contacts,
    drafts,
    effects,
    first_ring,
    history,
    outcomes,
    presence,
    promises,
    queue,
    standing,
    texts,
)
from triage.db import Database
from triage.models import ApiToken, Contact, Draft, History, Keyword, Line, Message, Outcome, Presence, Staff

# --- promises ------------------------------------------------------------------------------------------------------------


def owe(scene: Scene, contact: Contact, kind: str = "call_back", due_s: int = 600) -> promises.Promise:
    with scene.database.transaction() as db:
        return promises.owe(db, kind, "Ring back", contact, due_at=scene.now + timedelta(seconds=due_s), now=scene.now)


def rang_off(scene: Scene) -> Contact:
    """Somebody who is not on the line now."""
    return factories.make_left(scene.database, now=scene.now)


def test_the_same_thing_is_owed_once(scene: Scene) -> None:
    caller = scene.caller()
    assert owe(scene, caller).id == owe(scene, caller, due_s=10).id
    assert owe(scene, caller, "hand_over").id != owe(scene, caller).id


def test_what_is_owed_is_listed_soonest_first(scene: Scene) -> None:
    caller, other = rang_off(scene), rang_off(scene)
    late, soon = owe(scene, caller, due_s=600), owe(scene, other, due_s=60)
    assert [promise.id for promise in scene.owed()] == [soon.id, late.id]


def test_whoever_tries_first_owns_it_and_every_try_is_kept(scene: Scene) -> None:
    promise, ana, ben = owe(scene, rang_off(scene)), scene.nurse(), scene.nurse()
    with scene.database.transaction() as db:
        for staff, result in ((ana, "No answer"), (ben, "Busy")):
            promises.attempt(db, promises.get(db, promise.id), result, db.get_one(Staff, staff.id), now=scene.now)
    [owed] = scene.owed()
    assert owed.owner_id == ana.id
    assert sorted(attempt.result for attempt in owed.attempts) == ["Busy", "No answer"]


def test_a_promise_is_settled_once(scene: Scene) -> None:
    promise, ana = owe(scene, scene.caller()), scene.nurse()
    with scene.database.transaction() as db:
        promises.settle(db, promises.get(db, promise.id), "Rang, all is well", ana, now=scene.now)
    for act in (promises.settle, promises.attempt):
        with (
            pytest.raises(promises.AlreadySettled, match="Rang, all is well"),
            scene.database.transaction() as db,
        ):
            act(db, promises.get(db, promise.id), "again", ana, now=scene.now)
    assert scene.owed() == []


# --- presence ------------------------------------------------------------------------------------------------------------


def put(scene: Scene, staff: Staff, state: str, via: str | None = None) -> Presence:
    with scene.database.transaction() as db:
        return presence.put(db, staff, state, via, now=scene.now)


@pytest.mark.parametrize("state", ["on_contact", "wrapping_up", "READY", ""])
def test_a_nurse_sets_only_what_is_hers_to_set(scene: Scene, state: str) -> None:
    with pytest.raises(presence.CannotBe):
        put(scene, scene.nurse(), state)


def test_a_way_to_be_rung_must_exist(scene: Scene) -> None:
    with pytest.raises(presence.CannotBe, match="neither"):
        put(scene, scene.nurse(), "ready", "pigeon")
    nobody = scene.nurse(phone=None, state="off")
    with pytest.raises(presence.CannotBe, match="No phone"):
        put(scene, nobody, "ready", "phone")
    assert put(scene, nobody, "ready").via == "browser"


def test_only_nurses_take_people(scene: Scene) -> None:
    with pytest.raises(presence.CannotBe, match="Only a nurse"):
        put(scene, factories.make_staff(scene.database, roles=("dispatcher",)), "ready")


def test_a_nurse_with_somebody_finishes_first(scene: Scene) -> None:
    nurse, caller = scene.nurse(), scene.caller()
    scene.together(caller, nurse)
    for state in presence.CHOSEN:
        with pytest.raises(presence.CannotBe, match="Finish"):
            put(scene, nurse, state)
    scene.finishes(caller, nurse)
    assert put(scene, nurse, "ready").state == "ready"


def test_coming_back_from_a_break_forgets_what_was_missed(scene: Scene) -> None:
    nurse = scene.nurse()
    with scene.database.transaction() as db:
        for _ in range(2):
            presence.missed(db, nurse.id, scene.rules, now=scene.now)
    assert scene.presence(nurse).state == "break"
    assert (put(scene, nurse, "ready").missed, scene.presence(nurse).reason) == (0, None)


# --- outcomes ------------------------------------------------------------------------------------------------------------


def decide(scene: Scene, contact: Contact, nurse: Staff, **over: object) -> Outcome:
    said = {"urgency": "C", "disposition": "crisis_team", **over}
    with scene.database.transaction() as db:
        return outcomes.record(
            db, db.get_one(Contact, contact.id), db.get_one(Staff, nurse.id), now=scene.now, **said  # type: ignore[arg-type]
        )  # fmt: skip


@pytest.mark.parametrize(
    ("letter", "hours"), [("A", 0), ("B", 4), ("C", 24), ("D", 72), ("E", 672), ("F", None), ("G", None)]
)
def test_a_letter_says_by_when_and_by_whom(scene: Scene, letter: str, hours: int | None) -> None:
    outcome = decide(scene, scene.caller(), scene.nurse(), urgency=letter)
    assert outcome.needed_by == (None if hours is None else scene.now + timedelta(hours=hours))
    assert outcome.who == outcomes.URGENCIES[letter].who
    assert outcome.scale_version == outcomes.SCALE_VERSION


def test_every_disposition_rolls_up_to_a_national_group_and_code() -> None:
    assert {d.group for d in outcomes.DISPOSITIONS.values()} == {"home", "primary_care", "ambulance", "a_and_e", "lost"}
    assert {d.mhsds for d in outcomes.DISPOSITIONS.values()} == {"01", "02", "03", "04", "05", "06", "98"}
    assert not [d for d in outcomes.DISPOSITIONS.values() if "risk" in d.label.lower()]


def test_the_same_decision_twice_is_one_and_another_is_added(scene: Scene) -> None:
    caller, nurse = scene.caller(), scene.nurse()
    first = decide(scene, caller, nurse, notes="Slept badly")
    scene.later(10)
    assert decide(scene, caller, nurse, notes="Slept badly").id == first.id
    scene.later(10)
    second = decide(scene, caller, nurse, notes="Slept badly", needed_by=scene.now + timedelta(hours=1))
    assert second.id != first.id, "an earlier time is another decision"
    assert second.needed_by == scene.now + timedelta(hours=1)
    scene.later(10)
    third = decide(scene, caller, scene.nurse(), notes="Slept badly")
    with scene.database.reading() as db:
        assert [row.id for row in outcomes.of(db, caller.id)] == [first.id, second.id, third.id]
        assert outcomes.latest(db, caller.id).id == third.id  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("disposition", {"disposition": "sent away"}),
        ("urgency", {"urgency": "H"}),
        ("urgency", {"urgency": "a"}),
        ("caller_role", {"caller_role": "robot"}),
    ],
)
def test_what_cannot_be_decided_names_its_field(scene: Scene, field: str, said: dict[str, str]) -> None:
    with pytest.raises(outcomes.BadOutcome) as bad:
        decide(scene, scene.caller(), scene.nurse(), **said)
    assert bad.value.field == field
    with scene.database.reading() as db:
        assert db.scalars(select(Outcome)).all() == []


def test_a_draft_is_kept_per_nurse_and_gone_with_the_outcome(scene: Scene) -> None:
    caller, nurse, other = scene.caller(), scene.nurse(), scene.nurse()
    with scene.database.transaction() as db:
        for text in ("half", "half a sentence"):
            drafts.save(db, caller.id, nurse, {"outcome": {"notes": text}}, now=scene.now)
        drafts.save(db, caller.id, nurse, {"text": "Are you"}, now=scene.now)
        drafts.save(db, caller.id, other, {"outcome": {"notes": "hers"}}, now=scene.now)
        kept = drafts.of(db, caller.id, nurse)
        assert kept
        assert kept.fields == {"outcome": {"notes": "half a sentence"}, "text": "Are you"}
        assert sorted(words for _, words in drafts.unrecorded(db, caller.id)) == [["half a sentence"], ["hers"]]
    decide(scene, caller, nurse)
    with scene.database.transaction() as db:
        assert [words for _, words in drafts.unrecorded(db, caller.id)] == [["hers"]]
        assert drafts.of(db, caller.id, nurse).fields == {"text": "Are you"}  # type: ignore[union-attr]
        drafts.clear(db, caller.id, nurse, drafts.TEXT)
    with scene.database.reading() as db:
        assert [draft.staff_id for draft in db.scalars(select(Draft))] == [other.id]


# --- texts ---------------------------------------------------------------------------------------------------------------


def text(scene: Scene, contact: Contact, body: str = "Hello") -> Message:
    nurse = scene.nurse()
    with scene.database.transaction() as db:
        return texts.to_person(db, db.get_one(Contact, contact.id), body, nurse, now=scene.now)


def test_a_texter_can_be_texted_and_the_text_waits_to_be_sent(scene: Scene) -> None:
    texter = scene.texter()
    message = text(scene, texter, "  We are here.  ")
    assert (message.state, message.body, message.number, message.line) == ("waiting", "We are here.", texter.number, factories.DIRECT)  # fmt: skip
    assert [job.args for job in scene.jobs("send_text")] == [{"message_id": message.id}]


@pytest.mark.parametrize("body", ["", "   ", "x" * 1601])
def test_an_empty_or_endless_text_is_refused(scene: Scene, body: str) -> None:
    with pytest.raises(texts.CannotText):
        text(scene, scene.texter(), body)


def test_a_caller_is_texted_only_after_agreeing(scene: Scene) -> None:
    caller = scene.caller()
    with pytest.raises(texts.CannotText, match="not agreed"):
        text(scene, caller)
    decide(scene, caller, scene.nurse(), text_consent=True)
    assert text(scene, caller).state == "waiting"
    decide(scene, caller, scene.nurse(), text_consent=False)
    with pytest.raises(texts.CannotText, match="not agreed"):
        text(scene, caller)


def test_a_withheld_number_or_an_opt_out_is_said_plainly(scene: Scene) -> None:
    with pytest.raises(texts.CannotText, match="withheld"):
        text(scene, scene.caller(number=None))
    texter = scene.texter()
    with scene.database.transaction() as db:
        db.get_one(Contact, texter.id).opted_out = True
    with pytest.raises(texts.CannotText, match="opt-out"):
        text(scene, texter)


@pytest.mark.parametrize(
    ("reports", "state"),
    [
        (["sent", "delivered"], "delivered"),
        (["delivered", "sent"], "delivered"),
        (["sent", "fail"], "failed"),
        (["fail", "sent", "delivered"], "failed"),
        (["delivered", "fail"], "delivered"),
        (["sent", "sent", "sent"], "sent"),
    ],
)
def test_reports_may_come_in_any_order_and_an_end_stays_an_end(scene: Scene, reports: list[str], state: str) -> None:
    message = text(scene, scene.texter())
    for report in reports:
        with scene.database.transaction() as db:
            texts.reported(db, message.id, "SM1", report, now=scene.now, trouble="lost" if report == "fail" else None)
    with scene.database.reading() as db:
        row = db.get_one(Message, message.id)
        assert (row.state, row.carrier_id) == (state, "SM1")
        assert row.trouble == ("lost" if state == "failed" else None)


def test_a_report_about_no_text_of_ours_is_harmless(scene: Scene) -> None:
    with scene.database.transaction() as db:
        texts.reported(db, None, "SM-unknown", "delivered", now=scene.now)
        texts.reported(db, "no-such-id", "SM-unknown", "fail", now=scene.now)


def test_a_text_that_comes_in_twice_is_kept_once(scene: Scene) -> None:
    texter = scene.texter()
    with scene.database.transaction() as db:
        row = db.get_one(Contact, texter.id)
        assert texts.received(db, row, "SM7", "Hello", now=scene.now) is not None
        assert texts.received(db, row, "SM7", "Hello", now=scene.now) is None
    with scene.database.reading() as db:
        assert [m.body for m in contacts.messages(db, texter.id)] == ["Hello"]


# --- contacts ------------------------------------------------------------------------------------------------------------


def test_a_search_without_a_term_is_refused_and_no_pattern_lists_everybody(scene: Scene) -> None:
    caller = scene.caller()
    assert caller.number is not None
    with scene.database.reading() as db:
        with pytest.raises(contacts.NeedsTerm):
            contacts.search(db)
        for pattern in ("%", "_", "%%%%", "____"):
            assert contacts.search(db, number=pattern) == []
        for term in ({"number": caller.number}, {"number": caller.number[-4:]}, {"since": scene.now}):
            assert [row.id for row in contacts.search(db, **term)] == [caller.id]  # type: ignore[arg-type]
        assert contacts.search(db, number=caller.number, locality="city") == []
        assert contacts.search(db, until=scene.now) == []


def test_reading_a_record_is_written_down(scene: Scene) -> None:
    caller, nurse = scene.caller(), scene.nurse()
    with scene.database.transaction() as db:
        contacts.read(db, caller.id, nurse, now=scene.now)
        with pytest.raises(contacts.NotFound):
            contacts.read(db, "nobody", nurse, now=scene.now)
    with scene.database.reading() as db:
        assert [(row.what, row.actor) for row in contacts.story(db, caller.id)][-1] == ("read", nurse.id)


def test_earlier_contacts_are_those_of_the_same_number(scene: Scene) -> None:
    first = scene.caller()
    scene.caller()
    scene.later(60)
    second = scene.caller(number=first.number)
    with scene.database.reading() as db:
        assert [row.id for row in contacts.earlier(db, second)] == [first.id]
        assert contacts.earlier(db, first) == []


@pytest.mark.parametrize(("number", "shown"), [("+447700900123", "••• ••• 123"), (None, "withheld"), ("", "withheld")])
def test_numbers_are_shown_by_their_last_three_digits(number: str | None, shown: str) -> None:
    assert contacts.masked(number) == shown


# --- the first ring --------------------------------------------------------------------------------------------------------


def ring(
    database: Database, carrier_id: str, number: str | None = "+447700900123", line: bool = True
) -> first_ring.Opened:
    with database.reading() as db:
        row = db.get(Line, factories.ISLAND_LINE) if line else None
    return first_ring.call(
        database, carrier_id=carrier_id, number=number, line=row, dialled=factories.ISLAND_LINE, place="greeting",
        now=factories.NOON,
    )  # fmt: skip


def test_a_call_is_recorded_at_its_first_ring_with_where_it_came_in(scene: Scene) -> None:
    opened = ring(scene.database, "CA1")
    with scene.database.reading() as db:
        row = db.get_one(Contact, opened.contact_id)
    assert (row.locality, row.route, row.line, row.call_id) == ("island", "111", factories.ISLAND_LINE, "CA1")
    assert (opened.fresh, scene.history(row)) == (True, ["rang"])


def test_the_same_ring_many_times_at_once_is_one_contact(scene: Scene) -> None:
    from tests.triage.test_claims import at_once

    opened = at_once(*(lambda: ring(scene.database, "CA1") for _ in range(8)))
    assert len({one.contact_id for one in opened}) == 1, opened
    assert sum(one.fresh for one in opened) == 1


def test_a_call_to_a_number_nobody_configured_is_recorded_all_the_same(scene: Scene) -> None:
    with scene.database.reading() as db:
        row = db.get_one(Contact, ring(scene.database, "CA1", line=False).contact_id)
    assert (row.line, row.locality, row.route) == (None, None, "direct")


def texted(
    database: Database, carrier_id: str, number: str | None, line: str | None = factories.DIRECT
) -> first_ring.Opened:
    with database.reading() as db:
        row = db.get(Line, line) if line else None
    return first_ring.text(
        database, carrier_id=carrier_id, number=number, line=row, dialled=line or "+441632960198", now=factories.NOON
    )


def test_texts_of_one_number_to_one_line_are_one_conversation_until_it_ends(scene: Scene) -> None:
    first = texted(scene.database, "SM1", "+447700900123")
    assert texted(scene.database, "SM2", "+447700900123") == (first.contact_id, False)
    assert texted(scene.database, "SM3", "+447700900123", factories.ISLAND_LINE).fresh
    with scene.database.transaction() as db:
        db.get_one(Contact, first.contact_id).ended_at = scene.now
    assert texted(scene.database, "SM4", "+447700900123").fresh


def test_two_first_texts_at_once_are_one_conversation(scene: Scene) -> None:
    from tests.triage.test_claims import at_once

    opened = at_once(*(lambda at=at: texted(scene.database, f"SM{at}", "+447700900123") for at in range(8)))  # type: ignore[misc]
    assert len({one.contact_id for one in opened}) == 1, opened


def test_texts_to_a_line_nobody_configured_are_one_conversation_too(scene: Scene) -> None:
    first = texted(scene.database, "SM1", "+447700900123", None)
    assert texted(scene.database, "SM2", "+447700900123", None) == (first.contact_id, False)


# --- what a turn of the conversation makes true ---------------------------------------------------------------------------


def carries_out(scene: Scene, contact: Contact, *done: object, times: int = 1) -> None:
    with scene.database.transaction() as db:
        ours = standing.read(db, date(2026, 11, 22))
        for _ in range(times):
            row = contacts.get(db, contact.id)
            effects.carry_out(db, row, Turn("waiting", (), done), ours, now=scene.now)  # type: ignore[arg-type]


@pytest.mark.parametrize("effect", [*Do, PlaceBy("marigold")], ids=str)
def test_an_effect_that_comes_three_times_comes_once(scene: Scene, effect: object) -> None:
    caller = factories.make_contact(scene.database)
    carries_out(scene, caller, Do.JOIN_QUEUE, effect, times=3)
    with scene.database.reading() as db:
        entry = entry_of(db, caller)
        reasons, messages = list(entry.reasons), contacts.messages(db, caller.id)
    assert len(reasons) == len(set(reasons))
    assert len(messages) == (1 if effect is Do.TEXT_LOCAL_HELP else 0)


def test_danger_stated_to_the_line_is_at_the_head_of_the_queue_at_once(scene: Scene) -> None:
    before = scene.caller()
    scene.later(60)
    caller = factories.make_contact(scene.database, now=scene.now)
    carries_out(scene, caller, Do.DANGER)
    assert scene.waiting() == [caller.id, before.id]
    assert scene.contact(caller).danger


def test_what_a_caller_keys_while_waiting_is_what_the_nurse_sees(scene: Scene) -> None:
    caller = scene.caller()
    carries_out(scene, caller, Do.FOR_SOMEONE_ELSE, Do.CANNOT_TALK, Do.CALL_BACK)
    entry, contact = scene.entry(caller), scene.contact(caller)
    assert entry.reasons == [queue.STATED["carer"], queue.STATED["cannot_talk"], queue.STATED["call_back"]]
    assert (entry.band, entry.call_back) == (queue.NOT_ASKED, True)
    assert (contact.caller_role, contact.cannot_talk) == ("carer", True)


@pytest.mark.parametrize(("line", "words"), [(factories.ISLAND_LINE, "Harbour House +441632960150 daily"), (factories.DIRECT, "Samaritans")])  # fmt: skip
def test_local_help_is_texted_for_where_they_are(scene: Scene, line: str, words: str) -> None:
    caller = scene.caller(line=line)
    carries_out(scene, caller, Do.TEXT_LOCAL_HELP)
    [message] = scene.texts_to(caller.number)
    assert words in message.body
    assert scene.contact(caller).text_consent


# --- tokens and history ----------------------------------------------------------------------------------------------------


def test_a_token_opens_the_door_and_only_its_hash_is_kept(scene: Scene) -> None:
    nurse = scene.nurse()
    with scene.database.transaction() as db:
        token = accounts.make_token(db, f"  {nurse.email.upper()} ", now=scene.now)
    with scene.database.transaction() as db:
        assert accounts.by_token(db, token).id == nurse.id  # type: ignore[union-attr]
        assert accounts.by_token(db, token + "x") is None
        [row] = db.scalars(select(ApiToken)).all()
        assert token not in str(vars(row))
        assert token.removeprefix(accounts.TOKEN_PREFIX) not in str([h.detail for h in db.scalars(select(History))])
        row.revoked_at = scene.now
    with scene.database.transaction() as db:
        assert accounts.by_token(db, token) is None
        row = db.scalars(select(ApiToken)).one()
        row.revoked_at = None
        db.get_one(Staff, nurse.id).active = False
    with scene.database.transaction() as db:
        assert accounts.by_token(db, token) is None, "somebody who left"
        with pytest.raises(accounts.NoSuchStaff):
            accounts.make_token(db, nurse.email, now=scene.now)


def test_nothing_is_recorded_as_done_by_nobody(scene: Scene) -> None:
    with scene.database.transaction() as db, pytest.raises(ValueError, match="who did this"):
        history.record(db, "read", actor="", now=scene.now)


def test_the_version_pages_poll_changes_with_every_record(scene: Scene) -> None:
    versions = set()
    for _ in range(5):
        with scene.database.transaction() as db:
            history.record(db, "read", actor="x", now=scene.now)
        with scene.database.reading() as db:
            versions.add(history.version(db))
            assert history.version(db) in versions
    assert len(versions) == 5


# --- the standing configuration --------------------------------------------------------------------------------------------


def test_a_word_past_its_date_is_retired_and_one_to_come_is_not_there_yet(scene: Scene) -> None:
    with scene.database.transaction() as db:
        db.get_one(Keyword, "harbour").valid_to = date(2026, 11, 21)
        db.get_one(Keyword, "marigold").valid_from = date(2026, 11, 23)
    with scene.database.reading() as db:
        today = standing.read(db, date(2026, 11, 22))
        tomorrow = standing.read(db, date(2026, 11, 23))
    assert [(word.word, word.retired) for word in today.words] == [("harbour", True)]
    assert [word.word for word in tomorrow.words] == ["harbour", "marigold"]
    assert today.line(factories.DIRECT) is not None
    assert today.line("+441632960198") is None
    assert today.line(None) is None


class ComesAndGoes:
    """A database that can be lost."""

    def __init__(self, database: Database) -> None:
        self.database, self.lost, self.asked = database, False, 0

    def reading(self) -> Any:
        self.asked += 1
        if self.lost:
            raise ConnectionError
        return self.database.reading()


def test_the_configuration_is_read_once_for_many_rings_and_outlives_the_database(scene: Scene) -> None:
    database = ComesAndGoes(scene.database)
    kept = standing.Kept(database)  # type: ignore[arg-type]
    first = kept.now(date(2026, 11, 22))
    assert kept.now(date(2026, 11, 22)) is first
    assert database.asked == 1
    database.lost = True

    def asked_again() -> bool:
        assert kept.now(date(2026, 11, 22)) is first, "an older reading serves the caller"
        return database.asked == 2

    wait_until(asked_again, 10, what="a fresh reading to be tried")
    with pytest.raises(ConnectionError):
        standing.Kept(database).now(date(2026, 11, 22))  # type: ignore[arg-type]
