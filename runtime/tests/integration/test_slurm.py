"""Jobs through a real Slurm: controller and node on this machine."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from runtime.tests.integration.slurm_jobs import (
    END_LIMIT,
    end,
    run_while_agents_are_killed_and_the_controller_is_away,
    submit,
    wait_for_status,
)
from runtime.tests.live_server import LiveServer, running_server, serve_command, wait_until
from runtime.tests.resilience.patient_client import PatientClient
from runtime.tests.slurm_cluster import SlurmCluster


@pytest.fixture
def server(cluster: SlurmCluster, tmp_path: Path) -> Iterator[LiveServer]:
    managers = {
        "_default_": {
            "type": "queued_slurm",
            "job_partition": "main",
            "native_specification": "--mem 20",
            "return_code_grace_seconds": 5,
        }
    }
    under = ["/usr/bin/env", f"SLURM_CONF={cluster.configuration}"]
    # With a space and a quote, for paths go through a script of ours.
    settings = {"staging_directory": str(tmp_path / "the site's jobs"), "managers": managers}
    with running_server(tmp_path / "server", settings, under) as server:
        yield server


def test_each_job_runs_once_while_agents_are_killed_and_the_controller_is_away(
    cluster: SlurmCluster, server: LiveServer
) -> None:
    run_while_agents_are_killed_and_the_controller_is_away(cluster, server, jobs=24)


def test_cores_and_memory_that_were_granted_reach_the_job(client: PatientClient) -> None:
    command = 'echo "$GALAXY_SLOTS $GALAXY_MEMORY_MB" > ../outputs/out'
    submit(client, "granted", command, request_cpus="3", request_memory="120MB")
    assert end(client, "granted")["returncode"] == 0
    assert client.download("granted", "out") == b"3 120\n"


def test_a_jobs_own_options_win_and_are_quoted(cluster: SlurmCluster, client: PatientClient) -> None:
    native = "--comment 'two words; $(touch /nowhere)' --partition short"
    submit(client, "own", "true", native_specification=native)
    assert end(client, "own")["returncode"] == 0
    shown = cluster.command("squeue", "--noheader", "--states=all", "--format=%k|%P|%j")
    assert any(
        line.startswith("two words; $(touch /nowhere)|short|pulsar_own.") for line in shown.splitlines()
    )


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        (
            {"native_specification": "--partition nope"},
            "Invalid partition name specified; look at --partition",
        ),
        ({"native_specification": "--time 60 --partition short"}, "PartitionTimeLimit; look at --time"),
        ({"native_specification": "--comment 'open"}, "submit_native_specification cannot be read"),
        ({"native_specification": "--frobnicate"}, "unrecognized option '--frobnicate'"),
    ],
)
def test_a_job_that_slurm_does_not_want_fails_with_its_words(
    parameters: dict[str, str], reason: str, client: PatientClient
) -> None:
    submit(client, "unwanted", "true", **parameters)
    answer = end(client, "unwanted")
    assert answer["status"] == "failed"
    assert reason in str(answer["job_stderr"])


def test_a_job_that_is_cancelled_here_ends_there(cluster: SlurmCluster, client: PatientClient) -> None:
    submit(client, "long", "sleep 300")
    wait_for_status(client, "long", "running")
    client.cancel("long")
    assert end(client, "long")["status"] == "cancelled"
    assert "pulsar_long" not in cluster.command("squeue", "--noheader", "--states=RUNNING", "--format=%j")


def test_a_job_that_is_cancelled_there_says_so_here(cluster: SlurmCluster, client: PatientClient) -> None:
    submit(client, "killed", "sleep 300")
    wait_for_status(client, "killed", "running")
    cluster.command("scancel", "--state=RUNNING")
    answer = end(client, "killed")
    assert answer["status"] == "complete"
    assert answer["returncode"] in (137, 143)
    assert "pulsar: cancelled by an administrator" in str(answer["job_stderr"])
    program = serve_command(client.server.config, client.server.bind)[0]
    shown = subprocess.run(
        [program, "jobs", "show", "killed", "--config", str(client.server.config)],
        capture_output=True,
        text=True,
        timeout=END_LIMIT,
        check=True,
    ).stdout
    assert "cancelled by an administrator" in shown
    assert re.search(r"running +Slurm job \d+$", shown, re.MULTILINE)


def test_an_outage_is_seen_by_who_watches_the_server(
    cluster: SlurmCluster, server: LiveServer, client: PatientClient
) -> None:
    submit(client, "watched", "sleep 300")
    wait_for_status(client, "watched", "running")
    cluster.stop_controller()
    try:
        wait_until(lambda: _figure(server, "scheduler_up") == 0, END_LIMIT, "the outage is told", server)
        assert _figure(server, "scheduler_outages_total") == 1
        assert _figure(server, "scheduler_outage_seconds") >= 0
    finally:
        cluster.start_controller()
    wait_until(lambda: _figure(server, "scheduler_up") == 1, END_LIMIT, "its end is told", server)
    assert _figure(server, "scheduler_outage_seconds") == 0
    assert client.status("watched")["status"] == "running"
    client.cancel("watched")
    end(client, "watched")


def _figure(server: LiveServer, name: str) -> float:
    """Return a figure as Prometheus would read it."""
    reply = requests.get(
        f"{server.url}metrics", headers={"Authorization": f"Bearer {server.token}"}, timeout=END_LIMIT
    )
    families = text_string_to_metric_families(reply.text)
    values = [one.value for family in families for one in family.samples if one.name == f"pulsar_{name}"]
    assert len(values) == 1
    return values[0]
