"""The pages on a real server in a thread, and people at real browsers."""

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import BaseWSGIServer, make_server

from tests.desk.pages_lab import Lab
from tests.harness.network import free_port

SCREENSHOTS = Path(__file__).resolve().parents[3] / "docs" / "screenshots"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--screenshots", action="store_true", help="write docs/screenshots/ from the pages as the tests see them"
    )


def _in_one_piece(app: Any) -> Any:
    """The app with each answer read whole and closed: this server leaves a file open when a browser goes away in the
    middle of an answer, and a warning about it would fail some later test. Gunicorn closes it.
    """

    def answer(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        body = app(environ, start_response)
        try:
            return [b"".join(body)]
        finally:
            if hasattr(body, "close"):
                body.close()

    return answer


class Served:
    """The pages at `url`, on a database with the example service. `stop` and `start` take the server away and back."""

    def __init__(self, lab: Lab):
        self.lab = lab
        self.database = lab.database
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._server: BaseWSGIServer | None = None
        self.start()

    def start(self) -> None:
        self._server = make_server("127.0.0.1", self.port, _in_one_piece(self.lab.app), threaded=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def sign_in(self, page: Any, name: str) -> None:
        """Pick a person; the page of their work opens."""
        page.goto(f"{self.url}/sign-in")
        page.get_by_role("button", name=name).click()
        page.wait_for_url(lambda url: not url.endswith("/sign-in"))


@pytest.fixture
def served(chromium: Any, new_database: Callable[[str], str]) -> Iterator[Served]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    lab = Lab(new_database("sqlite"))
    made = Served(lab)
    yield made
    made.stop()
    lab.close()


@pytest.fixture
def person(served: Served, new_page: Callable[..., Any]) -> Callable[..., Any]:
    """`person("Ana")`: her page, signed in, in a browser of her own. A fault in a script or the policy fails the test."""

    def open_(name: str, *, width: int = 1280, height: int = 900, scheme: str = "light", **options: Any) -> Any:
        page = new_page(viewport={"width": width, "height": height}, color_scheme=scheme, **options)
        page.on("pageerror", lambda error: pytest.fail(f"a script failed: {error}"))
        page.on("console", lambda said: _complain(said.text))
        served.sign_in(page, name)
        return page

    return open_


def _complain(said: str) -> None:
    if "Content Security Policy" in said or "Refused to" in said:
        pytest.fail(said)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each width and each colour scheme is looked at once; all four together when pictures are asked for."""
    if {"width", "scheme"} <= set(metafunc.fixturenames):
        looks = [(1280, "light"), (390, "dark")]
        if metafunc.config.getoption("--screenshots", default=False):
            looks += [(1280, "dark"), (390, "light")]
        metafunc.parametrize(("width", "scheme"), looks)


@pytest.fixture
def shoot(request: pytest.FixtureRequest) -> Callable[[Any, str], None]:
    """`shoot(page, "desk")`: a picture for the README, when asked for with --screenshots."""

    def take(page: Any, name: str) -> None:
        if request.config.getoption("--screenshots", default=False):
            SCREENSHOTS.mkdir(parents=True, exist_ok=True)
            size = page.viewport_size
            page.screenshot(path=SCREENSHOTS / f"{name}.png", clip={"x": 0, "y": 0, **size, "height": 760})

    return take
