"""The key by which somebody on call says, on the telephone, that they have heard the service's own alarm."""

from typing import Final

import structlog
from flask import Response, request

from callflows.conversation import HangUp, Say, Turn
from telephony import numbers, twiml
from telephony.webhooks import line, now, voice
from triage import alarms
from triage.contacts import NotFound

log = structlog.get_logger(__name__)
NOTED: Final = "Noted. Nobody else is rung about it. The board has the details. Goodbye."
NOT_NOTED: Final = "That could not be noted, so others are rung as well. Please look at the board now. Goodbye."
NO_KEY: Final = "Not noted. Somebody else is rung. Goodbye."


@voice.post("/alarms/<alarm_id>/key")
def alarm_key(alarm_id: str) -> Response:
    """1 says that they have it. Whatever fails here, they hear that it is not noted: it is staff who listen."""
    said = NO_KEY
    if request.form.get("Digits", "")[:1] == "1":
        try:
            with line().database.transaction() as db:
                alarms.heard(db, alarm_id, numbers.e164(request.form.get("To")), now=now())
            said = NOTED
        except NotFound:
            said = NOT_NOTED
        except Exception as error:
            log.exception("alarm_not_noted", error=type(error).__name__)
            said = NOT_NOTED
    return twiml.answer(twiml.render(Turn("ended", (Say(said), HangUp())), twiml.Addresses()))
