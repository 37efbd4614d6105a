"""Whatever links a job makes, what lies outside its directories is neither read, listed nor written."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from pulsar_runtime.domain.errors import FileNotThere, UnsafePath
from pulsar_runtime.domain.job import Tool
from pulsar_runtime.domain.paths import Directory, JobFile, RelativePath
from pulsar_runtime.store.job_files import JobDirectories

FILES = JobDirectories()


@attrs.frozen
class Job:
    """A job directory, its outputs, and something outside that must stay as it is."""

    directory: Path
    outside: Path

    @property
    def outputs(self) -> Path:
        return self.directory / "outputs"

    def outside_is_untouched(self) -> bool:
        return {path.name: path.read_text() for path in self.outside.rglob("*") if path.is_file()} == {
            "secret": "secret text"
        }


@pytest.fixture
def job(tmp_path: Path) -> Job:
    directory, outside = tmp_path / "staging" / "1", tmp_path / "outside"
    FILES.create(str(directory), Tool())
    (outside / "sub").mkdir(parents=True)
    (outside / "sub" / "secret").write_text("secret text")
    (directory / "outputs" / "real").mkdir()
    (directory / "outputs" / "real" / "file").write_text("own text")
    return Job(directory, outside)


def output(name: str) -> JobFile:
    return JobFile(Directory.OUTPUTS, RelativePath.parse(name))


def text(job: Job, name: str) -> str | None:
    return FILES.read_text(str(job.directory), output(name), None)


def listed(job: Job) -> list[str]:
    return FILES.listing(str(job.directory), Directory.OUTPUTS)


def write(job: Job, name: str) -> None:
    FILES.write(str(job.directory), output(name), b"written")


# --- links that stay inside --------------------------------------------------------------------------------

INSIDE: dict[str, Callable[[Job], str]] = {
    "beside": lambda _: "real/file",
    "around": lambda _: "real/../real/./file",
    "absolute": lambda job: str(job.outputs / "real" / "file"),
    "through the job directory": lambda _: "../outputs/real/file",
}


@pytest.mark.parametrize("kind", ["beside", "around", "absolute"])
def test_a_link_to_a_file_inside_is_listed_and_read(job: Job, kind: str) -> None:
    (job.outputs / "link").symlink_to(INSIDE[kind](job))
    assert listed(job) == ["link", "real/file"]
    assert text(job, "link") == "own text"


def test_every_listed_name_can_be_opened(job: Job) -> None:
    """A client that cannot fetch what is listed calls the whole job failed (protocol section 1.9)."""
    for number, target in enumerate(make(job) for make in INSIDE.values()):
        (job.outputs / f"link{number}").symlink_to(target)
    (job.outputs / "chain").symlink_to("link0")
    for name in listed(job):
        FILES.open(str(job.directory), output(name)).close()


def test_a_linked_directory_is_not_listed_but_its_files_can_be_named(job: Job) -> None:
    (job.outputs / "linked").symlink_to("real")
    assert listed(job) == ["real/file"]
    assert text(job, "linked/file") == "own text"
    write(job, "linked/new")
    assert (job.outputs / "real" / "new").read_text() == "written"


def test_writing_replaces_a_link_and_not_what_it_leads_to(job: Job) -> None:
    (job.outputs / "link").symlink_to("real/file")
    write(job, "link")
    assert not (job.outputs / "link").is_symlink()
    assert (job.outputs / "real" / "file").read_text() == "own text"


# --- links that lead out -----------------------------------------------------------------------------------

OUTSIDE: dict[str, Callable[[Job], str]] = {
    "absolute": lambda job: str(job.outside / "sub"),
    "relative": lambda _: "../../../outside/sub",
    "around": lambda _: "real/../../../../outside/sub",
    "by the kernel": lambda job: f"/proc/self/root{job.outside}/sub",
}
leading_out = pytest.mark.parametrize("kind", OUTSIDE)


@leading_out
def test_a_file_outside_is_neither_listed_nor_read(job: Job, kind: str) -> None:
    (job.outputs / "link").symlink_to(OUTSIDE[kind](job) + "/secret")
    assert listed(job) == ["real/file"]
    assert text(job, "link") is None
    with pytest.raises(UnsafePath):
        FILES.open(str(job.directory), output("link"))


@leading_out
@pytest.mark.parametrize("name", ["link/secret", "link/new", "link/new/deep"])
def test_nothing_is_read_or_written_through_a_directory_outside(job: Job, kind: str, name: str) -> None:
    (job.outputs / "link").symlink_to(OUTSIDE[kind](job))
    assert text(job, name) is None
    for change in (write, lambda job, name: FILES.touch(str(job.directory), output(name))):
        with pytest.raises((UnsafePath, FileNotThere)):
            change(job, name)
    assert job.outside_is_untouched()
    assert listed(job) == ["real/file"]


@leading_out
def test_writing_a_file_replaces_a_link_that_leads_out(job: Job, kind: str) -> None:
    (job.outputs / "link").symlink_to(OUTSIDE[kind](job) + "/secret")
    write(job, "link")
    assert text(job, "link") == "written"
    assert job.outside_is_untouched()


@leading_out
def test_touching_a_file_does_not_follow_a_link_that_leads_out(job: Job, kind: str) -> None:
    (job.outputs / "link").symlink_to(OUTSIDE[kind](job) + "/created")
    FILES.touch(str(job.directory), output("link"))
    assert job.outside_is_untouched()


@leading_out
@pytest.mark.parametrize("name", ["link", "link/new", "link/secret"])
def test_no_path_is_given_that_leads_out(job: Job, kind: str, name: str) -> None:
    """A client with the same file system copies to it."""
    (job.outputs / "link").symlink_to(OUTSIDE[kind](job))
    with pytest.raises((UnsafePath, FileNotThere)):
        FILES.make_parents(str(job.directory), output(name))
    assert job.outside_is_untouched()


def test_no_path_is_given_to_a_link_that_leads_nowhere(job: Job) -> None:
    """Whoever writes there makes the file that the link names."""
    (job.outputs / "link").symlink_to(job.outside / "created")
    with pytest.raises(UnsafePath):
        FILES.make_parents(str(job.directory), output("link"))


@leading_out
def test_no_pattern_finds_what_lies_outside(job: Job, kind: str) -> None:
    (job.outputs / "link").symlink_to(OUTSIDE[kind](job))
    with pytest.raises(FileNotThere):
        FILES.expand(str(job.directory), output("link/s*"))
    with pytest.raises(FileNotThere):
        FILES.expand(str(job.directory), output("*/secret"))


@leading_out
def test_a_directory_of_the_job_that_was_swapped_for_a_link_leads_nowhere(job: Job, kind: str) -> None:
    job.outputs.rename(job.directory / "moved")
    target = OUTSIDE[kind](job)
    job.outputs.symlink_to(target if target.startswith("/") else target.removeprefix("../"))
    assert listed(job) == []
    assert text(job, "secret") is None
    with pytest.raises((UnsafePath, FileNotThere)):
        write(job, "new")
    with pytest.raises((UnsafePath, FileNotThere)):
        FILES.touch(str(job.directory), output("new"))
    assert job.outside_is_untouched()


def test_a_job_directory_that_was_swapped_for_a_link_leads_nowhere(job: Job) -> None:
    job.directory.rename(job.directory.with_name("moved"))
    job.directory.symlink_to(job.outside)
    (job.outside / "outputs").mkdir()
    with pytest.raises((UnsafePath, FileNotThere)):
        write(job, "new")
    with pytest.raises((UnsafePath, FileNotThere)):
        FILES.create(str(job.directory), Tool(id="t"))
    with pytest.raises((UnsafePath, FileNotThere)):
        FILES.touch(str(job.directory), output("new"))
    assert listed(job) == []
    assert FILES.listing(str(job.directory), Directory.JOB) == []
    assert job.outside_is_untouched()


def test_the_staging_directory_itself_may_be_a_link(job: Job, tmp_path: Path) -> None:
    """An administrator's link is not a job's."""
    (tmp_path / "linked").symlink_to(job.directory.parent)
    directory = str(tmp_path / "linked" / "1")
    FILES.write(directory, output("new"), b"written")
    assert FILES.read_text(directory, output("new"), None) == "written"
    assert FILES.listing(directory, Directory.OUTPUTS) == ["new", "real/file"]


def test_notes_about_the_tool_are_not_written_through_a_link(job: Job) -> None:
    (job.directory / "tool_id").unlink()
    (job.directory / "tool_id").symlink_to(job.outside / "sub" / "secret")
    FILES.create(str(job.directory), Tool(id="cat1"))
    assert job.outside_is_untouched()
    assert (job.directory / "tool_id").read_text() == '"cat1"'


# --- what is no file at all --------------------------------------------------------------------------------


def _linked_fifo(path: Path) -> None:
    os.mkfifo(path.with_name("fifo"))
    path.symlink_to("fifo")


STRANGE: dict[str, Callable[[Path], None]] = {
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link to nowhere": lambda path: path.symlink_to("nowhere"),
    "a link with a long name": lambda path: path.symlink_to("x" * 300),
    "a link through a file": lambda path: path.symlink_to("real/file/x"),
    "a link to a directory": lambda path: path.symlink_to("real"),
    "a link to the directory itself": lambda path: path.symlink_to("."),
    "a link to a device": lambda path: path.symlink_to("/dev/zero"),
    "a link to a terminal": lambda path: path.symlink_to("/dev/tty"),
    "a link to memory": lambda path: path.symlink_to("/proc/self/mem"),
    "a link to standard input": lambda path: path.symlink_to("/dev/stdin"),
    "a FIFO": os.mkfifo,
    "a link to a FIFO": _linked_fifo,
    "a directory": lambda path: path.mkdir(),
}


@pytest.mark.parametrize("kind", STRANGE)
def test_what_is_no_file_is_neither_listed_nor_read_and_holds_nobody_up(job: Job, kind: str) -> None:
    STRANGE[kind](job.outputs / "strange")
    assert listed(job) == ["real/file"]
    assert text(job, "strange") is None
    with pytest.raises((FileNotThere, UnsafePath)):
        FILES.open(str(job.directory), output("strange"))


def test_a_socket_is_not_a_file(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(job.outputs)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        assert listed(job) == ["real/file"]
        with pytest.raises(FileNotThere):
            FILES.open(str(job.directory), output("socket"))


@pytest.mark.parametrize("name", [b"\xff", b"caf\xe9", b"sub\xff/file"])
def test_a_name_that_is_not_text_is_not_listed(job: Job, name: bytes) -> None:
    """It could not be told to a client."""
    path = Path(os.fsdecode(os.fsencode(job.outputs) + b"/" + name))
    path.parent.mkdir(exist_ok=True)
    path.write_text("x")
    assert listed(job) == ["real/file"]
    assert all(name.isascii() for name in FILES.listing(str(job.directory), Directory.JOB))


@pytest.mark.parametrize("name", ["na\u00efve \u2603", "new\nline", "-rf", "*", " ", "\u202e", "..."])
def test_any_other_name_is_listed_and_read(job: Job, name: str) -> None:
    (job.outputs / name).write_text("x")
    assert listed(job) == sorted([name, "real/file"])
    assert text(job, name) == "x"


def test_an_upload_in_progress_is_not_listed(job: Job) -> None:
    with FILES.receiving(str(job.directory), output("new")):
        assert listed(job) == ["real/file"]
        assert len(list(job.outputs.iterdir())) == 2
    assert listed(job) == ["new", "real/file"]
