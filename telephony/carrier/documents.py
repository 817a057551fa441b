"""A call's documents: fetching each, falling back where one fails, and carrying out their verbs in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urljoin, urlsplit

from . import markup
from .calls import Leg
from .markup import Document, DocumentFailed, Verb
from .orders import Moved, Source
from .webhooks import WebhookFailed

MOST_WITHOUT_TIME = 60
"""Documents a call may go through without any carrier time passing: more is a loop that would never end."""


Handler = Callable[[Leg, Verb, Source], Source | None]
VERBS: dict[str, Handler] = {}
"""What carries out each verb; filled by `carries_out`."""


class CannotGoOn(Exception):
    """No usable document, and no usable fallback either."""


def carries_out(verb: str) -> Callable[[Handler], Handler]:
    """Name the verb a function carries out.

    It answers with the next document, or None to go on to the next verb.
    """

    def register(handler: Handler) -> Handler:
        VERBS[verb] = handler
        return handler

    return register


def carry_out(leg: Leg, first: Source) -> None:
    """Carry out documents, one leading to the next, until they end. Raises Ended, CannotGoOn, or Broken."""
    following: Source | None = first
    hops, at = 0, leg.carrier.clock.now()
    while following is not None:
        try:
            document, source = fetch_or_fall_back(leg, following)
            following = perform(leg, document, source)
        except Moved as moved:
            following = moved.source
        hops, at = (hops + 1, at) if leg.carrier.clock.now() - at < 1 else (0, leg.carrier.clock.now())
        if hops > MOST_WITHOUT_TIME:
            leg.carrier.warn(11750, "documents lead to each other without end", sid=leg.sid)
            raise CannotGoOn


def perform(leg: Leg, document: Document, source: Source) -> Source | None:
    """Carry out the verbs of one document. The next document, or None at its end."""
    for verb in document.verbs:
        following = VERBS[verb.name](leg, verb, source)
        if following is not None:
            return following
    return None


def fetch(leg: Leg, source: Source, context: str, extra: Mapping[str, str] | None = None) -> Document:
    """Ask for a document and read it, whatever is wrong in it but not fatal going to the warnings.

    Raises DocumentFailed, and whatever interrupted the call meanwhile.
    """
    if source.markup:
        body, content_type = source.markup.encode(), "text/xml"
    else:
        params = {**leg.params(), **(extra or {}), **source.params}
        kind = "voice" if context == "call" else f"voice-{context}"
        try:
            reply = leg.carrier.webhooks.send(source.url, params, kind=kind, method=source.method)
        except WebhookFailed as failed:
            leg.check()
            raise DocumentFailed(failed.code, str(failed)) from None
        body, content_type = reply.body, reply.content_type
    leg.check()
    document = markup.read(body, content_type, context)
    for warning in document.warnings:
        leg.carrier.warn(12200, warning, sid=leg.sid, url=source.url)
    return document


def fetch_or_fall_back(leg: Leg, source: Source) -> tuple[Document, Source]:
    """A call's next document, or its fallback's, with the source it came from. Raises CannotGoOn.

    A failing document is followed by the fallback at once, told ErrorCode and ErrorUrl
    (twilio.com/docs/usage/webhooks/voice-webhooks); the fallback's own failure is final.
    """
    try:
        return fetch(leg, source, "call"), source
    except DocumentFailed as failure:
        leg.carrier.warn(failure.code, str(failure), sid=leg.sid, url=source.url)
        fallback = leg.fallback
        if fallback is None or _plain(fallback.url) == _plain(source.url):
            raise CannotGoOn from None
        told = Source(
            fallback.url,
            fallback.method,
            params={"ErrorCode": str(failure.code), "ErrorUrl": _plain(source.url)},
        )
    try:
        return fetch(leg, told, "call"), Source(fallback.url, fallback.method)
    except DocumentFailed as failure:
        leg.carrier.warn(failure.code, str(failure), sid=leg.sid, url=fallback.url)
        raise CannotGoOn from None


def follow(source: Source, url: str, method: str, params: Mapping[str, str] | None = None) -> Source:
    """The document at `url`, which may be relative to the one it stands in; an empty one is that document
    again.
    """
    return Source(urljoin(source.url, url) if url else source.url, method or "POST", params=params or {})


def _plain(url: str) -> str:
    return urlsplit(url)._replace(fragment="").geturl()
