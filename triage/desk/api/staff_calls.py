"""Who am I, where do I stand, who waits, and the next person."""

from triage import bridge, handing, presence, queue
from triage.desk.api.answers import ClaimAnswer, EntryAnswer, HandOverAnswer, MeAnswer, PresenceAnswer, held_by
from triage.desk.api.bodies import NextQuery, PresenceBody, TextsAtOnceBody
from triage.desk.api.door import DESK, NURSES, STAFF, Ask, call
from triage.desk.context import desk
from triage.rules import current
from triage.walls import Walls


@call("GET", "/me", STAFF, answers={200: MeAnswer})
def who_am_i(ask: Ask) -> MeAnswer:
    """Who this token is, where they stand, and the person they hold, if any."""
    staff = ask.staff
    with desk().database.reading() as db:
        return MeAnswer(
            staff.id, staff.name, staff.email, list(staff.roles), list(staff.localities), list(staff.skills),
            PresenceAnswer.of(db, staff), next(iter(held := held_by(db, staff)), None), held,
            [HandOverAnswer.of(db, entry) for entry in handing.asked_of(db, staff)],
        )  # fmt: skip


@call("PUT", "/me/presence", NURSES, body=PresenceBody, answers={200: PresenceAnswer}, problems=(409,))
def put_my_presence(ask: Ask) -> PresenceAnswer:
    """Go ready, busy, on a break or off. A nurse who is ready by phone is rung when somebody waits."""
    with desk().database.transaction() as db:
        presence.put(db, ask.staff, ask.body.state, ask.body.via, now=ask.now)
        return PresenceAnswer.of(db, ask.staff)


@call("PUT", "/me/texts-at-once", NURSES, body=TextsAtOnceBody, answers={200: PresenceAnswer})
def put_my_texts_at_once(ask: Ask) -> PresenceAnswer:
    """How many text conversations I take at a time, from now on. Those I have stay mine."""
    with desk().database.transaction() as db:
        presence.set_texts_at_once(db, ask.staff, ask.body.number, now=ask.now)
        return PresenceAnswer.of(db, ask.staff)


@call("GET", "/queue", DESK, answers={200: list[EntryAnswer]})
def who_waits(ask: Ask) -> list[EntryAnswer]:
    """Whoever waits within my reach, in the order they will be taken. Danger now is within every nurse's.

    Within reach: my localities, those that overflow to mine, and people whose locality nobody knows yet. Whoever texted
    and then rang is one entry, as a call, with the place of the text; whoever rings while a nurse texts with them waits
    as one, and the reason says with whom they text.
    """
    with desk().database.reading() as db:
        walls = Walls(db, ask.staff, ask.now)
        return [EntryAnswer.of(entry) for entry in queue.waiting(db) if walls.waiting(entry)]


@call("POST", "/queue/next", NURSES, query=NextQuery, answers={200: ClaimAnswer, 204: None}, problems=(422,))
def take_next(ask: Ask) -> ClaimAnswer | tuple[int, None]:
    """Claim the next person for me and ring me; the one I hold, if I hold one; 204 if nobody of my localities waits.

    With `beyond` set to how many text conversations I have, one more of them, up to `texts_at_once`; asked again once I
    have it, that one.
    """
    with desk().database.transaction() as db:
        entry = bridge.take_next(db, ask.staff, current(db).rules, now=ask.now, beyond=ask.query.beyond)
        return ClaimAnswer.of(entry) if entry else (204, None)
