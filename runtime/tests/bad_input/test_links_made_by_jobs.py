"""Links that a job leaves behind: what lies outside its directory is neither read, listed nor written."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest

from runtime.tests.bad_input.answers import assert_refused
from runtime.tests.bad_input.api import Api, new_id
from runtime.tests.bad_input.file_tree import file_tree
from runtime.tests.live_server import wait_until

#: Download types, and the directories that they mean (protocol.md section 1.4).
DOWNLOADS = {"output": "outputs", "output_workdir": "working", "output_metadata": "metadata"}
#: Upload types that keep sub-directories, and their directories (section 2.4).
UPLOADS = {
    **DOWNLOADS,
    "input": "inputs",
    "tool": "tool_files",
    "metadata": "metadata",
    "unstructured": "unstructured",
}
LISTINGS = ("working_directory_contents", "outputs_directory_contents", "metadata_directory_contents")


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """Make a directory outside of everything, laid out like a job directory so that links to it work."""
    for name in ("", *DOWNLOADS.values(), "inputs", "tool_files", "configs", "unstructured"):
        (tmp_path / "outside" / name).mkdir()
        (tmp_path / "outside" / name / "secret").write_text("secret text")
    return tmp_path / "outside"


@pytest.mark.parametrize(("path_type", "directory"), DOWNLOADS.items())
def test_nothing_is_read_through_a_link_that_leads_out(
    api: Api, outside: Path, path_type: str, directory: str
) -> None:
    job_id = new_id()
    status = api.run(
        f"cd ../{directory}; ln -s {outside} dir; ln -s {outside}/secret file;"
        " ln -s ../../.. up; ln -s dir dir2",
        job_id,
    )
    assert status["returncode"] == 0
    for name in (
        "dir/secret",
        "file",
        "up/../secret",
        f"up/staging/{job_id}/tool_id",
        "dir2/secret",
        "dir/working/secret",
    ):
        answer = api.download(job_id, name, path_type)
        assert_refused(answer, 400)
        assert b"secret text" not in answer.body
    listed = [name for key in LISTINGS for name in _names(status, key)]
    assert not {"file", "dir", "dir/secret", "dir2/secret", "up"} & set(listed)
    assert b"secret text" not in str(status).encode()


@pytest.mark.parametrize(("path_type", "directory"), UPLOADS.items())
def test_nothing_is_written_through_a_link_that_leads_out(
    api: Api, outside: Path, path_type: str, directory: str
) -> None:
    job_id = new_id()
    make = f"mkdir -p ../{directory}; cd ../{directory}; ln -s {outside} dir; ln -s {outside}/secret file"
    assert api.run(f"{make}; ln -s {outside}/new dangling", job_id)["returncode"] == 0
    before = file_tree(outside)
    for name in ("dir/secret", "dir/new", "dir/new/deep", "dir/inputs/new"):
        assert_refused(api.upload(job_id, name, path_type), 400)
        assert_refused(api.path(job_id, name, path_type), 400)
    for name in ("file", "dangling"):
        assert_refused(api.path(job_id, name, path_type), 400)
        # An upload takes the place of the link.
        assert api.upload(job_id, name, path_type).code == 200
    assert file_tree(outside) == before


@pytest.mark.parametrize("pattern", ["dir/*", "dir/sec*", "dir/s?cret", "fil*", "up/*", "*/secret", "d*/*"])
def test_no_pattern_finds_what_lies_outside(api: Api, outside: Path, pattern: str) -> None:
    job_id = new_id()
    api.run(f"ln -s {outside} dir; ln -s {outside}/secret file; ln -s ../.. up", job_id)
    before = file_tree(outside)
    for answer in (
        api.download(job_id, pattern, "output_workdir"),
        api.path(job_id, pattern, "output_workdir"),
        api.upload(job_id, pattern, "output_workdir"),
    ):
        assert_refused(answer, 400, 404)
        assert b"secret'" not in answer.body.replace(pattern.encode(), b""), "its name is nobody's business"
    assert file_tree(outside) == before


def test_a_pattern_finds_the_first_file_inside(api: Api, outside: Path) -> None:
    """protocol.md section 1.4: first match used."""
    job_id = new_id()
    api.run(f"ln -s {outside} a; mkdir b c; echo b > b/x.txt; echo c > c/x.txt; mkdir b/w.txt", job_id)
    assert api.download(job_id, "*/x.txt", "output_workdir").body == b"b\n"
    assert api.download(job_id, "c/?.t*", "output_workdir").body == b"c\n"


def test_links_that_stay_inside_are_served(api: Api) -> None:
    job_id = new_id()
    status = api.run(
        "cd ../outputs; mkdir real; echo inside > real/a;"
        " ln -s real/a link; ln -s real dir; ln -s $PWD/real/a absolute",
        job_id,
    )
    assert set(_names(status, "outputs_directory_contents")) == {"absolute", "link", "real/a"}
    for name in ("link", "absolute", "dir/a", "real/a"):
        assert api.download(job_id, name).body == b"inside\n"
    assert api.upload(job_id, "dir/new", "output", b"new").code == 200
    assert api.download(job_id, "real/new").body == b"new"


@pytest.mark.parametrize("directory", sorted({*UPLOADS.values(), "configs"} - {"unstructured"}))
def test_a_directory_that_a_job_has_swapped_for_a_link_leads_nowhere(
    api: Api, outside: Path, directory: str
) -> None:
    job_id = new_id()
    api.run(f"cd ..; mv {directory} moved; ln -s {outside}/{directory} {directory}", job_id)
    _assert_closed(api, job_id, outside, directory)


def test_a_job_directory_that_is_a_link_leads_nowhere(api: Api, outside: Path) -> None:
    job_id = new_id()
    directory = api.setup(job_id)
    api.submit(job_id, f"cd ../..; mv {job_id} {job_id}.moved; ln -s {outside} {job_id}")
    wait_until(directory.is_symlink, 10, "the job has moved its directory away", api.server)
    api.wait(job_id)
    for name in (*DOWNLOADS.values(), "inputs", "tool_files"):
        _assert_closed(api, job_id, outside, name)
    before = file_tree(outside)
    assert_refused(api.ask("POST", "/jobs", query={"job_id": f"{job_id}/x"}), 400)
    assert_refused(api.upload(job_id, "secret", "jobdir"), 400)

    assert api.clean(job_id).code == 200

    assert not directory.is_symlink()
    assert file_tree(outside) == before


def test_setting_up_a_running_job_again_writes_through_no_link(api: Api, outside: Path) -> None:
    """Setup writes the tool's id and version, and is repeatable (protocol.md section 1.4)."""
    job_id = new_id()
    directory = api.setup(job_id)
    links = "".join(f"ln -sf {outside}/secret ../{name};" for name in ("tool_id", "tool_version"))
    api.submit(job_id, f"{links} rm -r ../inputs; ln -s {outside}/new ../inputs; touch ready; sleep 60")
    wait_until((directory / "working" / "ready").exists, 10, "the job has made its links", api.server)
    before = file_tree(outside)

    query = {"job_id": job_id, "tool_id": "forged", "tool_version": "forged"}
    api.ask("POST", "/jobs", query=query)

    assert file_tree(outside) == before
    api.cancel(job_id)
    api.wait(job_id)


def test_swapping_a_directory_for_a_link_all_the_time_wins_nothing(api: Api, outside: Path) -> None:
    """Between a check and an opening there is no gap to slip through."""
    job_id = new_id()
    api.setup(job_id)
    swap = f"""
        mkdir ../outputs/real ../inputs/real
        echo harmless > ../outputs/real/secret
        for name in outputs inputs; do ln -s {shlex.quote(str(outside))} ../$name/out; done
        touch ready
        while [ -e ready ]; do
            for name in outputs inputs; do
                cd ../$name; mv -T real d; mv -T d real; mv -T out d; mv -T d out; cd ../working
            done
        done
    """
    api.submit(job_id, swap)
    api.wait(job_id, "running")
    before = file_tree(outside)
    codes = set()
    for _ in range(150):
        read = api.download(job_id, "d/secret")
        assert b"secret text" not in read.body
        codes |= {read.code, api.upload(job_id, "d/new", "input").code}
        assert codes <= {200, 400, 404}
    api.cancel(job_id)
    api.wait(job_id)
    assert file_tree(outside) == before
    assert 400 in codes, "the link was there when it was tried"


def _assert_closed(api: Api, job_id: str, outside: Path, directory: str) -> None:
    before = file_tree(outside)
    for path_type, place in UPLOADS.items():
        if place == directory:
            assert_refused(api.upload(job_id, "new", path_type), 400)
            assert_refused(api.upload(job_id, "secret", path_type), 400)
            assert_refused(api.path(job_id, "secret", path_type), 400)
    for path_type, place in DOWNLOADS.items():
        if place == directory:
            answer = api.download(job_id, "secret", path_type)
            assert_refused(answer, 400)
            assert b"secret text" not in answer.body
    if directory == "working":
        assert_refused(api.download(job_id, "s*", "output_workdir"), 400, 404)
    if directory == "configs":
        assert_refused(api.upload(job_id, "new", "config"), 400)
    status = api.status(job_id)
    assert "secret" not in _names(status, f"{directory}_directory_contents")
    assert file_tree(outside) == before


def _names(status: dict[str, object], key: str) -> list[str]:
    names = status.get(key, [])
    assert isinstance(names, list)
    return [os.fspath(name) for name in names]
