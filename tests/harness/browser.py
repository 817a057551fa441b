"""A real Chromium, driven by Playwright, that can reach this machine and nothing else; and axe-core to judge a page."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Page, Playwright, Request

from tests.harness.network import is_this_machine

AXE = Path(__file__).with_name("vendor") / "axe.min.js"
WCAG_AA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = [
    "--no-sandbox",  # root and containers; the pages are our own
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]


def find_chromium() -> str | None:
    """The Chromium to use: CHROMIUM if set, else one on the path. Playwright's own is never downloaded."""
    named = os.environ.get("CHROMIUM")
    return next(filter(None, (shutil.which(name) for name in ([named] if named else CHROMIUM_NAMES))), None)


def why_not() -> str | None:
    """Why the browser tests cannot run, in a sentence; None if they can."""
    if not find_chromium():
        return "no Chromium was found (Debian: 'apt-get install chromium', or set CHROMIUM to the program)"
    if not AXE.is_file():
        return "axe-core is not in place ('python -m triage.local.assets --with-tests' fetches it)"
    return None


def launch(playwright: Playwright) -> Any:
    """A headless browser."""
    return playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)


def only_this_machine(context: BrowserContext, in_vain: str = "") -> list[str]:
    """The addresses elsewhere that a page of the context asks for; the list grows as it asks.

    The browser's own resolver rules refuse them. Nothing is intercepted here: an intercepted request waits until the
    test next calls Playwright, and a test that waits for the service instead would wait for good. `in_vain` begins
    the names of hosts a page may ask for (it is refused all the same).
    """
    outside: list[str] = []

    def judge(asked: Request) -> None:
        host = urlsplit(asked.url).hostname
        if not is_this_machine(host) and not (in_vain and (host or "").startswith(in_vain)):
            outside.append(asked.url)

    context.on("request", judge)
    return outside


@dataclass(frozen=True)
class Violation:
    """One rule of WCAG (A or AA, up to 2.2) that a page breaks, and where."""

    rule: str
    help: str
    where: tuple[str, ...]


def axe(page: Page) -> list[Violation]:
    """What axe-core finds wrong with the page as it is now. Automated rules find only part of what people would."""
    if not page.evaluate("() => typeof window.axe === 'object'"):
        page.evaluate(f"() => {{ {AXE.read_text(encoding='utf-8')}\n }}")
    found = page.evaluate(
        "tags => window.axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']})",
        WCAG_AA,
    )
    return [
        Violation(one["id"], one["help"], tuple(node["html"][:200] for node in one["nodes"]))
        for one in found["violations"]
    ]
