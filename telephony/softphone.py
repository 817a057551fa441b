"""What a nurse's page needs to be a telephone: a short-lived token for the carrier's browser library, or the stand-in's
address where a local carrier takes the carrier's place."""

from collections.abc import Callable
from typing import Any, Final

from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant

LIVES_S: Final = 3600
EDGE: Final = "dublin"


def for_settings(
    account_sid: str, api_key: str, api_secret: str, twiml_app_sid: str, api_base_url: str | None
) -> Callable[[str], dict[str, Any]]:
    """The function a page asks, with a staff id, how to be a telephone. Without an API key the answer is: it cannot."""

    def softphone(staff_id: str) -> dict[str, Any]:
        if api_base_url:
            return {"kind": "stand_in", "url": api_base_url, "identity": staff_id}
        if not (api_key and api_secret and twiml_app_sid):
            return {"kind": "none"}
        token = AccessToken(account_sid, api_key, api_secret, identity=staff_id, ttl=LIVES_S)
        token.add_grant(VoiceGrant(outgoing_application_sid=twiml_app_sid, incoming_allow=True))
        return {"kind": "twilio", "token": token.to_jwt(), "expires_in": LIVES_S, "edge": EDGE}

    return softphone
