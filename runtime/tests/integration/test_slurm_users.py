"""Jobs as their users through a real Slurm, by the real launcher; a stand-in of sudo tells who asks."""

from __future__ import annotations

import json
import os
import pwd
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pulsar_runtime.managers.real_user import launcher
from runtime.tests.bad_input.root_only import root_only
from runtime.tests.live_server import LiveServer, running_server, wait_until
from runtime.tests.resilience.patient_client import PatientClient, patient_client
from runtime.tests.slurm_cluster import SlurmCluster, running_cluster

pytestmark = root_only

END_LIMIT = 60.0

#: A user that every Debian has.
SOMEBODY = "nobody"

#: What root runs in place of the installed launcher, with another configuration.
_LAUNCHER = """\
import sys
from runpy import run_path
run = run_path({source!r})["main"]
run.__globals__["CONFIGURATION"] = {configuration!r}
sys.exit(run())
"""


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """Give a directory that other users may pass through, unlike pytest's."""
    place = Path(tempfile.mkdtemp(prefix="pulsar-users-"))
    place.chmod(0o755)
    yield place
    shutil.rmtree(place)


@pytest.fixture(scope="module")
def cluster(place: Path) -> Iterator[SlurmCluster]:
    with running_cluster(place / "cluster") as cluster:
        yield cluster


@pytest.fixture
def server(cluster: SlurmCluster, place: Path, tmp_path: Path) -> Iterator[LiveServer]:
    staging, commands = place / tmp_path.name, tmp_path / "bin"
    commands.mkdir()
    configuration = tmp_path / "launcher.json"
    instance = {
        "agent": pwd.getpwuid(os.geteuid()).pw_name,
        "staging": [str(staging)],
        "programs": {"sbatch": ["sbatch"], "scancel": ["scancel"]},
        "environment": {"SLURM_CONF": str(cluster.configuration)},
    }
    configuration.write_text(json.dumps({"instances": [instance]}))
    text = _LAUNCHER.format(source=launcher.__file__, configuration=str(configuration))
    words = ["env", "-i", f"SUDO_UID={os.geteuid()}", sys.executable, "-I", "-c", text]
    sudo = commands / "sudo"
    sudo.write_text(f"#!/bin/sh\nexec {shlex.join(words)}\n")
    sudo.chmod(0o755)
    settings = {
        "staging_directory": str(staging),
        "managers": {
            "_default_": {
                "type": "queued_slurm",
                "real_users": True,
                "launcher": str(sudo),
                "native_specification": "--mem 20",
                "return_code_grace_seconds": 5,
            }
        },
    }
    staging.mkdir(mode=0o711)
    variables = [f"SLURM_CONF={cluster.configuration}", f"PATH={commands}:{os.environ['PATH']}"]
    with running_server(tmp_path / "server", settings, ["/usr/bin/env", *variables]) as server:
        yield server


@pytest.fixture
def client(server: LiveServer) -> Iterator[PatientClient]:
    with patient_client(server) as client:
        yield client


def submit(client: PatientClient, job_id: str, command: str, user: str = SOMEBODY) -> None:
    client.setup(job_id)
    client.ask("POST", f"jobs/{job_id}/submit", command_line=command, params=json.dumps({"user": user}))


def test_a_job_runs_as_its_user_and_its_files_come_back(cluster: SlurmCluster, client: PatientClient) -> None:
    submit(client, "mine", "id -un > ../outputs/out; umask > ../outputs/mask")
    assert client.end("mine", END_LIMIT)["returncode"] == 0
    assert client.download("mine", "out") == f"{SOMEBODY}\n".encode()
    assert client.download("mine", "mask") == b"0007\n"
    shown = cluster.command("squeue", "--noheader", "--states=all", "--format=%u|%j").splitlines()
    assert [line.split("|")[0] for line in shown if "|pulsar_mine." in line] == [SOMEBODY]


def test_a_killed_agent_finds_the_jobs_of_users_again(client: PatientClient, server: LiveServer) -> None:
    submit(client, "long", "while [ ! -e go ]; do sleep 0.1; done; id -un > ../outputs/out")
    wait_until(lambda: client.status("long")["status"] == "running", END_LIMIT, "it runs", server)
    server.kill()
    server.start()
    client.upload("long", "workdir", "go", b"")
    assert client.end("long", END_LIMIT)["returncode"] == 0
    assert client.download("long", "out") == f"{SOMEBODY}\n".encode()


def test_a_job_is_cancelled_as_its_user(
    cluster: SlurmCluster, client: PatientClient, server: LiveServer
) -> None:
    submit(client, "long", "sleep 300")
    wait_until(lambda: client.status("long")["status"] == "running", END_LIMIT, "it runs", server)
    client.cancel("long")
    assert client.end("long", END_LIMIT)["status"] == "cancelled"
    assert "pulsar_long" not in cluster.command("squeue", "--noheader", "--states=RUNNING", "--format=%j")


@pytest.mark.parametrize("user", ["root", "bin", "no-such-user"])
def test_a_job_of_an_unfit_user_fails(client: PatientClient, user: str) -> None:
    submit(client, "unfit", "true", user)
    answer = client.end("unfit", END_LIMIT)
    assert answer["status"] == "failed"
    assert "the job cannot run as its user: " in str(answer["job_stderr"])
