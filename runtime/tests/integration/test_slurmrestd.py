"""Jobs through a real Slurm, asked by its REST API alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.tests.integration.slurm_jobs import (
    END_LIMIT,
    end,
    run_while_agents_are_killed_and_the_controller_is_away,
    submit,
    wait_for_status,
)
from runtime.tests.live_server import LiveServer, running_server, wait_until
from runtime.tests.resilience.patient_client import PatientClient
from runtime.tests.slurm_cluster import SlurmCluster

A_LONG_TIME = 3600


@pytest.fixture(scope="module")
def url(cluster: SlurmCluster) -> str:
    return cluster.start_rest()


@pytest.fixture
def token_file(cluster: SlurmCluster, tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(cluster.token(A_LONG_TIME))
    return path


@pytest.fixture
def server(url: str, token_file: Path, tmp_path: Path) -> Iterator[LiveServer]:
    """Return a server whose search path has no command of Slurm's."""
    managers = {
        "_default_": {
            "type": "queued_slurm",
            "slurmrestd_url": url,
            "slurmrestd_token_file": str(token_file),
            "job_partition": "main",
            "native_specification": "--mem 20",
            "return_code_grace_seconds": 5,
        }
    }
    settings = {"staging_directory": str(tmp_path / "the site's jobs"), "managers": managers}
    with running_server(tmp_path / "server", settings) as server:
        yield server


def test_each_job_runs_once_while_agents_are_killed_and_the_controller_is_away(
    cluster: SlurmCluster, server: LiveServer
) -> None:
    run_while_agents_are_killed_and_the_controller_is_away(cluster, server, jobs=12)


def test_cores_memory_and_options_reach_the_job(cluster: SlurmCluster, client: PatientClient) -> None:
    command = 'echo "$GALAXY_SLOTS $GALAXY_MEMORY_MB" > ../outputs/out'
    native = "--comment 'two words; $(touch /nowhere)' --partition short --time 2:30"
    submit(
        client,
        "granted",
        command,
        request_cpus="3",
        request_memory="120MB",
        native_specification=native,
    )
    assert end(client, "granted")["returncode"] == 0
    assert client.download("granted", "out") == b"3 120\n"
    shown = cluster.command("squeue", "--noheader", "--states=all", "--format=%k|%P|%l|%j")
    assert any(
        line.startswith("two words; $(touch /nowhere)|short|3:00|pulsar_granted.")
        for line in shown.splitlines()
    )


@pytest.mark.parametrize(
    ("native", "reason"),
    [
        ("--partition nope", "Invalid partition name specified; look at --partition"),
        ("--time 60 --partition short", "PartitionTimeLimit; look at --time"),
        ("--frobnicate", "unrecognized arguments: --frobnicate"),
        ("--mem lots", "'lots' is no size such as 4G"),
    ],
)
def test_a_job_that_cannot_be_said_or_is_not_wanted_fails_with_the_reason(
    native: str, reason: str, client: PatientClient
) -> None:
    submit(client, "unwanted", "true", native_specification=native)
    answer = end(client, "unwanted")
    assert answer["status"] == "failed"
    assert reason in str(answer["job_stderr"])


def test_a_job_that_is_cancelled_here_ends_there(cluster: SlurmCluster, client: PatientClient) -> None:
    submit(client, "long", "sleep 300")
    wait_for_status(client, "long", "running")
    client.cancel("long")
    assert end(client, "long")["status"] == "cancelled"
    assert "pulsar_long" not in cluster.command("squeue", "--noheader", "--states=RUNNING", "--format=%j")


def test_a_job_that_is_killed_there_says_why(cluster: SlurmCluster, client: PatientClient) -> None:
    submit(client, "killed", "sleep 300")
    wait_for_status(client, "killed", "running")
    cluster.command("scancel", "--state=RUNNING")
    answer = end(client, "killed")
    assert answer["returncode"] in (137, 143)
    assert "pulsar: cancelled by an administrator" in str(answer["job_stderr"])


def test_jobs_wait_for_a_token_that_is_good(
    cluster: SlurmCluster, client: PatientClient, token_file: Path
) -> None:
    token_file.write_text("nonsense")
    submit(client, "waiting", "true")
    wait_until(
        lambda: "Slurm does not tell of its jobs" in client.server.log.read_text(),
        END_LIMIT,
        "the outage is told",
        client.server,
    )
    assert client.status("waiting")["status"] in ("preprocessing", "queued")
    token_file.write_text(cluster.token(A_LONG_TIME))
    assert end(client, "waiting")["returncode"] == 0
    assert "nonsense" not in client.server.log.read_text()
