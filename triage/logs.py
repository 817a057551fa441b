"""JSON lines on standard output, with secrets, numbers and free text masked wherever they come from."""

import logging
import re
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any

import structlog

# Six digits or more, with the spaces and marks people put between them: a telephone or NHS number, never an id of ours.
_NUMBER = re.compile(r"(?<![0-9a-zA-Z])\+?\d[\d\s().-]{4,}\d(?![0-9a-zA-Z])")
PERSONAL = {
    "number", "phone", "to", "from", "from_", "body", "text", "speech", "address", "postcode", "concern", "notes",
    "name", "email", "call_back", "digits", "caller",
}  # fmt: skip
# What opens something, wherever it stands in a line: bearer tokens, ours by their shape, the password in an address.
_TOKEN = re.compile(r"(?i:\b(bearer|basic)\s+)[\w.~+/=-]{8,}|\bnwd_[\w-]{8,}")
_PASSWORD = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s@/]+(?=@)")
SHORTEST_SECRET = 8  # a shorter one would cover ordinary words
MASK = "[masked]"
PLAIN = {"timestamp", "level", "event", "row", "ms", "attempt", "port"}


_secrets: set[str] = set()


def hide(secrets: Iterable[str]) -> None:
    """Never write these, from here on and whatever they stand in: this process's own secrets."""
    _secrets.update(secret for secret in secrets if len(secret) >= SHORTEST_SECRET)


def covered(text: str) -> str:
    """The text without secrets and without anything like a telephone number."""
    for secret in _secrets:
        text = text.replace(secret, MASK)
    return _NUMBER.sub(MASK, _PASSWORD.sub(rf"\1{MASK}", _TOKEN.sub(MASK, text)))


def mask(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Cover personal fields whole, and anything like a telephone number inside any other text."""
    for name, value in event.items():
        if name not in PLAIN:
            event[name] = _masked(name, value)
        elif isinstance(value, str):
            event[name] = covered(value) if name != "timestamp" else value
    event["event"] = covered(str(event.get("event", "")))
    return event


def _masked(name: str, value: Any) -> Any:
    if name in PERSONAL:
        return MASK
    if isinstance(value, dict):
        return {key: _masked(str(key), inside) for key, inside in value.items()}
    if isinstance(value, list | tuple | set):
        return [_masked("", inside) for inside in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return covered(value if isinstance(value, str) else str(value))


def set_up(process: str) -> None:
    """Log JSON lines from here on; libraries' own loggers come out the same way, from WARNING up."""
    chain: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _trace_without_values,
        mask,
    ]
    structlog.configure(
        processors=[*chain, structlog.processors.JSONRenderer()],
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=chain,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer(),
            ],
        )
    )  # fmt: skip
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    structlog.contextvars.bind_contextvars(process=process)


def _trace_without_values(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Where an error came from, by file and line; never its message, which may quote what somebody said."""
    given = event.pop("exc_info", None)
    if not given:
        return event
    error = given if isinstance(given, BaseException) else (given[1] if isinstance(given, tuple) else sys.exc_info()[1])
    if error is None:
        return event
    frames, trace = [], error.__traceback__
    while trace is not None:
        frames.append(f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}")
        trace = trace.tb_next
    event["error"] = type(error).__name__
    event["trace"] = " > ".join(frames[-8:])
    return event
