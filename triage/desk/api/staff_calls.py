"""Who am I, where do I stand, who waits, and the next person."""

from triage import bridge, presence, queue
from triage.desk.api.answers import ClaimAnswer, EntryAnswer, MeAnswer, PresenceAnswer, held_by
from triage.desk.api.bodies import PresenceBody
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
            PresenceAnswer.of(db, staff), held_by(db, staff),
        )  # fmt: skip


@call("PUT", "/me/presence", NURSES, body=PresenceBody, answers={200: PresenceAnswer}, problems=(409,))
def put_my_presence(ask: Ask) -> PresenceAnswer:
    """Go ready, busy, on a break or off. A nurse who is ready by phone is rung when somebody waits."""
    with desk().database.transaction() as db:
        presence.put(db, ask.staff, ask.body.state, ask.body.via, now=ask.now)
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


@call("POST", "/queue/next", NURSES, answers={200: ClaimAnswer, 204: None})
def take_next(ask: Ask) -> ClaimAnswer | tuple[int, None]:
    """Claim the next person for me and ring me; the one I hold, if I hold one; 204 if nobody of my localities waits."""
    with desk().database.transaction() as db:
        entry = bridge.take_next(db, ask.staff, current(db).rules, now=ask.now)
        return ClaimAnswer.of(entry) if entry else (204, None)
