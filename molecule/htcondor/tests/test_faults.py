"""Something breaks while jobs run and others wait."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from testinfra.host import Host

from test_hosts.cluster_jobs import Cluster, ClusterJob
from test_hosts.waiting import wait_until

AGENT = "pulsar-agent.service"
#: What HTCondor takes to start what has died.
RETURN_LIMIT = 60.0


@pytest.fixture
def jobs(cluster: Cluster) -> Iterator[list[ClusterJob]]:
    """Two more than the pool has slots; when this returns, four run and two wait."""
    jobs = cluster.submit_gated(6)
    wait_until(lambda: sum(bool(job.notes()) for job in jobs) == 4, RETURN_LIMIT)
    yield jobs
    for job in jobs:
        job.release()


def pid(host: Host, daemon: str) -> str:
    return str(host.run(f"pidof {daemon}").stdout.strip())


def kill(host: Host, daemon: str) -> None:
    """Kill a daemon, and return when HTCondor has started another one."""
    before = pid(host, daemon)
    host.check_output(f"kill -KILL {before}")
    wait_until(lambda: pid(host, daemon) not in ("", before), RETURN_LIMIT)


def test_the_central_manager_is_killed(
    cluster: Cluster, pool: Mapping[str, Host], jobs: list[ClusterJob]
) -> None:
    for daemon in ("condor_negotiator", "condor_collector"):
        kill(pool["manager"], daemon)
    for job in jobs:
        job.release()
    assert cluster.unlike_once(jobs) == {}


def test_the_central_manager_is_away_while_jobs_are_submitted_and_end(
    cluster: Cluster, pool: Mapping[str, Host], jobs: list[ClusterJob]
) -> None:
    pool["manager"].check_output("systemctl stop condor.service")
    try:
        late = cluster.submit("true")
        for job in jobs:
            job.release()
        running = [job for job in jobs if job.notes()]
        assert cluster.unlike_once(running) == {}
    finally:
        pool["manager"].check_output("systemctl start condor.service")
    assert cluster.unlike_once([*jobs, *late]) == {}


def test_the_queue_is_killed(cluster: Cluster, jobs: list[ClusterJob]) -> None:
    """Jobs that run go on, as their nodes wait for it."""
    kill(cluster.host, "condor_schedd")
    for job in jobs:
        job.release()
    assert cluster.unlike_once(jobs) == {}


def test_the_agent_is_killed_while_jobs_end(cluster: Cluster, jobs: list[ClusterJob]) -> None:
    cluster.host.check_output(f"systemctl kill --kill-whom=main --signal=KILL {AGENT}")
    for job in jobs:
        job.release()
    assert cluster.unlike_once(jobs) == {}
