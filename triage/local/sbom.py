"""What the service is made of: `make sbom` writes `build/sbom.cdx.json` (CycloneDX) and `build/licences.txt`.

Only what runs in service is in it: the Python packages of requirements.lock, as they are installed here, and the page
assets of package-lock.json, each with the hashes of its lock. A licence that is unknown, or that would bind a trust
which runs or changes the service, is refused.
"""

import base64
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from triage.local.problems import Problem

ROOT: Final = Path(__file__).resolve().parents[2]
Component = dict[str, Any]

# As packages name them: SPDX where they can, the older classifiers where they do not yet.
GOOD: Final = {
    "0BSD", "Apache-2.0", "BSD-0-Clause", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "PSF-2.0",
    "Python-2.0", "Unlicense",
    "License :: OSI Approved :: BSD License", "License :: OSI Approved :: Apache Software License",
    "License :: OSI Approved :: MIT License",
}  # fmt: skip
# Used as they come and replaceable by whoever runs the service: what these ask for in return is met by naming them.
GOOD_UNCHANGED: Final = {
    "LGPL-3.0-only", "MPL-2.0", "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)",
}  # fmt: skip
# Packages whose own words are unclear, and what their licence file says.
READ_BY_US: Final = {
    "qrcode": "BSD-3-Clause",  # the second classifier, "Other", is for the notice of the code it was made from (MIT)
}
NEVER: Final = re.compile(r"AGPL|Affero|SSPL|BUSL|Commons-Clause|(?<!L)GPL", re.IGNORECASE)


class LicenceRefused(Problem):
    """A package's licence is unknown, or not one the service may stand on."""

    exit_code = 1


def main() -> int:
    """Write both files. 1, and a sentence for each, where a licence is refused."""
    build = ROOT / "build"
    build.mkdir(exist_ok=True)
    document = made(ROOT)
    (build / "sbom.cdx.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    listed = [
        f"{one['name']} {one['version']}: {' / '.join(licences(one)) or 'unknown'}" for one in document["components"]
    ]
    (build / "licences.txt").write_text("\n".join(listed) + "\n", encoding="utf-8")
    refused = refusals(document["components"])
    for sentence in refused:
        print(sentence, file=sys.stderr)
    print(f"build/sbom.cdx.json and build/licences.txt: {len(listed)} components.")
    return 1 if refused else 0


def made(root: Path) -> dict[str, Any]:
    """The whole document."""
    document = _environment(root)
    hashes = locked((root / "requirements.lock").read_text(encoding="utf-8"))
    kept = [one for one in document["components"] if plain_name(one["name"]) in hashes]
    for one in kept:
        one["hashes"] = [{"alg": "SHA-256", "content": digest} for digest in hashes[plain_name(one["name"])]]
    missing = set(hashes) - {plain_name(one["name"]) for one in kept} - {"setuptools"}
    document["components"] = kept + npm((root / "package-lock.json").read_text(encoding="utf-8"))
    refs = {one["bom-ref"] for one in document["components"]} | {document["metadata"]["component"]["bom-ref"]}
    document["dependencies"] = [
        {**one, "dependsOn": [ref for ref in one.get("dependsOn", ()) if ref in refs]}
        for one in document["dependencies"]
        if one["ref"] in refs
    ]
    document["metadata"].setdefault("properties", []).append(
        {"name": "nowrongdoor:not-installed-here", "value": ", ".join(sorted(missing)) or "nothing"}
    )
    return document


def _environment(root: Path) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "all.json"
        command = [str(Path(sys.executable).with_name("cyclonedx-py")), "environment", "--pyproject"]
        command += [str(root / "pyproject.toml"), "--output-reproducible", "-o", str(out), sys.executable]
        subprocess.run(command, check=True, timeout=120, capture_output=True)
        document: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
        return document


def plain_name(name: str) -> str:
    """A package's name as locks write it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(lock: str) -> dict[str, list[str]]:
    """The packages of a hash-pinned lock, each with its SHA-256 digests. What only Windows needs is left out."""
    found: dict[str, list[str]] = {}
    for name, rest in re.findall(r"^([A-Za-z0-9._-]+)==(.*(?:\n {4}.*)*)", lock, re.MULTILINE):
        if not re.search(r"(sys_platform|platform_system|os_name) == '(win32|Windows|nt)'", rest.splitlines()[0]):
            found[plain_name(name)] = re.findall(r"--hash=sha256:([0-9a-f]{64})", rest)
    return found


def npm(lock: str) -> list[Component]:
    """The page assets, without what only tests use."""
    found = []
    for path, package in json.loads(lock)["packages"].items():
        if not path or package.get("dev"):
            continue
        name = path.rpartition("node_modules/")[2]
        digest = base64.b64decode(package["integrity"].removeprefix("sha512-")).hex()
        purl = f"pkg:npm/{name.replace('@', '%40')}@{package['version']}"
        found.append(
            {
                "bom-ref": purl, "type": "library", "name": name, "version": package["version"], "purl": purl,
                "hashes": [{"alg": "SHA-512", "content": digest}], "licenses": _npm_licence(package.get("license")),
            }
        )  # fmt: skip
    return found


def _npm_licence(said: str | None) -> list[dict[str, Any]]:
    if not said:
        return []
    return [{"license": {"name": said}}] if said not in GOOD or said == "BSD-0-Clause" else [{"license": {"id": said}}]


def licences(component: Component) -> list[str]:
    """What a component says of its licence, once each."""
    if own := READ_BY_US.get(plain_name(component["name"])):
        return [own]
    said = []
    for one in component.get("licenses", ()):
        name = one.get("expression") or one["license"].get("id") or one["license"].get("name")
        if name and name not in said:
            said.append(name)
    return said


def refusals(components: list[Component]) -> list[str]:
    """A sentence for each component whose licence is unknown or refused."""
    found = []
    for one in components:
        said = licences(one)
        if not said:
            found.append(
                f"{one['name']} {one['version']} names no licence. Read it, and add it to READ_BY_US, or drop it."
            )
        elif unfit := [name for name in said if not fits(name)]:
            found.append(
                f"{one['name']} {one['version']} is under {', '.join(unfit)}, which is not in the table. Drop it."
            )
    return found


def fits(expression: str) -> bool:
    """Whether a licence, or an SPDX expression of several, is in the table: every part of AND, one part of OR."""
    good = GOOD | GOOD_UNCHANGED
    if expression in good:
        return True
    if NEVER.search(expression):
        return False
    parts = re.split(r"\s+OR\s+", expression.strip("() "))
    if len(parts) > 1:
        return any(fits(part) for part in parts)
    parts = re.split(r"\s+AND\s+", expression.strip("() "))
    return len(parts) > 1 and all(fits(part) for part in parts)


if __name__ == "__main__":
    sys.exit(main())
