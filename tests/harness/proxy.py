"""A network that misbehaves: a proxy between the service and its database or Redis, told what to do meanwhile.

with Proxy.to_database(url) as network:
    stack = Stack(folder, database_url=network.database_url)
    network.is_silent()
    network.passes()
"""

import contextlib
import socket
import threading
from types import TracebackType
from typing import Final, Self

from sqlalchemy import make_url

from tests.harness.redis_server import RedisServer

CHUNK: Final = 65536
POSTGRES_PORT: Final = 5432
MODES: Final = ("refuses", "is_silent", "is_slow", "loses_answers")
SLOW_S: Final = 0.4


class Proxy:
    """Passes bytes on, until told otherwise. Connections made before a change of mode feel it too."""

    def __init__(self, family: int, target: str | tuple[str, int]) -> None:
        self._family, self._target = family, target
        self._mode = "passes"
        self._changed = threading.Condition()
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self.database_url = self.redis_url = ""
        threading.Thread(target=self._accept, daemon=True).start()

    @classmethod
    def to_database(cls, url: str) -> Self:
        """In front of a PostgreSQL server; `database_url` goes through it."""
        parsed = make_url(url)
        host, port = str(parsed.query.get("host") or parsed.host or "127.0.0.1"), parsed.port or POSTGRES_PORT
        if host.startswith("/"):
            proxy = cls(socket.AF_UNIX, f"{host}/.s.PGSQL.{port}")
        else:
            proxy = cls(socket.AF_INET, (host, port))
        through = parsed.difference_update_query(["host"]).set(host="127.0.0.1", port=proxy.port)
        proxy.database_url = through.render_as_string(hide_password=False)
        return proxy

    @classmethod
    def to_redis(cls, server: RedisServer) -> Self:
        """In front of a Redis server; `redis_url` goes through it."""
        proxy = cls(socket.AF_UNIX, str(server.socket))
        proxy.redis_url = f"redis://127.0.0.1:{proxy.port}/0"
        return proxy

    # What it does from now on

    def passes(self) -> None:
        """All is well again; what was kept back arrives."""
        self._set("passes")

    def refuses(self) -> None:
        """Connections break off, and new ones break off at once."""
        self._set("refuses")
        self._break_off()

    def is_silent(self) -> None:
        """Connections stand and are accepted, and no byte comes through: a frozen server, a cable pulled."""
        self._set("is_silent")

    def is_slow(self) -> None:
        """Every piece takes SLOW_S, each way."""
        self._set("is_slow")

    def loses_answers(self) -> None:
        """What is asked arrives and is done; half of its answer comes back, and the connection breaks off."""
        self._set("loses_answers")

    def close(self) -> None:
        """End every connection."""
        self._set("closed")
        self._listener.close()
        self._break_off()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # How

    def _set(self, mode: str) -> None:
        with self._changed:
            self._mode = mode
            self._changed.notify_all()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._mode in ("refuses", "closed"):
                _close(client)
                continue
            server = socket.socket(self._family)
            try:
                server.connect(self._target)
            except OSError:
                _close(client)
                _close(server)
                continue
            pair = (client, server)
            with self._changed:
                self._pairs.add(pair)
            for source, target in (pair, pair[::-1]):
                threading.Thread(target=self._pump, args=(source, target, pair), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, pair: tuple[socket.socket, socket.socket]) -> None:
        try:
            while piece := source.recv(CHUNK):
                with self._changed:
                    self._changed.wait_for(lambda: self._mode != "is_silent")
                    if self._mode == "is_slow":
                        self._changed.wait_for(lambda: self._mode != "is_slow", timeout=SLOW_S)
                    loses = self._mode == "loses_answers" and source is pair[1]
                target.sendall(piece[: len(piece) // 2] if loses else piece)
                if loses:
                    break
        except OSError:
            pass
        self._drop(pair)

    def _break_off(self) -> None:
        with self._changed:
            pairs = list(self._pairs)
        for pair in pairs:
            self._drop(pair)

    def _drop(self, pair: tuple[socket.socket, socket.socket]) -> None:
        with self._changed:
            self._pairs.discard(pair)
        for end in pair:
            _close(end)


def _close(end: socket.socket) -> None:
    """Close, waking whoever reads from it."""
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
