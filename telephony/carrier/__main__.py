"""`python -m telephony.carrier`: the local carrier as a process of its own."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from .server import Server
from .settings import Settings, WrongSetting, from_environment, read_config

LOOKS_UP_EVERY_S = 0.2
"""A signal may be handed to any thread, and Python's handler runs only when the main one wakes: it must never sleep
for good."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until told to stop. 0 after a stop that was asked for, 2 for a setting that cannot be honoured."""
    try:
        settings = _settings(arguments)
        server = Server(settings)
    except WrongSetting as problem:
        sys.stderr.write(f"carrier: {problem}\n")
        return 2
    except OSError:
        sys.stderr.write("carrier: the port is taken, or may not be listened on; choose another with --port\n")
        return 2
    stop = threading.Event()

    def asked_to_stop(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, asked_to_stop)
    signal.signal(signal.SIGINT, asked_to_stop)
    server.start()
    while not stop.wait(LOOKS_UP_EVERY_S):
        pass
    server.stop()
    return 0


def _settings(arguments: Sequence[str] | None) -> Settings:
    parser = argparse.ArgumentParser(prog="python -m telephony.carrier", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="loopback only (127.0.0.1)")
    parser.add_argument("--port", type=int, default=int(from_environment("CARRIER_PORT") or 8089), help="8089")
    parser.add_argument("--account-sid", default=from_environment("TWILIO_ACCOUNT_SID") or "")
    parser.add_argument("--auth-token", default=from_environment("TWILIO_AUTH_TOKEN") or "")
    parser.add_argument("--config", type=Path, help="JSON: numbers, defaults, twiml_app_voice_url, phonebook, ...")
    parser.add_argument("--state-dir", type=Path, help="keep texts and opt-outs here over a restart")
    parser.add_argument("--speed", type=float, default=1.0, help="carrier seconds a second (1)")
    given = parser.parse_args(arguments)
    if not 0 < given.speed <= 1000:
        raise WrongSetting("--speed must be above 0 and at most 1000")
    return Settings(
        account_sid=given.account_sid,
        auth_token=given.auth_token,
        host=given.host,
        port=given.port,
        speed=given.speed,
        state_dir=given.state_dir,
        api_key=from_environment("TWILIO_API_KEY") or "",
        api_secret=from_environment("TWILIO_API_SECRET") or "",
        **(read_config(given.config) if given.config else {}),
    )


if __name__ == "__main__":
    sys.exit(main())
