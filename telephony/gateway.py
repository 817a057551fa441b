"""Calls and texts through the carrier's REST API: `triage.ports.Carrier`, done with the carrier's own client.

Every request has a time-out (the client has none by itself) and is made once: the client would wait for ever, and a
blind repeat of a create rings or texts somebody twice (twilio.md 1.8). Used by worker and clock only, never by a
webhook.
"""

from datetime import datetime
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from telephony import numbers, twiml
from telephony.reports import ENDS, LIVE, TEXTS, trouble_of
from triage.ports import CarrierRefused, CarriersCall, CarrierUnavailable, Destination

TIMEOUT_S: Final = 5.0
ALARM_VALID_S: Final = 600
MOST_MEDIA: Final = 20  # twice what one text can hold
MOST_LISTED: Final = 1000  # the carrier's largest page
REASONS: Final = {
    20404: "gone", 21220: "gone", 20009: "on_its_way", 21610: "opted_out", 21211: "bad_number", 21214: "bad_number",
    21217: "bad_number", 21401: "bad_number", 13224: "bad_number", 21612: "bad_number", 21614: "landline",
    21635: "landline",
}  # fmt: skip


class OnceOnly(TwilioHttpClient):
    """One try with a time-out; with `api_base_url`, at the local carrier instead of the real one."""

    def __init__(self, api_base_url: str | None):
        super().__init__(timeout=TIMEOUT_S, max_retries=None)
        self._base = api_base_url

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        if self._base:
            parts = urlsplit(url)
            url = f"{self._base}{parts.path}" + (f"?{parts.query}" if parts.query else "")
        return super().request(method, url, *args, **kwargs)


class TwilioCarrier:
    """The carrier. Raises only CarrierUnavailable and CarrierRefused."""

    def __init__(self, *, account_sid: str, auth_token: str, base_url: str, api_base_url: str | None):
        self._base = base_url
        # An environment of its own, so that a stray TWILIO_REGION cannot reroute our calls (twilio.md 1.8).
        alone = {"TWILIO_ACCOUNT_SID": account_sid}
        self._client = Client(account_sid, auth_token, http_client=OnceOnly(api_base_url), environment=alone)

    def place_call(self, *, to: str, from_number: str, leg_id: str, ring_s: int) -> str:
        leg = f"{self._base}/voice/legs/{leg_id}"
        call = _asked(
            lambda: self._client.calls.create(
                to=to, from_=from_number, url=f"{leg}/answer", method="POST", timeout=ring_s,
                status_callback=f"{leg}/status", status_callback_method="POST",
                status_callback_event=["initiated", "ringing", "answered", "completed"],
            )
        )  # fmt: skip
        return str(call.sid)

    def move_caller(self, *, carrier_id: str, contact_id: str, where: Destination) -> None:
        url = f"{self._base}/voice/contacts/{contact_id}/{where}"
        _asked(lambda: self._client.calls(carrier_id).update(url=url, method="POST"))

    def hang_up(self, *, carrier_id: str) -> None:
        try:
            _asked(lambda: self._client.calls(carrier_id).update(status="completed"))
        except CarrierRefused as no:
            if no.reason != "gone":
                raise

    def send_text(self, *, to: str, from_number: str, body: str, message_id: str, valid_s: int) -> str:
        callback = f"{self._base}/sms/status?message={message_id}"
        message = _asked(
            lambda: self._client.messages.create(
                to=to, from_=from_number, body=body, status_callback=callback, validity_period=valid_s
            )
        )
        return str(message.sid)

    def find_text(self, *, to: str, containing: str, since: datetime) -> str | None:
        sent = _asked(lambda: self._client.messages.list(to=to, date_sent_after=since, limit=50))
        for message in sent:
            if containing in (message.body or "") and str(message.direction).startswith("outbound"):
                return str(message.sid)
        return None

    def tell(self, *, to: str, from_number: str, words: str, alarm_id: str | None = None) -> None:
        key_to = f"{self._base}/voice/alarms/{alarm_id}/key" if alarm_id else None
        said = twiml.spoken(words, times=3, key_to=key_to)
        _asked(lambda: self._client.calls.create(to=to, from_=from_number, twiml=said, timeout=25))

    def text_alarm(self, *, to: str, from_number: str, words: str) -> None:
        _asked(
            lambda: self._client.messages.create(to=to, from_=from_number, body=words, validity_period=ALARM_VALID_S)
        )

    def live_calls(self) -> dict[str, CarriersCall]:
        found: dict[str, CarriersCall] = {}
        for status in LIVE:
            page = _asked(partial(self._client.calls.list, status=status, limit=MOST_LISTED))
            if len(page) == MOST_LISTED:
                raise CarrierUnavailable("the carrier has more calls than one list holds", in_doubt=False)
            found |= {call.sid: _seen(call) for call in page}
        return found

    def calls_since(self, since: datetime) -> list[CarriersCall]:
        calls = _asked(
            lambda: self._client.calls.list(start_time_after=since, limit=MOST_LISTED * 10, page_size=MOST_LISTED)
        )
        return [seen for seen in map(_seen, calls) if seen.by_a_person]

    def call(self, carrier_id: str) -> CarriersCall | None:
        try:
            return _seen(_asked(lambda: self._client.calls(carrier_id).fetch()))
        except CarrierRefused as no:
            if no.reason != "gone":
                raise
            return None

    def held_calls(self) -> set[str]:
        held: set[str] = set()
        for queue in _asked(lambda: self._client.queues.list(limit=100)):
            held |= {member.call_sid for member in _all_in(self._client.queues(queue.sid).members)}
        rooms = self._client.conferences
        for status in ("init", "in-progress"):  # a room of one has not begun yet
            for room in _asked(partial(rooms.list, status=status, limit=MOST_LISTED)):
                held |= {person.call_sid for person in _all_in(rooms(room.sid).participants)}
        return held

    def text_state(self, carrier_id: str) -> tuple[str, str | None] | None:
        try:
            message = _asked(lambda: self._client.messages(carrier_id).fetch())
        except CarrierRefused as no:
            if no.reason != "gone":
                raise
            return None
        action = TEXTS.get(str(message.status))
        if action is None:
            return None
        return action, trouble_of(message.error_code) if action == "fail" else None

    def erase_text(self, *, carrier_id: str) -> None:
        message = self._client.messages(carrier_id)
        try:
            _asked(lambda: message.update(body=""))
            for piece in _asked(lambda: message.media.list(limit=MOST_MEDIA)):
                _asked(message.media(piece.sid).delete)
        except CarrierRefused as no:
            if no.reason != "gone":
                raise

    def address(self, path: str) -> str:
        """One of our addresses, as the carrier must have it."""
        return f"{self._base}{path}"

    def numbers(self) -> list[Any]:
        """The account's numbers with their webhooks, for `check`."""
        return list(_asked(lambda: self._client.incoming_phone_numbers.list(limit=200)))


def _seen(call: Any) -> CarriersCall:
    from_client = str(call._from or "").startswith("client:")
    return CarriersCall(
        carrier_id=str(call.sid), number=None if from_client else numbers.e164(call._from),
        dialled=numbers.e164(call.to) or str(call.to or "")[:64],
        by_a_person=call.direction == "inbound" and not from_client, outcome=ENDS.get(str(call.status)),
        began_at=call.start_time or call.date_created, parent=call.parent_call_sid,
    )  # fmt: skip


def _all_in(listed: Any) -> list[Any]:
    """The people in a queue or a room; nobody if it closed between the two questions."""
    try:
        return list(_asked(lambda: listed.list(limit=MOST_LISTED)))
    except CarrierRefused:
        return []


def _asked(request: Any) -> Any:
    try:
        return request()
    except TwilioRestException as error:
        raise _meaning(error) from error
    except TwilioException as error:  # what the client raises for a list that did not come
        raise CarrierUnavailable("the carrier did not give its list", in_doubt=False) from error
    except requests.ConnectTimeout as error:
        raise CarrierUnavailable("the carrier could not be reached", in_doubt=False) from error
    except requests.ConnectionError as error:
        refused = "NewConnectionError" in repr(error) or "Failed to establish" in repr(error)
        raise CarrierUnavailable("the connection to the carrier failed", in_doubt=not refused) from error
    except requests.RequestException as error:
        raise CarrierUnavailable("the carrier did not answer in time", in_doubt=True) from error


def _meaning(error: TwilioRestException) -> CarrierUnavailable | CarrierRefused:
    if error.code in REASONS:
        return CarrierRefused(REASONS[error.code])
    if error.status == 429:
        return CarrierUnavailable("the carrier asked us to slow down", in_doubt=False)
    if error.status >= 500:
        return CarrierUnavailable(f"the carrier answered {error.status}", in_doubt=True)
    if error.status in (401, 403):
        return CarrierUnavailable("the carrier does not accept our credentials", in_doubt=False)
    if error.status == 404:
        return CarrierRefused("gone")
    return CarrierRefused("refused")
