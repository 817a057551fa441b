"""The hazard log names tests that are there: a control without its test is a promise nobody checks."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NAMED = re.compile(r"`((?:tests/)?[\w/]*(?:test_\w+\.py|tests/[\w/]+))`")


def rows() -> list[tuple[str, list[str]]]:
    """Each hazard's id and the tests it names."""
    lines = list((ROOT / "docs" / "hazards.md").read_text(encoding="utf-8").splitlines())
    table = [line.split("|") for line in lines if re.match(r"\| H\d+ ", line)]
    return [(cells[1].strip(), NAMED.findall(cells[-2])) for cells in table]


def test_every_hazard_has_a_control_and_a_test() -> None:
    assert len(rows()) >= 20
    assert [hazard for hazard, tests in rows() if not tests] == []


@pytest.mark.parametrize(("hazard", "named"), [(hazard, test) for hazard, tests in rows() for test in tests])
def test_the_tests_it_names_are_there_and_none_of_them_is_skipped(hazard: str, named: str) -> None:
    found = [ROOT / named] if named.startswith("tests/") else list((ROOT / "tests").rglob(named))
    assert found, f"{hazard}: {named} is named and not there"
    assert all(path.exists() for path in found), f"{hazard}: {named} is named and not there"
    for path in found:
        files = path.rglob("*.py") if path.is_dir() else [path]
        for file in files:
            text = file.read_text(encoding="utf-8")
            assert "pytest.mark.xfail" not in text, f"{hazard}: {file.name} expects to fail"
            assert "pytest.mark.skip(" not in text, f"{hazard}: {file.name} is skipped"
