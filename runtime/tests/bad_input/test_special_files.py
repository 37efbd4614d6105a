"""What a job can leave behind besides files: none of it holds up or breaks an answer."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from runtime.tests.bad_input.answers import assert_refused
from runtime.tests.bad_input.api import Api, new_id
from runtime.tests.bad_input.root_only import root_only

MAKERS = {
    "fifo": "mkfifo NAME",
    "socket": f"{sys.executable} -c \"import socket; socket.socket(socket.AF_UNIX).bind('NAME')\"",
    "null device": "mknod NAME c 1 3",
    "zero device": "mknod NAME c 1 5",
    "block device": "mknod NAME b 250 250",
    "directory": "mkdir NAME",
    "circular link": "ln -s NAME NAME",
    "dangling link": "ln -s nowhere NAME",
    "long link": "ln -s $(printf 'a%.0s' {1..4000}) NAME",
    "link to a fifo": "mkfifo NAME.target; ln -s NAME.target NAME",
    "link to a device": "ln -s /dev/zero NAME",
    "link to a directory": "ln -s . NAME",
}
DIRECTORIES = {"output": "outputs", "output_workdir": "working", "output_metadata": "metadata"}
EACH_MAKER = pytest.mark.parametrize(
    "make",
    [
        pytest.param(make, id=name, marks=root_only if "mknod" in make else ())
        for name, make in MAKERS.items()
    ],
)
#: An answer that had to wait for somebody at the other end of a FIFO would not come at all.
LIMIT = 5.0


@EACH_MAKER
def test_it_is_neither_listed_nor_sent_and_blocks_nothing(api: Api, make: str) -> None:
    job_id = new_id()
    steps = "".join(f"(cd ../{place}; {make.replace('NAME', 'odd')});" for place in DIRECTORIES.values())
    status = api.run(f"set -e; {steps} echo fine > ../outputs/fine", job_id)
    assert status["returncode"] == 0, status
    for path_type, place in DIRECTORIES.items():
        listed = status[f"{place}_directory_contents"]
        assert isinstance(listed, list)
        assert "odd" not in listed
        answer = api.ask(
            "GET", f"/jobs/{job_id}/files", query={"name": "odd", "type": path_type}, limit=LIMIT
        )
        assert_refused(answer, 400, 404)
    assert_refused(api.download(job_id, "od*", "output_workdir"), 400, 404)
    assert api.download(job_id, "fine").body == b"fine\n"


@EACH_MAKER
def test_in_place_of_a_stream_it_does_not_hold_up_the_status(api: Api, make: str) -> None:
    names = ("tool_stdout", "tool_stderr", "job_stdout", "job_stderr")
    steps = "".join(f"rm -f {name}; {make.replace('NAME', name)};" for name in names)
    status = api.run(f"cd ../metadata; {steps} rm -f ../working/galaxy.json; exit 3")
    assert (status["status"], status["returncode"]) == ("complete", 3)
    assert (status["stdout"], status["stderr"], status["job_stdout"]) == ("", "", "")


@EACH_MAKER
def test_an_upload_replaces_it_or_is_refused(api: Api, make: str) -> None:
    job_id = new_id()
    api.run(f"cd ../inputs; {make.replace('NAME', 'odd')}", job_id)
    answer = api.upload(job_id, "odd", "input", b"regular")
    if answer.code != 200:
        assert_refused(answer, 400, 409)
        assert os.path.isdir(os.path.join(api.server.staging, job_id, "inputs", "odd"))
    assert api.clean(job_id).code == 200
    assert not (api.server.staging / job_id).exists()


def test_a_directory_in_place_of_a_stream_stops_neither_the_job_nor_the_next_one(single: Api) -> None:
    """A client can upload below it before the job starts."""
    blocked = new_id()
    single.setup(blocked)
    assert single.upload(blocked, "job_stdout/x", "metadata").code == 200
    assert single.submit(blocked, "exit 3").code == 200

    assert single.run("exit 4")["returncode"] == 4

    status = single.wait(blocked)
    assert status["complete"] == "true"


@pytest.mark.parametrize("depth", [100, 3000])
def test_a_tree_of_any_depth_is_listed_as_far_as_it_can_be_fetched_and_removed(api: Api, depth: int) -> None:
    job_id = new_id()
    dig = f"""
import os
for number in range({depth}):
    open("f", "w").close()
    os.mkdir("d")
    os.chdir("d")
"""
    try:
        names = api.run(f"{sys.executable} -c '{dig}'", job_id)["working_directory_contents"]
        assert isinstance(names, list)
        assert len(names) >= 100
        for name in (min(names, key=len), max(names, key=len)):
            assert api.download(job_id, name, "output_workdir").code == 200
        assert api.clean(job_id).code == 200
        assert not (api.server.staging / job_id).exists()
    finally:
        # Python's own removal, with which pytest tidies up, cannot do this.
        subprocess.run(["/bin/rm", "-rf", api.server.staging / job_id], check=True)


def test_thousands_of_files_are_listed(api: Api) -> None:
    status = api.run("cd ../outputs; touch f{1..5000}")
    names = status["outputs_directory_contents"]
    assert isinstance(names, list)
    assert set(names) == {f"f{number}" for number in range(1, 5001)}


def test_an_endless_stream_is_cut_at_its_limit(api: Api) -> None:
    """The default is 1 MiB (protocol.md section 3.2)."""
    status = api.run("head -c 3000000 /dev/zero | tr '\\0' x; truncate -s 5T ../metadata/tool_stdout")
    assert status["job_stdout"] == "x" * 1024 * 1024
    assert status["stdout"] == "\0" * 1024 * 1024


@pytest.mark.parametrize(
    "replace", ["rm -rf ../../$me", "rm -rf ../../$me; : > ../../$me", "rm -rf ../../$me; mkfifo ../../$me"]
)
def test_a_job_directory_that_is_gone_or_no_directory_breaks_no_answer(api: Api, replace: str) -> None:
    job_id = new_id()
    directory = api.setup(job_id)
    api.submit(job_id, f"me={job_id}; {replace}; exit 3")
    status = api.wait(job_id)
    assert (status["complete"], status["outputs_directory_contents"]) == ("true", [])
    assert_refused(api.download(job_id, "a"), 400, 404)
    assert_refused(api.download(job_id, "a*", "output_workdir"), 400, 404)
    assert api.clean(job_id).code == 200
    assert not os.path.lexists(directory)
