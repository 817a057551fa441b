"""How often anybody may ask pages and API: enough for every screen that looks each second, not for a loop gone wrong.

Counted in Redis, so that all web processes count together; while Redis is away or frozen each counts by itself and
goes on serving. Webhooks are never counted: whoever rings or texts, the carrier asks from a handful of addresses.
Health is not counted for this machine itself. Redis holds digests, never a token, a name or an address.
"""

import hashlib
import hmac
import time
from collections.abc import Callable
from typing import Any, Final, cast

import structlog
from flask import Blueprint, Flask, current_app, request, session
from flask_limiter import Limiter, RateLimitExceeded
from limits import RateLimitItem, parse
from redis.backoff import NoBackoff
from redis.retry import Retry

from triage.settings import is_loopback

log = structlog.get_logger(__name__)
EXTENSION: Final = "nowrongdoor.limiter"
TOKEN: Final = "6000 per minute"  # noqa: S105 - a machine that reads the queue a hundred times a second is let be
SIGNED_IN: Final = "1200 per minute"  # a desk asks about twice a second; several windows, and every key she presses
STRANGER: Final = "1200 per minute"  # a hospital's whole night shift may sign in from one address
HEALTH: Final = "300 per minute"  # several balancers and monitors, each every second
WRONG_TOKENS: Final = parse("100 per minute")  # a token has 256 random bits: this only stops the noise
WAIT_S: Final = 0.25
FORWARDED: Final = "X-Forwarded-For"


def attach(app: Flask, *, redis_url: str) -> Limiter:
    """Bring the counting to this app; `count` and `counted` say what is counted."""
    limiter = Limiter(
        source, app=app, storage_uri=_storage(redis_url), storage_options=_at_once(),
        in_memory_fallback_enabled=True, swallow_errors=True, strategy="fixed-window", key_prefix="limits",
    )  # fmt: skip
    app.extensions[EXTENSION] = limiter
    return limiter


def count(app: Flask) -> None:
    """Put the two blueprints, once they are on the app, under its limits."""
    limiter: Limiter = app.extensions[EXTENSION]
    pages, api = (cast(Blueprint, app.blueprints[name]) for name in ("pages", "api"))
    limiter.limit(lambda: SIGNED_IN if _session() else STRANGER, key_func=lambda: _session() or source())(pages)
    limiter.limit(lambda: TOKEN if _token() else STRANGER, key_func=lambda: _token() or source())(api)


def counted(app: Flask, view: Callable[..., Any], *, unless: Callable[[], bool]) -> Callable[..., Any]:
    """A view of its own under the limit for monitors."""
    limiter = app.extensions.get(EXTENSION)
    return limiter.limit(HEALTH, exempt_when=unless)(view) if limiter else view


def wrong_token() -> int | None:
    """Count one wrong bearer token from where this request comes; the seconds to wait, once there were too many.

    A right token is never slowed by its neighbours' wrong ones.
    """
    limiter: Limiter | None = current_app.extensions.get(EXTENSION)
    if limiter is None:
        return None
    key = ("wrong-token", source())
    try:
        return None if limiter.limiter.hit(WRONG_TOKENS, *key) else _wait_s(limiter, WRONG_TOKENS, key)
    except Exception as error:  # the next request finds the other store
        log.warning("limits_not_counted", error=type(error).__name__)
        return None


def retry_after_s(error: Exception) -> int:
    """How long to wait after a refusal."""
    limiter: Limiter | None = current_app.extensions.get(EXTENSION)
    broken = limiter.current_limit if limiter and isinstance(error, RateLimitExceeded) else None
    return max(1, int(broken.reset_at - time.time()) + 1) if broken else 60


def _wait_s(limiter: Limiter, limit: RateLimitItem, key: tuple[str, str]) -> int:
    return max(1, int(limiter.limiter.get_window_stats(limit, *key).reset_time - time.time()) + 1)


def address() -> str:
    """Where a request comes from. Behind a proxy on this machine: what that proxy says, the last entry of its header,
    because all before it is the client's own word.
    """
    peer = request.remote_addr or ""
    forwarded = request.headers.get(FORWARDED, "").rpartition(",")[2].strip()[:64]
    return forwarded if forwarded and is_loopback(peer) else peer


def source() -> str:
    """The same as a digest."""
    return _digest("source", address())


def _token() -> str | None:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return _digest("token", token.strip()) if kind.lower() == "bearer" and token.strip() else None


def _session() -> str | None:
    staff = session.get("staff")
    return _digest("staff", str(staff)) if staff else None


def _digest(kind: str, value: str) -> str:
    key = str(current_app.secret_key).encode()
    return f"{kind}-{hmac.new(key, f'{kind}:{value}'.encode(), hashlib.sha256).hexdigest()[:24]}"


def _storage(redis_url: str) -> str:
    return redis_url.replace("unix://", "redis+unix://", 1) if redis_url.startswith("unix://") else redis_url


def _at_once() -> dict[str, Any]:
    """Give up at once: a frozen Redis must not hold a nurse's page."""
    return {"socket_timeout": WAIT_S, "socket_connect_timeout": WAIT_S, "retry": Retry(NoBackoff(), 0)}
