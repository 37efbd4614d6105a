"""Galaxy leaves the moving of files to the server: the published client, and a files API beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runtime.tests.files_api import FilesApi, running_files_api
from runtime.tests.interop.galaxy_job import GalaxyJob, NewJob, written
from runtime.tests.live_server import LiveServer, running_server
from runtime.tests.ssh_daemon import SshDaemon, running_ssh_daemon

ACTIONS = [
    "remote_transfer",
    "remote_transfer_tus",
    "remote_copy",
    "remote_scp_transfer",
    "remote_rsync_transfer",
]


@pytest.fixture(scope="module")
def galaxy() -> Iterator[FilesApi]:
    """The files API of a Galaxy whose paths are those of this machine."""
    with running_files_api(Path("/")) as api:
        yield api


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshDaemon]:
    with running_ssh_daemon(tmp_path_factory.mktemp("ssh")) as daemon:
        yield daemon


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, daemon: SshDaemon) -> Iterator[LiveServer]:
    directory = tmp_path_factory.mktemp("pulling-server")
    settings = {
        "managers": {"_default_": {"type": "queued_python", "num_concurrent_jobs": 4}},
        "staging": {"ssh_known_hosts": str(daemon.known_hosts)},
    }
    with running_server(directory, settings) as server:
        yield server


@pytest.fixture
def pulled(new_job: NewJob, galaxy: FilesApi, daemon: SshDaemon) -> Callable[..., GalaxyJob]:
    """Make jobs whose files the server moves by an action."""

    def make(action: str) -> GalaxyJob:
        job = new_job(default_file_action=action)
        if action in ("remote_scp_transfer", "remote_rsync_transfer"):
            job.destination |= {
                "ssh_key": daemon.key,
                "ssh_user": daemon.user,
                "ssh_host": "127.0.0.1",
                "ssh_port": str(daemon.port),
            }
        job.files_endpoint = galaxy.endpoint
        return job

    return make


@pytest.mark.parametrize("action", ["remote_transfer", "remote_transfer_tus", "remote_copy"])
def test_every_kind_of_file_comes_and_goes(pulled: Callable[..., GalaxyJob], action: str) -> None:
    job = pulled(action)
    given = job.input("dataset_1.dat", "alpha \u00e9\n")
    extra = job.extra_files(given, {"one.txt": "1\n", "sub/two words.txt": "2\n"})
    index = job.metadata_file("metadata_5.dat", "index\n")
    script = job.tool_file("lib/script.sh", "echo from the tool\n")
    config = job.config("conf.txt", "configured\n")
    written(job.working_directory / "prepared.txt", "prepared\n")
    declared, moved, found, folder = (job.output(f"dataset_{number}.dat") for number in (2, 3, 4, 5))
    job.from_work_dir("made here.txt", moved)
    job.from_work_dir("result_*.tsv", found)
    version = job.version_output()
    status = job.run(
        f"echo 1.2.3 > {version}; cat {given} {extra}/one.txt '{extra}/sub/two words.txt' {index} {config} "
        f"prepared.txt > {declared}; sh {script}; echo moved > 'made here.txt'; echo found > result_7.tsv; "
        f"echo empty >&2; : > {folder}; mkdir -p {folder.with_suffix('')}_files/sub; "
        f"echo inside > {folder.with_suffix('')}_files/sub/f.txt; echo primary > primary_1_x_visible_txt; "
        "mkdir found; printf dynamic > 'found/a % + & \u00e9.txt'; "
        'echo \'{"out1": {"filename": "named.txt"}}\' > galaxy.json; echo named > named.txt',
        dynamic_file_sources=[{"path": "galaxy.json", "type": "galaxy"}],
        dynamic_outputs=["primary_.*|galaxy.json|tool_std.*", "found/.*"],
    )
    assert (status["status"], status["returncode"], status["job_stderr"]) == ("complete", 0, "")
    assert declared.read_text() == "alpha \u00e9\n1\n2\nindex\nconfigured\nprepared\n"
    assert [moved.read_text(), found.read_text(), folder.read_text()] == ["moved\n", "found\n", ""]
    assert (folder.parent / "dataset_5_files/sub/f.txt").read_text() == "inside\n"
    assert version.read_text() == "1.2.3\n"
    assert {
        str(file.relative_to(job.working_directory)): file.read_text()
        for file in job.working_directory.rglob("*")
        if file.is_file() and file.name != "prepared.txt"
    } == {
        "primary_1_x_visible_txt": "primary\n",
        "found/a % + & \u00e9.txt": "dynamic",
        "galaxy.json": json.dumps({"out1": {"filename": "named.txt"}}) + "\n",
        "named.txt": "named\n",
    }
    assert (job.metadata_directory / "tool_stdout").read_text() == "from the tool\n"
    assert status["stdout"] == "from the tool\n"


@pytest.mark.parametrize("action", ACTIONS)
def test_outputs_are_there_before_the_end_is_told(pulled: Callable[..., GalaxyJob], action: str) -> None:
    job = pulled(action)
    given = job.input("data set_1.dat", "alpha\n")
    made = job.output("dataset 2.dat")
    job.submit(f"cat '{given}' > '{made}'; head -c 3000000 /dev/zero >> '{made}'; exit 3")
    assert job.wait()[-1] == "complete"
    assert made.read_bytes() == b"alpha\n" + bytes(3_000_000)
    assert job.status()["returncode"] == 3
