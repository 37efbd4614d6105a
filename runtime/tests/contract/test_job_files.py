"""What the use cases may rely on, wherever job directories are."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pulsar_runtime.domain.errors import Conflict, FileNotThere
from pulsar_runtime.domain.job import Tool
from pulsar_runtime.domain.paths import Directory, JobFile, RelativePath
from pulsar_runtime.ports import JobFiles
from pulsar_runtime.store.job_files import JobDirectories
from pulsar_runtime.testing.job_files import InMemoryJobFiles

TOOL = Tool(id="cat1", version="1.0")


@pytest.fixture(params=["twin", "directories"])
def files(request: pytest.FixtureRequest) -> JobFiles:
    return InMemoryJobFiles() if request.param == "twin" else JobDirectories()


@pytest.fixture
def job(files: JobFiles, tmp_path: Path) -> str:
    """Return the directory of a job that was set up."""
    directory = str(tmp_path / "staging" / "1")
    files.create(directory, TOOL)
    return directory


def output(name: str) -> JobFile:
    return JobFile(Directory.OUTPUTS, RelativePath.parse(name))


def text_of(files: JobFiles, job: str, file: JobFile) -> str | None:
    return files.read_text(job, file, None)


def test_setup_makes_the_layout_and_notes_the_tool(files: JobFiles, job: str) -> None:
    """Protocol section 2.3."""
    assert set(files.listing(job, Directory.JOB)) == {
        "configs",
        "inputs",
        "metadata",
        "outputs",
        "tool_files",
        "tool_id",
        "tool_version",
        "working",
    }
    assert all(
        list(files.listing(job, which)) == []
        for which in (Directory.WORKING, Directory.OUTPUTS, Directory.METADATA)
    )


def test_a_second_setup_keeps_what_is_there(files: JobFiles, job: str) -> None:
    files.write(job, output("a"), b"text")
    files.create(job, Tool())
    assert text_of(files, job, output("a")) == "text"


def test_an_upload_appears_whole_at_its_end(files: JobFiles, job: str) -> None:
    with files.receiving(job, output("sub/a")) as descriptor:
        os.write(descriptor, b"half, ")
        assert list(files.listing(job, Directory.OUTPUTS)) == []
        os.write(descriptor, b"whole")
    assert text_of(files, job, output("sub/a")) == "half, whole"
    assert list(files.listing(job, Directory.OUTPUTS)) == ["sub/a"]


def test_an_upload_that_breaks_off_leaves_nothing(files: JobFiles, job: str) -> None:
    with pytest.raises(ConnectionResetError), files.receiving(job, output("a")) as descriptor:  # noqa: PT012 - the block is what fails
        os.write(descriptor, b"half")
        raise ConnectionResetError
    assert list(files.listing(job, Directory.OUTPUTS)) == []


def test_an_upload_that_breaks_off_leaves_the_old_file(files: JobFiles, job: str) -> None:
    files.write(job, output("a"), b"old")
    with pytest.raises(ConnectionResetError), files.receiving(job, output("a")) as descriptor:  # noqa: PT012 - the block is what fails
        os.write(descriptor, b"new")
        raise ConnectionResetError
    assert text_of(files, job, output("a")) == "old"


def test_a_longer_file_is_replaced_and_not_written_over(files: JobFiles, job: str) -> None:
    files.write(job, output("a"), b"a longer text")
    files.write(job, output("a"), b"short")
    assert text_of(files, job, output("a")) == "short"


def test_a_partial_file_appears_when_it_is_whole(files: JobFiles, job: str) -> None:
    with files.placing(job, output("sub/a")) as path:
        Path(path).write_bytes(b"whole")
        assert list(files.listing(job, Directory.OUTPUTS)) == []
    assert text_of(files, job, output("sub/a")) == "whole"
    assert list(files.listing(job, Directory.OUTPUTS)) == ["sub/a"]


def test_a_partial_file_that_breaks_off_is_there_next_time(files: JobFiles, job: str) -> None:
    files.write(job, output("a"), b"old")
    with pytest.raises(ConnectionResetError), files.placing(job, output("a")) as path:  # noqa: PT012 - the block is what fails
        Path(path).write_bytes(b"half")
        raise ConnectionResetError
    assert text_of(files, job, output("a")) == "old"
    assert list(files.listing(job, Directory.OUTPUTS)) == ["a"]
    with files.placing(job, output("b")) as path, open(path, "ab") as stream:
        stream.write(b"another")
    with files.placing(job, output("a")) as path, open(path, "ab") as stream:
        stream.write(b", whole")
    assert text_of(files, job, output("a")) == "half, whole"
    assert text_of(files, job, output("b")) == "another"


def test_a_child_process_may_write_a_partial_file(files: JobFiles, job: str) -> None:
    with files.placing(job, output("a")) as path:
        subprocess.run(["/bin/sh", "-c", 'printf whole > "$0"', path], check=True)
    assert text_of(files, job, output("a")) == "whole"


def test_an_open_file_gives_its_bytes(files: JobFiles, job: str) -> None:
    with files.receiving(job, output("a")) as descriptor:
        os.write(descriptor, b"\0\xff\n")
    with files.open(job, output("a")) as file:
        assert file.read() == b"\0\xff\n"
        assert os.fstat(file.fileno()).st_size == 3


def test_what_is_not_there_cannot_be_opened(files: JobFiles, job: str) -> None:
    for name in ("missing", "missing/too"):
        with pytest.raises(FileNotThere):
            files.open(job, output(name))


@pytest.mark.parametrize(
    ("data", "limit", "text"),
    [
        (b"0123456789", 4, "0123"),
        (b"0123456789", None, "0123456789"),
        (b"ok \xff\xfe", None, "ok \ufffd\ufffd"),
        ("\u00e9\u00e9".encode(), 3, "\u00e9\ufffd"),
        (b"", 4, ""),
    ],
)
def test_text_is_read_up_to_a_limit_and_never_fails_to_decode(
    files: JobFiles, job: str, data: bytes, limit: int | None, text: str
) -> None:
    """Half a character at the limit too (protocol section 3.2)."""
    with files.receiving(job, output("a")) as descriptor:
        os.write(descriptor, data)
    assert files.read_text(job, output("a"), limit) == text


def test_no_file_is_not_an_empty_text(files: JobFiles, job: str) -> None:
    assert text_of(files, job, output("a")) is None
    files.touch(job, output("a"))
    assert text_of(files, job, output("a")) == ""


def test_touching_a_file_keeps_its_text(files: JobFiles, job: str) -> None:
    files.write(job, output("a"), b"text")
    files.touch(job, output("a"))
    assert text_of(files, job, output("a")) == "text"


def test_parents_are_made_but_no_file(files: JobFiles, job: str) -> None:
    files.make_parents(job, output("sub/a"))
    assert list(files.listing(job, Directory.OUTPUTS)) == []


def test_listings_are_sorted_relative_and_deep(files: JobFiles, job: str) -> None:
    for name in ("b", "a/2", "a/1/x", "\u00e9"):
        files.touch(job, output(name))
    files.touch(job, JobFile(Directory.WORKING, RelativePath.parse("elsewhere")))
    assert list(files.listing(job, Directory.OUTPUTS)) == ["a/1/x", "a/2", "b", "\u00e9"]


def test_the_job_directory_itself_is_listed_flat(files: JobFiles, job: str) -> None:
    files.touch(job, output("deep/file"))
    files.touch(job, JobFile(Directory.JOB, RelativePath.parse("tool_script.sh")))
    names = files.listing(job, Directory.JOB)
    assert {"tool_script.sh", "outputs"} <= set(names)
    assert not any("/" in name for name in names)


def test_a_pattern_stands_for_the_first_file_that_matches(files: JobFiles, job: str) -> None:
    for name in ("x2.txt", "x1.txt", "sub/x0.txt"):
        files.touch(job, output(name))
    assert files.expand(job, output("x*.txt")) == output("x1.txt")
    assert files.expand(job, output("x?.txt")) == output("x1.txt")
    assert files.expand(job, output("*/x*")) == output("sub/x0.txt")


def test_a_pattern_that_matches_nothing_is_no_file(files: JobFiles, job: str) -> None:
    with pytest.raises(FileNotThere):
        files.expand(job, output("x*"))


def test_a_cleared_directory_is_gone(files: JobFiles, job: str) -> None:
    files.write(job, output("a/b"), b"text")
    files.clear(job)
    assert list(files.listing(job, Directory.JOB)) == []
    assert list(files.listing(job, Directory.OUTPUTS)) == []
    assert text_of(files, job, output("a/b")) is None
    files.clear(job)


def test_a_directory_is_cleared_when_that_is_confirmed(files: JobFiles, job: str) -> None:
    asked: list[bool] = []
    files.clear(job, lambda: asked.append("working" in files.listing(job, Directory.JOB)))
    assert asked == [True]
    assert list(files.listing(job, Directory.JOB)) == []


def test_a_directory_stays_when_that_is_refused(files: JobFiles, job: str) -> None:
    def refuse() -> None:
        raise Conflict("begun anew")

    files.write(job, output("a"), b"text")
    with pytest.raises(Conflict):
        files.clear(job, refuse)
    assert text_of(files, job, output("a")) == "text"


def test_what_a_directory_occupies_grows_with_its_files(files: JobFiles, job: str) -> None:
    before = files.size(job)
    files.write(job, output("a/b"), b"x" * 100_000)
    assert 100_000 <= files.size(job) - before <= 120_000


def test_what_is_not_there_occupies_nothing(files: JobFiles, job: str) -> None:
    assert files.size(f"{job}-other") == 0


def test_jobs_side_by_side_share_their_space(files: JobFiles, job: str) -> None:
    volume = files.volume(job)
    assert volume.free_bytes > 0
    assert files.volume(f"{job}-other").device == volume.device
