"""Setting up on a machine that lacks something: one sentence that says what, and nothing half-made."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOO_OLD = "#!/bin/sh\nexit 1\n"
NO_VENV = '#!/bin/sh\ncase "$2" in *version_info*) exit 0;; *) exit 1;; esac\n'


@pytest.mark.parametrize(
    ("python", "sentence"),
    [
        (TOO_OLD, "Python 3.11 or newer is needed"),
        (NO_VENV, "no venv module"),
        (None, "Python 3.11 or newer is needed"),
    ],
)
@pytest.mark.parametrize("want", ["runtime", "test"])
def test_a_python_that_will_not_do_is_one_sentence(
    tmp_path: Path, python: str | None, sentence: str, want: str
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for tool in ("cat", "cmp", "grep", "rm"):
        (programs / tool).symlink_to(str(shutil.which(tool)))
    if python:
        (programs / "python3").write_text(python)
        (programs / "python3").chmod(0o755)
    project = tmp_path / "project"
    project.mkdir()
    for name in ("requirements.lock", "requirements-test.lock", "pyproject.toml"):
        shutil.copyfile(ROOT / name, project / name)

    done = subprocess.run(
        ["/bin/sh", str(ROOT / "triage/local/setup.sh"), want],
        cwd=project,
        env={"PATH": str(programs)},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 4
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (project / ".venv").exists()


def test_what_is_set_up_already_is_left_alone_at_once(tmp_path: Path) -> None:
    venv = tmp_path / ".venv"
    (venv / "bin").mkdir(parents=True)
    for program in ("python", "nowrongdoor"):
        (venv / "bin" / program).write_text("#!/bin/sh\nexit 9\n")
        (venv / "bin" / program).chmod(0o755)
    (venv / ".made-in").write_text(f"{tmp_path.resolve()}\n")
    for name, stamp in (("requirements.lock", ".lock-runtime"), ("pyproject.toml", ".pyproject")):
        shutil.copyfile(ROOT / name, tmp_path / name)
        shutil.copyfile(ROOT / name, venv / stamp)

    done = subprocess.run(
        ["/bin/sh", str(ROOT / "triage/local/setup.sh"), "runtime"], cwd=tmp_path, capture_output=True, text=True
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
