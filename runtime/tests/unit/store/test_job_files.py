"""Job directories on a real file system; what any job files owe the use cases is in the contract rung."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from pulsar_runtime.domain.errors import DiskFull, FileNotThere, UnsafePath
from pulsar_runtime.domain.job import Tool
from pulsar_runtime.domain.paths import Directory, JobFile, RelativePath
from pulsar_runtime.store.job_files import JobDirectories

CREATED = {"inputs", "working", "outputs", "configs", "tool_files", "metadata"}


@pytest.fixture
def job(tmp_path: Path) -> Path:
    directory = tmp_path / "staging" / "1"
    JobDirectories().create(str(directory), Tool())
    return directory


def output(name: str) -> JobFile:
    return JobFile(Directory.OUTPUTS, RelativePath.parse(name))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("wanted", [0o700, 0o750, 0o755, 0o777])
def test_directories_have_the_configured_mode(tmp_path: Path, wanted: int) -> None:
    """With the umask that lets it through, as both processes set it."""
    before = os.umask(0o777 & ~wanted)
    try:
        files = JobDirectories(mode=wanted)
        files.create(str(tmp_path / "staging" / "1"), Tool())
        files.write(str(tmp_path / "staging" / "1"), output("sub/deep/a"), b"x")
    finally:
        os.umask(before)
    made = [path for path in (tmp_path / "staging" / "1").rglob("*") if path.is_dir()]
    assert {path.name for path in made} == CREATED | {"sub", "deep"}
    assert {mode(path) for path in [*made, tmp_path / "staging" / "1"]} == {wanted}


def test_files_of_a_closed_directory_are_closed_too(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        JobDirectories().create(str(tmp_path / "1"), Tool(id="t"))
        JobDirectories().write(str(tmp_path / "1"), output("a"), b"x")
    finally:
        os.umask(before)
    assert mode(tmp_path / "1" / "outputs" / "a") == 0o600
    assert mode(tmp_path / "1" / "tool_id") == 0o600


def test_the_staging_directory_is_made_for_this_user_alone(tmp_path: Path) -> None:
    JobDirectories(mode=0o755).create(str(tmp_path / "new" / "staging" / "1"), Tool())
    assert mode(tmp_path / "new" / "staging") == 0o700


def test_below_the_watermark_no_job_is_set_up(tmp_path: Path) -> None:
    volume = os.statvfs(tmp_path)
    free = volume.f_bavail * volume.f_frsize
    with pytest.raises(DiskFull, match=r"disk\.minimum_free_mb"):
        JobDirectories(minimum_free_bytes=free * 2).create(str(tmp_path / "1"), Tool())
    assert not (tmp_path / "1").exists()
    JobDirectories(minimum_free_bytes=free // 2).create(str(tmp_path / "1"), Tool())


def test_a_full_disk_is_called_so(job: Path) -> None:
    """/dev/full is always full (full(4)); a limit on the size of files is not what is meant."""
    with pytest.raises(DiskFull), JobDirectories().receiving(str(job), output("a")):
        os.write(os.open("/dev/full", os.O_WRONLY), b"x")
    assert list((job / "outputs").iterdir()) == []


def test_an_upload_is_removed_when_its_job_is_not_there_any_more(job: Path) -> None:
    files = JobDirectories()
    with pytest.raises(FileNotThere), files.receiving(str(job), output("sub/a")) as descriptor:  # noqa: PT012 - the block is what fails
        os.write(descriptor, b"x")
        files.clear(str(job))
    assert not job.exists()


def test_no_descriptor_stays_open(job: Path) -> None:
    files = JobDirectories()
    before = sorted(os.listdir("/proc/self/fd"))
    files.write(str(job), output("sub/a"), b"x")
    files.touch(str(job), output("sub/b"))
    files.make_parents(str(job), output("c/d"))
    files.expand(str(job), output("s*/a"))
    files.listing(str(job), Directory.JOB)
    for name in ("missing", "sub", "sub/a/x", "missing/x"):
        with pytest.raises((FileNotThere, UnsafePath)):
            files.open(str(job), output(name))
    files.open(str(job), output("sub/a")).close()
    with pytest.raises(ConnectionError), files.receiving(str(job), output("e")):
        raise ConnectionError
    files.clear(str(job))
    assert sorted(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("name", ["x" * 256, "\u00e9" * 128, "/".join(["d" * 250] * 17)])
def test_a_name_that_is_too_long_is_refused(job: Path, name: str) -> None:
    for call in (JobDirectories().touch, JobDirectories().make_parents):
        with pytest.raises(UnsafePath, match="long"):
            call(str(job), output(name))
    with pytest.raises(UnsafePath, match="long"):
        JobDirectories().write(str(job), output(name), b"x")


@pytest.mark.parametrize("name", ["x" * 255, "/".join(["d" * 250] * 14)])
def test_a_long_name_is_a_name(job: Path, name: str) -> None:
    files = JobDirectories()
    files.write(str(job), output(name), b"x")
    assert files.listing(str(job), Directory.OUTPUTS) == [name]
    assert files.read_text(str(job), output(name), None) == "x"


def test_a_file_does_not_replace_a_directory_nor_go_below_a_file(job: Path) -> None:
    files = JobDirectories()
    files.write(str(job), output("file"), b"x")
    files.write(str(job), output("directory/inside"), b"x")
    for name in ("directory", "file/below"):
        with pytest.raises(UnsafePath):
            files.write(str(job), output(name), b"y")
    assert files.listing(str(job), Directory.OUTPUTS) == ["directory/inside", "file"]


def test_a_directory_that_the_job_removed_is_made_again_for_an_upload(job: Path) -> None:
    (job / "outputs").rmdir()
    files = JobDirectories()
    files.write(str(job), output("a"), b"x")
    assert files.read_text(str(job), output("a"), None) == "x"


def test_reference_data_has_a_directory_once_there_is_some(job: Path) -> None:
    """It is not made at setup (protocol section 2.3)."""
    file = JobFile(Directory.UNSTRUCTURED, RelativePath.parse("5d41/ref.fa"))
    assert not (job / "unstructured").exists()
    JobDirectories().write(str(job), file, b">x")
    assert (job / "unstructured" / "5d41" / "ref.fa").read_text() == ">x"


def test_a_long_listing_lets_others_have_their_turn(job: Path) -> None:
    for number in range(1100):
        (job / "outputs" / str(number)).touch()
    turns: list[None] = []
    names = JobDirectories(pause=lambda: turns.append(None)).listing(str(job), Directory.OUTPUTS)
    assert len(names) == 1100
    assert turns


@pytest.mark.parametrize(
    ("pattern", "match"),
    [
        ("*", "a1.txt"),
        ("?1.txt", "a1.txt"),
        ("b*", "b.txt"),
        ("sub/*", "sub/c.txt"),
        (".*", ".hidden"),
        ("*/c.txt", "sub/c.txt"),
    ],
)
def test_a_pattern_means_what_it_means_in_a_shell(job: Path, pattern: str, match: str) -> None:
    for name in ("b.txt", "a1.txt", ".hidden", "sub/c.txt"):
        JobDirectories().write(str(job), output(name), b"x")
    assert JobDirectories().expand(str(job), output(pattern)) == output(match)


def test_another_problem_of_the_file_system_is_not_hidden(job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "rename", broken)
    with (
        pytest.raises(OSError, match=os.strerror(errno.EIO)),
        JobDirectories().receiving(str(job), output("a")),
    ):
        pass
    assert list((job / "outputs").iterdir()) == []
