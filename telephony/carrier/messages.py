"""Texts: in, out, and the words a carrier acts on by itself.

The built-in opt-out handling of long codes: twilio.com/docs/messaging/tutorials/advanced-opt-out and
support.twilio.com/hc/en-us/articles/223134027.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from . import markup
from .markup import Document, DocumentFailed, Verb
from .settings import Line
from .sids import new_sid
from .webhooks import WebhookFailed

if TYPE_CHECKING:
    from .carrier import Carrier

STOP_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
START_WORDS = frozenset({"START", "YES", "UNSTOP"})
HELP_WORDS = frozenset({"HELP", "INFO"})
STOP_REPLY = (
    "You have successfully been unsubscribed. You will not receive any more messages from this number. "
    "Reply START to resubscribe."
)
START_REPLY = (
    "You have successfully been re-subscribed to messages from this number. Reply HELP for help. "
    "Reply STOP to unsubscribe. Msg&Data Rates May Apply."
)
HELP_REPLY = "Reply STOP to unsubscribe. Msg&Data Rates May Apply."
LONGEST_BODY = 1600
MOST_MEDIA = 10
MOST_MEDIA_BYTES = 5 * 1024 * 1024  # of all pieces of one message: twilio.com/docs/messaging/api/media-resource
ON_ITS_WAY = frozenset({"accepted", "scheduled", "queued", "sending"})
SENT_AFTER_S = 0.4
DELIVERED_AFTER_S = 1.2
MOST_REDIRECTS = 10
GSM = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_DOUBLE = set("^{}\\[~]|€\f")


def segments(body: str) -> int:
    """How many texts `body` is sent as: 160 or 153 GSM-7 characters each, 70 or 67 UCS-2 units."""
    if set(body) <= GSM | GSM_DOUBLE:
        units, single, joined = len(body) + sum(c in GSM_DOUBLE for c in body), 160, 153
    else:
        units, single, joined = len(body.encode("utf-16-be")) // 2, 70, 67
    return 1 if units <= single else -(-units // joined)


@dataclass(eq=False)
class Media:
    """One piece that came with a text: a picture, a voice note."""

    content_type: str
    content: bytes
    sid: str = field(default_factory=lambda: new_sid("ME"))
    date_created: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(eq=False)
class Message:
    """One text. Its pieces of media live as long as this process."""

    direction: str
    from_: str
    to: str
    body: str
    status: str
    at_s: float
    callback: str = ""
    sid: str = field(default_factory=lambda: new_sid("SM"))
    error_code: int | None = None
    date_created: datetime = field(default_factory=lambda: datetime.now(UTC))
    date_updated: datetime = field(default_factory=lambda: datetime.now(UTC))
    date_sent: datetime | None = None
    media: list[Media] = field(default_factory=list)


class OptedOut(Exception):
    """The person stopped texts from this number (21610)."""


class Messages:
    """All the texts the carrier has carried, and who has stopped which number's."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier
        self.all: dict[str, Message] = {}
        self.stopped: set[tuple[str, str]] = set()

    def send(self, from_: str, to: str, body: str, callback: str, direction: str = "outbound-api") -> Message:
        """A text from a line: queued, then sent, then delivered. Raises OptedOut."""
        with self._carrier.clock.lock:
            if (from_, to) in self.stopped:
                raise OptedOut
            message = self._keep(Message(direction, from_, to, body, "queued", self._carrier.clock.now(), callback))
        self._carrier.clock.spawn(partial(self._deliver, message), f"text {message.sid}")
        return message

    def receive(self, from_: str, to: str, body: str, media: list[Media] | None = None) -> Message:
        """A person's text to a line, with what they put to it: its webhook is asked, and what it answers is sent.
        Returns at once.
        """
        message = Message("inbound", from_, to, body, "received", self._carrier.clock.now(), media=media or [])
        if media:
            message.sid = new_sid("MM")
        self._keep(message)
        self._carrier.clock.spawn(partial(self._tell_line, message), f"text {message.sid}")
        return message

    def of_phone(self, person: str) -> list[Message]:
        """The texts a phone has sent or received, oldest first."""
        with self._carrier.clock.lock:
            return [m for m in self.all.values() if person in {m.from_, m.to}]

    def _keep(self, message: Message) -> Message:
        with self._carrier.clock.lock:
            self.all[message.sid] = message
        self._carrier.log("text", sid=message.sid, direction=message.direction)
        return message

    # Out

    def _deliver(self, message: Message) -> None:
        clock, bell = self._carrier.clock, self._carrier.clock.bell()
        clock.wait(bell, SENT_AFTER_S, lambda: False)
        message.date_sent = datetime.now(UTC)
        self._becomes(message, "sent")
        clock.wait(bell, DELIVERED_AFTER_S - SENT_AFTER_S, lambda: False)
        if self._carrier.faults.take("unreachable", message.to):
            self._becomes(message, "undelivered", 30003)
            return
        self._becomes(message, "delivered")
        line = self._carrier.settings.numbers.get(message.to)
        if line is not None and line.sms_url:
            self.receive(message.from_, message.to, message.body)

    def _becomes(self, message: Message, status: str, error_code: int | None = None) -> None:
        with self._carrier.clock.lock:
            message.status, message.error_code = status, error_code
            message.date_updated = datetime.now(UTC)
        if not message.callback:
            return
        form = {
            "MessageSid": message.sid,
            "SmsSid": message.sid,
            "MessageStatus": status,
            "SmsStatus": status,
            "To": message.to,
            "From": message.from_,
            "AccountSid": self._carrier.settings.account_sid,
            "ApiVersion": "2010-04-01",
        }
        if error_code is not None:
            form["ErrorCode"] = str(error_code)
        self._carrier.callbacks.post(message.sid, message.callback, form, kind="sms-status")

    # In

    def _tell_line(self, message: Message) -> None:
        self._built_in(message)
        line = self._carrier.settings.line(message.to)
        if line is None or not line.sms_url:
            return
        form = self._form(message)
        url, method = line.sms_url, "POST"
        for _ in range(MOST_REDIRECTS):
            fetched = self._fetch(url, form, line, message)
            if fetched is None:
                return
            document, url = fetched
            following = self._perform(document, url, message)
            if following is None:
                return
            url, method = following
        self._carrier.warn(14101, "documents lead to each other without end", sid=message.sid, url=f"{url} {method}")

    def _fetch(self, url: str, form: dict[str, str], line: Line, message: Message) -> tuple[Document, str] | None:
        """The document answering a text, or its fallback's; None when there is neither, and the person hears
        nothing.
        """
        try:
            return self._ask(url, form, message), url
        except DocumentFailed as failure:
            self._carrier.warn(failure.code, str(failure), sid=message.sid, url=url)
            if not line.sms_fallback_url or url == line.sms_fallback_url:
                return None
            error = {"ErrorCode": str(failure.code), "ErrorUrl": urlsplit(url)._replace(fragment="").geturl()}
        try:
            return self._ask(line.sms_fallback_url, form | error, message), line.sms_fallback_url
        except DocumentFailed as failure:
            self._carrier.warn(failure.code, str(failure), sid=message.sid, url=line.sms_fallback_url)
            return None

    def _ask(self, url: str, form: dict[str, str], message: Message) -> Document:
        try:
            reply = self._carrier.webhooks.send(url, form, kind="sms")
        except WebhookFailed as failed:
            raise DocumentFailed(failed.code, str(failed)) from None
        if not reply.body.strip():
            return Document([])
        document = markup.read(reply.body, reply.content_type, "message")
        for warning in document.warnings:
            self._carrier.warn(12200, warning, sid=message.sid, url=url)
        return document

    def _perform(self, document: Document, url: str, message: Message) -> tuple[str, str] | None:
        for verb in document.verbs:
            if verb.name == "Redirect":
                return urljoin(url, verb.text), verb.get("method", "POST")
            self._reply(verb, url, message)
        return None

    def _reply(self, verb: Verb, url: str, message: Message) -> None:
        body = verb.text or next((c.text for c in verb.children if c.name == "Body"), "")
        callback = verb.get("statusCallback") or verb.get("action")
        if not body or len(body) > LONGEST_BODY:
            self._carrier.warn(14103 if not body else 21617, "a reply must be 1 to 1600 characters", sid=message.sid)
            return
        try:
            self.send(
                verb.get("from") or message.to,
                verb.get("to") or message.from_,
                body,
                urljoin(url, callback) if callback else "",
                "outbound-reply",
            )
        except OptedOut:
            self._carrier.warn(21610, "the person has stopped texts from this number", sid=message.sid, url=url)

    def _built_in(self, message: Message) -> None:
        """What a long code does by itself with a single word. The webhook is asked all the same."""
        word = message.body.strip().upper()
        pair = (message.to, message.from_)
        if word in STOP_WORDS:
            self._canned(message, STOP_REPLY)
            self.stopped.add(pair)
        elif word in START_WORDS and pair in self.stopped:
            self.stopped.discard(pair)
            self._canned(message, START_REPLY)
        elif word in HELP_WORDS:
            self._canned(message, HELP_REPLY)

    def _canned(self, message: Message, body: str) -> None:
        if (message.to, message.from_) not in self.stopped:
            self.send(message.to, message.from_, body, "", "outbound-reply")

    def _form(self, message: Message) -> dict[str, str]:
        return {
            "ToCountry": "GB" if message.to.startswith("+44") else "",
            "ToState": "",
            "SmsMessageSid": message.sid,
            "NumMedia": str(len(message.media)),
            "ToCity": "",
            "FromZip": "",
            "SmsSid": message.sid,
            "FromState": "",
            "SmsStatus": "received",
            "FromCity": "",
            "Body": message.body,
            "FromCountry": "GB" if message.from_.startswith("+44") else "",
            "To": message.to,
            "ToZip": "",
            "NumSegments": str(segments(message.body)),
            "MessageSid": message.sid,
            "AccountSid": self._carrier.settings.account_sid,
            "From": message.from_,
            "ApiVersion": "2010-04-01",
            **self._media_form(message),
        }

    def _media_form(self, message: Message) -> dict[str, str]:
        account = f"{self._carrier.url}/2010-04-01/Accounts/{self._carrier.settings.account_sid}"
        form = {}
        for at, piece in enumerate(message.media):
            form[f"MediaContentType{at}"] = piece.content_type
            form[f"MediaUrl{at}"] = f"{account}/Messages/{message.sid}/Media/{piece.sid}"
        return form
