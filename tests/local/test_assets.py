"""Page assets: what is copied from the npm packages, what is left out, and when nothing is done."""

import json
from pathlib import Path

import pytest

from triage.local import assets
from triage.local.assets import AssetsWrong, Package, copy_packages, in_place, plain_script, plain_style
from triage.local.problems import NotWritable

FONT = "@font-face{font-family:X;src:url(https://fonts.example/a.woff2)}"
PACKAGES = (
    Package("look", (("dist/look.css", "look.css", plain_style),), images="dist/images"),
    Package("@maker/phone", (("phone.js", "phone.js", plain_script),)),
)


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    """Two small npm packages as `npm ci` leaves them."""
    files = {
        "look/package.json": json.dumps({"version": "1.2.3", "license": "MIT"}),
        "look/README.md": "Released under the MIT licence.",
        "look/dist/look.css": f"{FONT}a{{background:url(/assets/images/tick.svg)}}/*# sourceMappingURL=look.css.map */",
        "look/dist/images/tick.svg": "<svg/>",
        "look/dist/images/favicon.svg": "<svg>a protected logo</svg>",
        "look/dist/images/nhsuk-icon-180.png": "a protected logo",
        "@maker/phone/package.json": json.dumps({"version": "2.0.0", "license": "Apache-2.0"}),
        "@maker/phone/LICENSE.md": "Apache",
        "@maker/phone/phone.js": "call();\n//# sourceMappingURL=phone.js.map",
    }
    for name, text in files.items():
        (tmp_path / "node_modules" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "node_modules" / name).write_text(text)
    return tmp_path / "node_modules"


def test_the_files_are_copied_without_fonts_maps_or_logos(modules: Path, tmp_path: Path) -> None:
    target = tmp_path / "vendor"
    copy_packages(modules, PACKAGES, target, "recipe")
    assert (target / "look.css").read_text() == "a{background:url(images/tick.svg)}\n"
    assert (target / "phone.js").read_text() == "call();\n"
    assert [image.name for image in (target / "images").iterdir()] == ["tick.svg"]
    assert {file.name for file in (target / "licences").iterdir()} == {"look.txt", "maker-phone.txt"}
    listed = json.loads((target / "manifest.json").read_text())["packages"]
    assert [(one["name"], one["version"], one["licence"]) for one in listed] == [
        ("look", "1.2.3", "MIT"),
        ("@maker/phone", "2.0.0", "Apache-2.0"),
    ]
    assert list(tmp_path.glob(".assets-*")) == []


def test_the_files_count_as_in_place_until_anything_changes(modules: Path, tmp_path: Path) -> None:
    target = tmp_path / "vendor"
    assert not in_place(target, "recipe")
    copy_packages(modules, PACKAGES, target, "recipe")
    assert in_place(target, "recipe")
    assert not in_place(target, "another recipe")
    (target / "phone.js").write_text("call(); // changed by hand\n")
    assert not in_place(target, "recipe")
    copy_packages(modules, PACKAGES, target, "recipe")
    (target / "images" / "tick.svg").unlink()
    assert not in_place(target, "recipe")


@pytest.mark.parametrize(
    "css",
    [
        "a{background:url(https://elsewhere.example/x.png)}",
        "a{background:url(//elsewhere.example/x.png)}",
        '@import "HTTP://elsewhere.example/x.css";',
    ],
)
def test_a_style_that_loads_from_elsewhere_is_refused(modules: Path, tmp_path: Path, css: str) -> None:
    target = tmp_path / "vendor"
    copy_packages(modules, PACKAGES, target, "recipe")
    (modules / "look/dist/look.css").write_text(css)
    with pytest.raises(AssetsWrong, match="another host"):
        copy_packages(modules, PACKAGES, target, "recipe")
    assert in_place(target, "recipe"), "what was there must stay when the new files are refused"


def test_a_package_without_its_file_is_named(modules: Path, tmp_path: Path) -> None:
    (modules / "@maker/phone/phone.js").unlink()
    with pytest.raises(AssetsWrong, match="@maker/phone"):
        copy_packages(modules, PACKAGES, tmp_path / "vendor", "recipe")


def test_a_folder_that_cannot_be_written_is_one_sentence(modules: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(NotWritable, match="cannot be written"):
        copy_packages(modules, PACKAGES, tmp_path / "file" / "vendor", "recipe")


def test_an_npm_that_does_not_work_is_not_used(tmp_path: Path) -> None:
    broken = tmp_path / "npm"
    broken.write_text("#!/bin/sh\necho 6.14.4\n")
    broken.chmod(0o755)
    assert assets._npm_major([str(broken)], {}) < assets.OLDEST_NPM
    broken.write_text("#!/bin/sh\nexit 1\n")
    assert assets._npm_major([str(broken)], {}) == 0


def test_what_is_in_place_now_is_what_the_manifest_says() -> None:
    assert in_place(assets.PAGES, assets.recipe_of()), "`make assets` puts the page assets in place"
    manifest = json.loads((assets.PAGES / "manifest.json").read_text())
    pinned = json.loads((assets.ROOT / "package-lock.json").read_text())["packages"]
    for package in manifest["packages"]:
        assert package["version"] == pinned[f"node_modules/{package['name']}"]["version"]
