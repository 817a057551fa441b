"""What the repository may hold: our own text, nobody's real number, no address of a package index, nothing third-party."""

import json
import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LARGEST_BYTES = 400_000
LONGEST_LINE = 1_000
TEXT_PICTURES = {".png", ".jpg", ".webp"}  # screenshots for the README, made by the tests

# Put together here, so that this file does not itself hold what it looks for.
INDEXES = [".".join(parts) for parts in (
    ("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"), ("yarnpkg", "com"), ("unpkg", "com"),
    ("jsdelivr", "net"), ("deb", "debian", "org"), ("cdnjs", "cloudflare", "com"), ("proxy", "golang", "org"), ("crates", "io"),
)]  # fmt: skip
INDEX_LINES = re.compile(r"^\s*(--(extra-)?index-url|--find-links|registry\s*=)", re.MULTILINE)
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|home/\w+|root|Users/\w+|opt/(?:wheels|pypi))(?:/|\b)")
WORDS = ["".join(parts) for parts in (
    ("chat", "gpt"), ("open", "ai"), ("anth", "ropic"), ("clau", "de"), ("co", "pilot"), ("language ", "model"),
    ("sub", "agent"), ("TO", "DO"), ("FIX", "ME"), ("lorem ", "ipsum"), ("risk ", "score"), ("risk_", "score"), ("high ", "risk"),
)]  # fmt: skip
FORBIDDEN = re.compile(r"\b(?:" + "|".join(re.escape(word) for word in WORDS) + r")\b", re.IGNORECASE)
MAY_SAY_FORBIDDEN = {
    "docs/",
    "tests/triage/keywords/",
}  # where the reason for a rule, or a caller's words, are quoted

# Ofcom, "Telephone numbers for use in TV and radio drama programmes".
DRAMA = [
    re.compile(r"\+447700900\d{3}$"),
    re.compile(r"\+441632960\d{3}$"),
    re.compile(r"\+4420 ?79460\d{3}$"),
    re.compile(r"\+448081570\d{3}$"),
]
PUBLIC_HELP = [re.compile(r"\+44116123$")]  # the Samaritans; 999, 112 and 111 are too short to be looked at
# Written for the world or for the country; shorter than nine digits is part of a number, and rings nobody.
BRITISH = re.compile(r"\+44(?:[ \-()]*\d){9,10}(?!\d)|(?<![\w.+])0(?=[12378])(?:[ \-()]?\d){10}(?!\w)")


@cache
def tracked() -> tuple[Path, ...]:
    """Every file that git tracks, or would if it were added, as it is on disk now."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return tuple(path for name in sorted(set(listed.stdout.split("\0"))) if name and (path := ROOT / name).is_file())


def texts() -> list[tuple[str, str]]:
    """Name and text of every tracked text file."""
    return [
        (path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
        for path in tracked()
        if path.suffix not in TEXT_PICTURES
    ]


def strange_numbers(text: str) -> list[str]:
    """British numbers in `text` that might ring somebody's telephone."""
    found = (re.sub(r"^0", "+44", re.sub(r"[ \-()]", "", number)) for number in BRITISH.findall(text))
    return [number for number in found if not any(pattern.match(number) for pattern in [*DRAMA, *PUBLIC_HELP])]


def test_every_number_is_one_that_reaches_nobody() -> None:
    assert {name: odd for name, text in texts() if (odd := strange_numbers(text))} == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("+447700900123 +44 1632 960111 +44116123", []),
        ("ring +44 20 7946 0018", []),
        ("ring +4420" + "71234567", ["+4420" + "71234567"]),
        ("+44 7700 90" + "1 123", ["+447700" + "901123"]),
        ("01632 960 190, 07700 900999", []),
        ("07700 90" + "1123 or 02071" + "234567", ["+447700" + "901123", "+442071" + "234567"]),
    ],
)
def test_a_strange_number_is_seen(text: str, found: list[str]) -> None:
    assert strange_numbers(text) == found


def test_no_file_names_a_package_index_or_a_place_on_somebodys_machine() -> None:
    found = []
    for name, text in texts():
        found += [f"{name}: {index}" for index in INDEXES if index in text]
        found += [f"{name}: {match[0].strip()}" for match in INDEX_LINES.finditer(text)]
        found += [f"{name}: {match[0]}" for match in MACHINE_PATH.finditer(text)]
    assert found == []


def test_no_file_says_what_it_should_not() -> None:
    found = [
        f"{name}: {match[0]}"
        for name, text in texts()
        if not name.startswith(tuple(MAY_SAY_FORBIDDEN))
        for match in FORBIDDEN.finditer(text)
    ]
    assert found == []


def test_nothing_third_party_minified_or_binary_is_kept() -> None:
    odd = []
    for path in tracked():
        name = path.relative_to(ROOT).as_posix()
        content = path.read_bytes()
        if path.suffix in TEXT_PICTURES and name.startswith("docs/"):
            continue
        if b"\0" in content or len(content) > LARGEST_BYTES:
            odd.append(f"{name}: binary or too large")
        elif ".min." in path.name or "/vendor/" in name or "node_modules/" in name:
            odd.append(f"{name}: somebody else's")
        elif (
            path.suffix in {".js", ".css", ".html", ".svg"}
            and max(map(len, content.splitlines()), default=0) > LONGEST_LINE
        ):
            odd.append(f"{name}: minified")
    assert odd == []


def test_locks_pin_every_package_by_hash_and_name_no_address() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = {
        "requirements.lock": project["project"]["dependencies"],
        "requirements-test.lock": project["project"]["optional-dependencies"]["test"],
        "requirements-node.lock": project["dependency-groups"]["node"],
    }
    for file, requirements in wanted.items():
        lock = (ROOT / file).read_text(encoding="utf-8")
        pinned = re.findall(
            r"^([a-z0-9.-]+)==[^\s;]+(?: ; [^\\]+?)? \\\n    --hash=sha256:[0-9a-f]{64}", lock, re.MULTILINE
        )
        assert len(pinned) == len(re.findall(r"^\S", lock, re.MULTILINE)), (
            f"{file} holds a line without a version and a hash"
        )
        named = {re.split(r"[\[<>=!~; ]", requirement)[0].lower() for requirement in requirements}
        assert named <= set(pinned), f"{file} lacks {named - set(pinned)}: `make lock`"
    runtime = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    for line in re.findall(r"^[a-z].*==.*$", runtime, re.MULTILINE):
        assert line in (ROOT / "requirements-test.lock").read_text(encoding="utf-8"), (
            f"the test lock has another {line}"
        )


def test_npm_packages_are_pinned_by_hash_and_name_no_address() -> None:
    wanted = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    for name, version in {**wanted["dependencies"], **wanted["devDependencies"]}.items():
        assert lock[f"node_modules/{name}"]["version"] == version, f"{name}: `make lock`"
    for name, package in lock.items():
        if name:
            assert package["integrity"].startswith("sha512-"), name
            assert "resolved" not in package, name


def test_every_setting_in_the_example_is_known_and_every_known_one_is_in_the_example() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    listed = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", example, re.MULTILINE))
    read = set(
        re.findall(r'env\.\w+\(\s*"([A-Z0-9_]+)"', (ROOT / "triage" / "settings.py").read_text(encoding="utf-8"))
    )
    assert read <= listed, f"not in .env.example: {read - listed}"
    assert listed - read <= {"WEB_BIND", "CARRIER_PORT", "NWD_VAR"}, f"nothing reads {listed - read}"
