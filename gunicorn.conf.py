"""How gunicorn logs: one JSON object a line on standard output, like every other process of the service.

Only the server's own events are written. There is no access log: it would put webhook addresses and their
senders on disk for every ring of a crisis line, and the application logs each request by opaque id itself.
gunicorn reads this file by itself; everything else about the server is in the `Procfile`.
"""

import json
import logging
from datetime import UTC, datetime
from typing import Any

from gunicorn.workers.gthread import TConn


class JsonLines(logging.Formatter):
    """One event as one line of JSON, with the keys the application's own log lines use."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "event": record.getMessage(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "timestamp": datetime.fromtimestamp(record.created, tz=UTC).isoformat().replace("+00:00", "Z"),
        }
        if record.exc_info and record.exc_info[1]:
            line |= where(record.exc_info[1])
        return json.dumps(line)


def where(error: BaseException) -> dict[str, str]:
    """What kind of error, and where, by file and line: its message may quote a secret or what somebody said."""
    frames, trace = [], error.__traceback__
    while trace is not None:
        frames.append(f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}")
        trace = trace.tb_next
    return {"error": type(error).__name__, "trace": " > ".join(frames[-8:])}


STALLED_S = 4.0  # the carrier gives up after 15 s, and everybody behind a stalled sender waits with it
_begin = TConn.init


def begin(connection: TConn) -> None:
    """A sender who stops in the middle of a request gives its thread back: gunicorn alone would wait for ever, and
    eight such senders would silence the line. A proxy that reads requests whole before it passes them on is still
    needed.
    """
    _begin(connection)
    connection.sock.settimeout(STALLED_S)


TConn.init = begin

# Nothing the carrier, a browser or the API sends comes near these; what is longer is refused before a worker reads it.
limit_request_line = 4094
limit_request_fields = 64
limit_request_field_size = 8190


logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": JsonLines}},
    "handlers": {
        "stdout": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "json"},
    },
    "loggers": {
        "gunicorn.error": {"handlers": ["stdout"], "level": "INFO", "propagate": False},
        "gunicorn.access": {"handlers": [], "level": "CRITICAL", "propagate": False},
    },
    "root": {"level": "WARNING", "handlers": ["stdout"]},
}
