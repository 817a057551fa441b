"""Imports run one way: callflows <- triage core <- telephony, triage/desk <- app. Read from the source, not trusted."""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OURS = ("app", "callflows", "triage", "telephony", "tests")
PART_FOLDERS = {  # longest first
    "telephony/carrier": "carrier",
    "triage/desk": "desk",
    "triage/local": "local",
    "telephony": "telephony",
    "triage": "triage",
    "callflows": "callflows",
    "app.py": "app",
}
MAY_IMPORT = {
    "callflows": {"callflows"},
    "triage": {"triage", "callflows"},
    "telephony": {"telephony", "triage", "callflows"},
    "desk": {"desk", "triage", "callflows"},
    "carrier": {"carrier"},
    "local": {"local"},
    "app": {"app", "callflows", "triage", "desk", "telephony"},
}
FORBIDDEN_LIBRARIES = {
    "triage": {"flask", "twilio", "werkzeug", "jinja2", "flask_wtf", "wtforms"},
    "desk": {"twilio"},
    "local": {"flask", "twilio", "sqlalchemy"},
    "carrier": {"sqlalchemy", "redis", "rq", "twilio"},
}


def modules() -> list[Path]:
    """Every module of the product, the ones that nobody imports included."""
    found = [path for part in ("callflows", "triage", "telephony") for path in (ROOT / part).rglob("*.py")]
    return sorted([*found, *ROOT.glob("app.py")])


def part_of(module: str) -> str | None:
    """The part that a dotted module name belongs to; None if it is not ours."""
    if module.split(".")[0] not in OURS:
        return None
    path = module.replace(".", "/")
    return next(
        (part for folder, part in PART_FOLDERS.items() if f"{path}/".startswith(f"{folder.removesuffix('.py')}/")),
        "tests",
    )


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Every module that a file names in an import, at the top or inside a function, with its line."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            start = ".".join(filter(None, (base, node.module)))
            # `from triage import desk` imports a module below the one it names
            yield from ((node.lineno, f"{start}.{alias.name}") for alias in node.names)


def wrong_arrows(path: Path) -> list[str]:
    """The imports in a file that DESIGN section 1 does not allow."""
    here = part_of(".".join(path.relative_to(ROOT).with_suffix("").parts))
    assert here, path
    wrong = []
    for line, module in imports(path):
        there = part_of(module)
        library = module.split(".")[0]
        if there is not None:
            refused = there not in MAY_IMPORT[here]
        elif here == "callflows":
            refused = library not in sys.stdlib_module_names
        else:
            refused = library in FORBIDDEN_LIBRARIES.get(here, set())
        if refused:
            wrong.append(f"{path.relative_to(ROOT)}:{line} ({here}) imports {module}")
    return wrong


def test_every_import_follows_the_arrows() -> None:
    assert [wrong for path in modules() for wrong in wrong_arrows(path)] == []


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("callflows/probe.py", "import structlog"),
        ("callflows/probe.py", "from triage import queue"),
        ("triage/probe.py", "from flask import Flask"),
        ("triage/probe.py", "def late():\n    import twilio.rest"),
        ("triage/probe.py", "from triage import desk"),
        ("triage/probe.py", "from .desk import pages"),
        ("triage/probe.py", "from telephony import voice"),
        ("triage/desk/probe.py", "from telephony.gateway import Gateway"),
        ("triage/desk/probe.py", "from ..local import run"),
        ("telephony/probe.py", "from triage.desk import pages"),
        ("telephony/carrier/probe.py", "from .. import signature"),
        ("telephony/carrier/probe.py", "import callflows.wording"),
        ("telephony/probe.py", "import app"),
        ("app.py", "from tests import factories"),
        ("app.py", "from telephony.carrier import server"),
    ],
)
def test_a_wrong_arrow_is_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, file: str, line: str) -> None:
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text(line)
    assert len(wrong_arrows(tmp_path / file)) == 1


def test_no_two_installed_packages_own_one_file() -> None:
    """The packages phonenumbers and phonenumberslite overwrite each other silently; others could."""
    owners = defaultdict(set)
    for distribution in distributions():
        for file in distribution.files or ():
            if "__pycache__" not in file.parts and ".." not in file.parts:
                owners[str(file)].add(distribution.metadata["Name"].lower().replace("_", "-"))
    assert {file: names for file, names in owners.items() if len(names) > 1} == {}
