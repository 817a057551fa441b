"""A real Redis-compatible server for one test process: the same program, and the same durable settings, as `make run`."""

import os
import shutil
import signal
import tempfile
from pathlib import Path

from triage.local import embedded
from triage.local.processes import Process, stop_all


class RedisServer:
    """A server on a Unix socket in a temporary folder. `url` works with redis-py and as REDIS_URL."""

    def __init__(self) -> None:
        # Not pytest's folder: its path is too long for a Unix socket.
        self.folder = Path(tempfile.mkdtemp(prefix="nwd-redis-"))
        self.socket = self.folder / "redis.sock"
        self.url = f"unix://{self.socket}"
        command = embedded.server_command(self.folder, self.socket)
        self.process = Process(
            "redis", command, environment=os.environ, log=self.folder / "redis.log", folder=self.folder
        )

    def start(self) -> None:
        """Start, or start again with the data that was kept; returns when it answers."""
        self.process.start()
        embedded.wait_until_it_answers(self.socket)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.end()

    def pause(self) -> None:
        """Stop answering while staying connected, as a hung machine does."""
        self.process.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Go on after `pause`."""
        self.process.signal(signal.SIGCONT)

    def close(self) -> None:
        """End it and remove what it kept."""
        self.resume()
        stop_all([self.process], patience_s=2)
        shutil.rmtree(self.folder, ignore_errors=True)
