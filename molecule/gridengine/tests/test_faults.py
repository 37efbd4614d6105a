"""Something breaks while jobs run and others wait."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from testinfra.host import Host

from test_hosts.cluster_jobs import Cluster, ClusterJob
from test_hosts.waiting import wait_until

AGENT = "pulsar-agent.service"
MASTER = "gridengine-master.service"
NODE = "gridengine-exec.service"
START_LIMIT = 60.0


@pytest.fixture
def jobs(cluster: Cluster) -> Iterator[list[ClusterJob]]:
    """Two more than the cluster has slots; when this returns, four run and two wait."""
    jobs = cluster.submit_gated(6)
    wait_until(lambda: len(running(jobs)) == 4, START_LIMIT)
    # The master has heard of each that it runs; one that is killed before forgets that they have started.
    wait_until(lambda: cluster.host.check_output("qstat -j '*'").count("\nusage") == 4, START_LIMIT)
    yield jobs
    release(jobs)


def running(jobs: list[ClusterJob]) -> list[ClusterJob]:
    return [job for job in jobs if job.notes()]


def release(jobs: list[ClusterJob]) -> None:
    for job in jobs:
        job.release()


def kill(host: Host, unit: str) -> None:
    """Kill a service, and return when it is gone; systemd starts it again."""
    main_process = f"systemctl show --property=MainPID --value {unit}"
    before = host.check_output(main_process)
    host.check_output(f"systemctl kill --kill-whom=main --signal=KILL {unit}")
    wait_until(lambda: bool(host.check_output(main_process) != before))


def test_the_master_is_killed(cluster: Cluster, master: Host, jobs: list[ClusterJob]) -> None:
    kill(master, MASTER)
    release(jobs)
    assert cluster.unlike_once(jobs) == {}


def test_the_master_is_away_while_jobs_are_submitted_and_end(
    cluster: Cluster, master: Host, jobs: list[ClusterJob]
) -> None:
    master.check_output(f"systemctl stop {MASTER}")
    try:
        late = cluster.submit("true")
        release(jobs)
        assert cluster.unlike_once(running(jobs)) == {}
    finally:
        master.check_output(f"systemctl start {MASTER}")
    assert cluster.unlike_once([*jobs, *late]) == {}


def test_what_runs_a_nodes_jobs_is_killed(cluster: Cluster, node: Host, jobs: list[ClusterJob]) -> None:
    kill(node, NODE)
    release(jobs)
    assert cluster.unlike_once(jobs) == {}


def test_the_agent_is_killed_while_jobs_end(cluster: Cluster, jobs: list[ClusterJob]) -> None:
    kill(cluster.host, AGENT)
    release(jobs)
    assert cluster.unlike_once(jobs) == {}


def test_the_agent_is_killed_again_and_again_while_it_submits(cluster: Cluster) -> None:
    jobs = cluster.submit(*["sleep 1"] * 6)
    for _ in range(3):
        kill(cluster.host, AGENT)
        wait_until(lambda: bool(cluster.host.run(f"systemctl is-active {AGENT}").succeeded))
    assert cluster.unlike_once(jobs) == {}
