"""What the service is made of, under which licences, and whether a fault with a known fix is in it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.harness.databases import ROOT
from triage.local import advisories, sbom

pytestmark = pytest.mark.xdist_group("supply")  # the bill takes long to write: one worker writes it, once


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return sbom.made(ROOT)


def test_the_bill_of_materials_is_valid_and_holds_every_locked_package_and_no_test_tool(
    document: dict[str, Any],
) -> None:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(document)) is None
    names = {sbom.plain_name(one["name"]) for one in document["components"]}
    locked = set(sbom.locked((ROOT / "requirements.lock").read_text(encoding="utf-8")))
    assert locked - names <= {"setuptools", "colorama", "tzdata", "async-timeout"}, locked - names
    assert {"flask", "twilio", "htmx-org", "nhsuk-frontend", "@twilio/voice-sdk"} <= names
    assert not names & {"pytest", "ruff", "mypy", "playwright", "axe-core", "pip-audit"}
    for one in document["components"]:
        assert one["hashes"], one["name"]
        assert one["version"]


def test_every_licence_is_in_the_table(document: dict[str, Any]) -> None:
    assert sbom.refusals(document["components"]) == []


@pytest.mark.parametrize(
    ("licence", "fits"),
    [
        ("MIT", True), ("MIT OR Apache-2.0", True), ("MIT AND PSF-2.0", True), ("GPL-3.0-only OR MIT", False),
        ("AGPL-3.0-only", False), ("GNU Affero General Public License v3", False), ("GPL-2.0-or-later", False),
        ("LGPL-3.0-only", True), ("SSPL-1.0", False), ("BUSL-1.1", False), ("MIT AND Secret-1.0", False),
        ("License :: Other/Proprietary License", False), ("", False),
    ],
)  # fmt: skip
def test_a_licence_fits_or_is_refused(licence: str, fits: bool) -> None:
    assert sbom.fits(licence) is fits


def test_a_component_without_a_licence_is_refused() -> None:
    [sentence] = sbom.refusals([{"name": "mystery", "version": "1", "licenses": []}])
    assert "names no licence" in sentence


FAULT = {"id": "ADV-1", "fix_versions": ["2.1"]}


@pytest.mark.parametrize(
    ("found", "fails", "said"),
    [
        (None, False, advisories.NOBODY),
        ([], False, advisories.NOBODY),
        ([{"name": "a", "skip_reason": "not found"}], False, advisories.NOBODY),
        ([{"name": "a", "version": "1", "vulns": []}], False, "1 packages looked at, 0 unknown to the source, 0 faults"),
        ([{"name": "a", "version": "2", "vulns": [FAULT]}], True, "a 2 has ADV-1, mended in 2.1"),
        ([{"name": "a", "version": "2", "vulns": [{**FAULT, "fix_versions": []}]}], False, "with no fix yet"),
    ],
)  # fmt: skip
def test_only_a_fault_with_a_known_fix_fails_and_silence_is_never_taken_for_good_news(
    found: list[dict[str, Any]] | None, fails: bool, said: str
) -> None:
    told, fixable = advisories.verdict(found)
    assert fixable is fails
    assert any(said in sentence for sentence in told)


def test_every_package_is_installed_by_hash_and_nothing_else() -> None:
    setup = (ROOT / "triage" / "local" / "setup.sh").read_text(encoding="utf-8")
    assert "--require-hashes" in setup
    for file in Path(ROOT).glob("requirements*.lock"):
        lines = file.read_text(encoding="utf-8").splitlines()
        assert not [line for line in lines if re.match(r"^(-e|git\+|https?:|.*@ )", line)], file.name
