"""What the disk keeps of a call that could not be recorded: all of it, sealed, and never in anybody's way."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from triage.spool import Event, Spool

AT = datetime(2026, 11, 22, 3, 14, tzinfo=UTC)
CALL = Event("call", "CA1", AT, "+447700900123", "+441632960100", danger=True)
TEXT = Event("text", "SM1", AT, "+447700900124", "+441632960100", words="he is outside the door")


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "deep" / "spool")


def test_what_was_kept_is_read_again_in_the_order_it_came(spool: Spool) -> None:
    assert spool.files() == []
    assert spool.keep(CALL)
    assert spool.keep(TEXT)
    assert [spool.read(file) for file in spool.files()] == [CALL, TEXT]
    for file in spool.files():
        spool.done(file)
    assert spool.count() == 0


def test_nobody_without_the_keys_reads_it_and_others_on_the_machine_cannot_open_it(spool: Spool) -> None:
    spool.keep(TEXT)
    [file] = spool.files()
    content = file.read_bytes()
    for secret in (b"outside", b"900124", b"SM1"):
        assert secret not in content
    assert file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0


def test_one_that_cannot_be_read_is_set_aside_and_the_others_are_read(spool: Spool) -> None:
    spool.keep(CALL)
    spool.keep(TEXT)
    first, second = spool.files()
    first.write_text("not sealed", encoding="utf-8")
    assert spool.read(first) is None
    assert spool.read(second) == TEXT
    assert spool.files() == [second]
    assert [file.suffix for file in first.parent.iterdir() if file != second] == [".bad"]


def test_one_moved_to_another_name_does_not_pass_for_another_event(spool: Spool) -> None:
    spool.keep(CALL)
    [file] = spool.files()
    assert spool.read(file.rename(file.with_name(f"0{file.name[1:-7]}x.event"))) is None


def test_a_folder_that_cannot_be_written_raises_nothing(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file stands where the folder should be", encoding="utf-8")
    assert not Spool(tmp_path / "taken").keep(CALL)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no full device on this machine")
def test_a_full_disk_raises_nothing_and_leaves_nothing_half_written(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def onto_a_full_disk(path: object, *args: int) -> int:
        return real("/dev/full", os.O_WRONLY) if str(path).endswith(".part") else real(path, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", onto_a_full_disk)
    assert not spool.keep(CALL)
    assert list(spool.folder.iterdir()) == []


def test_it_holds_no_more_than_it_may(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("triage.spool.MOST_EVENTS", 2)
    assert spool.keep(CALL)
    assert spool.keep(TEXT)
    assert not spool.keep(CALL)
    assert spool.count() == 2
