"""Whether a package of requirements.lock has a known fault that a newer version mends: `make advisories`.

Ends with 1 only then. Where no source of advisories can be reached it says so and ends well: a machine without one must
not pass for a machine that was told all is well.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
ALLOWED_S: Final = 20
NOBODY: Final = "ADVISORIES NOT CHECKED: no source of advisories can be reached from here."


def main() -> int:
    """Ask, and say what came of it."""
    told, fixable = verdict(asked(ROOT / "requirements.lock"))
    for sentence in told:
        print(sentence)
    return 1 if fixable else 0


def asked(lock: Path) -> list[dict[str, Any]] | None:
    """What pip-audit found of each package; None where it got no answer in time."""
    command = [str(Path(sys.executable).with_name("pip-audit")), "-r", str(lock), "--disable-pip", "--no-deps"]
    command += ["--timeout", "4", "--format", "json", "--progress-spinner", "off"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=ALLOWED_S)
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError):
        return None
    return found


def verdict(found: list[dict[str, Any]] | None) -> tuple[list[str], bool]:
    """Sentences for whoever reads the log, and whether a fault with a known fix is among them.

    A package the source does not know was not looked at: a mirror without advisories knows none of them.
    """
    known = [one for one in found or () if "vulns" in one]
    if not known:
        return [NOBODY], False
    told, fixable = [], False
    for one in known:
        for fault in one["vulns"]:
            mended = ", ".join(fault.get("fix_versions") or ())
            fixable = fixable or bool(mended)
            what = f"mended in {mended}: run `make lock`" if mended else "with no fix yet: read it and decide"
            told.append(f"{one['name']} {one['version']} has {fault['id']}, {what}.")
    unknown = len(found or ()) - len(known)
    told.append(f"Advisories: {len(known)} packages looked at, {unknown} unknown to the source, {len(told)} faults.")
    return told, fixable


if __name__ == "__main__":
    sys.exit(main())
