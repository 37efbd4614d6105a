"""A launch record says what became of a launch, to whoever comes later."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pulsar_runtime.managers import launch_record
from pulsar_runtime.managers.launch_record import LaunchRecord

MARK = "0123456789abcdef"


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "1-1")


def write(path: str, text: str) -> None:
    Path(path).write_text(text, encoding="ascii")


def test_a_new_record_is_held_by_whoever_made_it(path: str) -> None:
    descriptor = launch_record.create(path, MARK)
    assert launch_record.keeper_lives(path)
    record = launch_record.read(path)
    assert record == LaunchRecord(mark=MARK, boot=launch_record.boot_identity())
    os.close(descriptor)
    assert not launch_record.keeper_lives(path)
    assert launch_record.read(path) == record


def test_a_launch_is_begun_once(path: str) -> None:
    descriptor = launch_record.create(path, MARK)
    with pytest.raises(FileExistsError):
        launch_record.create(path, "another")
    os.close(descriptor)
    with pytest.raises(FileExistsError):
        launch_record.create(path, "another")
    record = launch_record.read(path)
    assert record is not None
    assert record.mark == MARK


def test_a_record_is_nobody_elses_business(path: str) -> None:
    os.close(launch_record.create(path, MARK))
    assert Path(path).stat().st_mode & 0o777 == 0o600


def test_a_child_that_inherits_the_record_holds_it_until_it_ends(path: str) -> None:
    descriptor = launch_record.create(path, MARK)
    with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE, pass_fds=[descriptor]) as child:
        os.close(descriptor)
        assert launch_record.keeper_lives(path)
        child.communicate(timeout=10)
    assert not launch_record.keeper_lives(path)


def test_asking_whether_a_keeper_lives_does_not_take_its_place(path: str) -> None:
    os.close(launch_record.create(path, MARK))
    assert [launch_record.keeper_lives(path) for _ in range(3)] == [False] * 3


def test_a_record_that_is_not_there_says_nothing(path: str) -> None:
    assert launch_record.read(path) is None
    assert not launch_record.keeper_lives(path)


@pytest.mark.parametrize(
    ("text", "record"),
    [
        ("m b\n", LaunchRecord(mark="m", boot="b")),
        ("m b\n42\n", LaunchRecord(mark="m", boot="b", pid=42)),
        ("m b\n42\nexit 0\n", LaunchRecord(mark="m", boot="b", pid=42, exit_code=0)),
        ("m b\n42\nexit 143\n", LaunchRecord(mark="m", boot="b", pid=42, exit_code=143)),
        ("m b\n42\nexit 143 told\n", LaunchRecord(mark="m", boot="b", pid=42, exit_code=143, told=True)),
        # A line without its end is still being written.
        ("m b\n4", LaunchRecord(mark="m", boot="b")),
        ("m b\n42\nexit 1", LaunchRecord(mark="m", boot="b", pid=42)),
        ("m b\n42\nex", LaunchRecord(mark="m", boot="b", pid=42)),
        ("m", None),
        ("", None),
        # What a file system may leave of a file that was not yet on the disk when the power went.
        ("\0" * 30, None),
    ],
)
def test_each_line_adds_to_what_is_known(path: str, text: str, record: LaunchRecord | None) -> None:
    write(path, text)
    assert launch_record.read(path) == record


def test_records_that_nobody_follows_are_swept_away(tmp_path: Path) -> None:
    for name in ("1-1", "1-2", "2-1"):
        write(str(tmp_path / name), "m b\n")
    launch_record.sweep(tmp_path, frozenset({"1-2", "9-9"}))
    assert [entry.name for entry in tmp_path.iterdir()] == ["1-2"]


def test_there_may_be_nothing_to_sweep(tmp_path: Path) -> None:
    launch_record.sweep(tmp_path / "not there", frozenset())


def test_the_boot_has_one_name_for_all_processes() -> None:
    """It is the kernel's boot id, and where that is to be seen also the start of process 1."""
    boot_id = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    name = launch_record.boot_identity()
    assert name.startswith(boot_id)
    assert len(name.split()) == 1
    assert launch_record.boot_identity() == name
