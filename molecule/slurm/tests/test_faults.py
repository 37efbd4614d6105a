"""Something breaks while jobs run and others wait."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from testinfra.host import Host

from test_hosts.cluster_jobs import Cluster, ClusterJob
from test_hosts.waiting import wait_until

AGENT = "pulsar-agent.service"
CONTROLLER = "slurmctld.service"
#: Where the controller keeps what it knows of jobs; it writes that some seconds after a change.
STATE = "/var/lib/slurm/slurmctld/job_state"
START_LIMIT = 60.0


@pytest.fixture
def jobs(cluster: Cluster) -> Iterator[list[ClusterJob]]:
    """More than the cluster runs at a time; when this returns, two run at least."""
    jobs = cluster.submit_gated(6)
    wait_until(lambda: len(running(jobs)) >= 2, START_LIMIT)
    yield jobs
    release(jobs)


def running(jobs: list[ClusterJob]) -> list[ClusterJob]:
    return [job for job in jobs if job.notes()]


def release(jobs: list[ClusterJob]) -> None:
    for job in jobs:
        job.release()


def listed(server: Host) -> int:
    """Return how many jobs Slurm says that it has, ended ones left out."""
    return len(server.check_output("squeue --noheader").splitlines())


def outages(server: Host) -> int:
    """Return how often the agent has warned that Slurm does not answer."""
    return int(server.check_output(f"journalctl --unit={AGENT} | grep --count scheduler_outage || true"))


def test_the_controller_is_away_while_jobs_are_submitted_and_end(
    cluster: Cluster, controller: Host, jobs: list[ClusterJob]
) -> None:
    warned = outages(cluster.host)
    controller.check_output(f"systemctl stop {CONTROLLER}")
    try:
        late = cluster.submit("true")
        release(jobs)
        assert cluster.unlike_once(running(jobs)) == {}
    finally:
        controller.check_output(f"systemctl start {CONTROLLER}")
    assert cluster.unlike_once([*jobs, *late]) == {}
    # Slurm does not take jobs, and does not tell of them.
    assert outages(cluster.host) - warned <= 2


def test_the_controller_is_killed(cluster: Cluster, controller: Host, jobs: list[ClusterJob]) -> None:
    """It comes back with what it had written down; jobs that it does not know any more are not lost."""
    wait_until(lambda: listed(cluster.host) >= len(jobs))
    before = controller.check_output("date +%s.%N")
    # It writes what it knows of all of them when there is another one.
    controller.check_output("sbatch --chdir=/tmp --output=/dev/null --wrap=true")
    wait_until(lambda: float(controller.check_output(f"stat --format=%.9Y {STATE}")) > float(before))
    controller.check_output(f"systemctl kill --kill-whom=main --signal=KILL {CONTROLLER}")
    release(running(jobs))
    wait_until(lambda: controller.run(f"systemctl is-active {CONTROLLER}").failed)
    controller.check_output(f"systemctl reset-failed {CONTROLLER}; systemctl start {CONTROLLER}")
    release(jobs)
    assert cluster.unlike_once(jobs) == {}


def test_the_agent_is_killed_while_jobs_end(cluster: Cluster, jobs: list[ClusterJob]) -> None:
    cluster.host.check_output(f"systemctl kill --kill-whom=main --signal=KILL {AGENT}")
    release(jobs)
    assert cluster.unlike_once(jobs) == {}


def test_the_agent_is_killed_again_and_again_while_it_submits(cluster: Cluster) -> None:
    jobs = cluster.submit(*["sleep 1"] * 8)
    for _ in range(3):
        cluster.host.check_output(f"systemctl kill --kill-whom=main --signal=KILL {AGENT}")
        wait_until(lambda: cluster.host.run(f"systemctl is-active {AGENT}").succeeded)
    assert cluster.unlike_once(jobs) == {}


def test_the_agent_is_restarted_while_jobs_run(cluster: Cluster, jobs: list[ClusterJob]) -> None:
    cluster.host.check_output(f"systemctl restart {AGENT}")
    release(jobs)
    assert cluster.unlike_once(jobs) == {}
