"""Starting, watching and stopping the processes of one machine, so that none is left behind.

Each process gets a session of its own (a Ctrl-C in the terminal reaches only the supervisor) and its output
goes straight to a log file. Stopping asks politely, waits, then ends whatever is left of the session,
grandchildren included. On Linux the kernel also asks a child to stop when the supervisor itself is killed.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

LOG_KEPT_BYTES = 5_000_000
PR_SET_PDEATHSIG = 1  # linux/prctl.h
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


def _stop_with_parent() -> None:
    if _prctl is not None:
        _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Process:
    """One child process that can be started again. Not for use from several threads."""

    def __init__(
        self,
        name: str,
        command: list[str],
        *,
        environment: Mapping[str, str],
        log: Path,
        folder: Path,
        user: str | None = None,
    ) -> None:
        """`command` is run in `folder`; what it prints is added to `log`. `user` needs root."""
        self.name = name
        self.command = command
        self.environment = dict(environment)
        self.log = log
        self.folder = folder
        self.user = user
        self.started_at = 0.0
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._child.pid if self._child is not None and self.running else None

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._child is not None and self._child.poll() is None

    @property
    def exit_code(self) -> int | None:
        """How it ended: negative for a signal, None while it runs or before it was started."""
        return self._child.poll() if self._child is not None else None

    def start(self) -> None:
        """Start it. Raises OSError if the program is not there or the log cannot be written."""
        if self.log.exists() and self.log.stat().st_size > LOG_KEPT_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as out:
            self._child = subprocess.Popen(
                self.command,
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_stop_with_parent,  # one prepared C call: no lock, no allocation
                user=self.user,
                group=None if self.user is None else _group_of(self.user),
                extra_groups=None if self.user is None else [],
            )
        self.started_at = time.monotonic()

    def signal(self, number: int) -> None:
        """Send a signal to the whole session, children included; no error if it is gone."""
        if self._child is not None:
            for pid in _session_members(self._child.pid) or [self._child.pid]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)

    def ask_to_stop(self) -> None:
        """Ask it to finish what it is doing and end."""
        if self._child is not None and self.running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._child.pid, signal.SIGTERM)

    def end(self) -> None:
        """End it now, with everything it started."""
        if self._child is None:
            return
        for pid in _session_members(self._child.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.running:
            self._child.kill()
        self._child.wait()

    def last_words(self, lines: int = 3) -> str:
        """The last lines of its log, to show why it ended."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, self.log.stat().st_size - 4000))
                return "\n".join(file.read().decode(errors="replace").strip().splitlines()[-lines:])
        except OSError:
            return ""


def stop_all(processes: Iterable[Process], *, patience_s: float) -> None:
    """Ask every process to stop, wait up to `patience_s` for all of them together, then end what is left."""
    processes = list(processes)
    for process in processes:
        process.ask_to_stop()
    deadline = time.monotonic() + patience_s
    while any(process.running for process in processes) and time.monotonic() < deadline:
        time.sleep(0.02)
    for process in processes:
        process.end()


def _group_of(user: str) -> int:
    import pwd

    return pwd.getpwnam(user).pw_gid


def _session_members(leader: int) -> list[int]:
    """Every living process of the session that `leader` began, where the system can tell (Linux)."""
    members = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            # pid (name) state ppid pgrp session ...: the name may hold spaces and brackets. See proc(5).
            fields = entry.read_text(errors="replace").rpartition(")")[2].split()
            if int(fields[3]) == leader and fields[0] != "Z":
                members.append(int(entry.parent.name))
    return members
