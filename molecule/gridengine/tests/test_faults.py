"""Something breaks while jobs run and others wait."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import attrs
import pytest
from testinfra.host import Host

from test_hosts.cluster_jobs import Cluster, ClusterJob
from test_hosts.waiting import wait_until

AGENT = "pulsar-agent.service"
MASTER = "gridengine-master.service"
NODE = "gridengine-exec.service"
#: What both nodes have.
SLOTS = 4
START_LIMIT = 60.0


@attrs.frozen
class Jobs:
    """Jobs that were submitted together, and the way by which each was."""

    submitted: Mapping[ClusterJob, Cluster]

    @classmethod
    def gated(cls, *ways: Cluster) -> Jobs:
        """Submit three jobs by each way, which last until they are released."""
        return cls({job: way for way in ways for job in way.submit_gated(3)})

    def running(self) -> Jobs:
        """Return those that have started."""
        return Jobs({job: way for job, way in self.submitted.items() if job.notes()})

    def release(self) -> None:
        """Let all go on."""
        for job in self.submitted:
            job.release()

    def unlike_once(self) -> Mapping[str, object]:
        """Wait for the ends, and return each job that did not do its work once."""
        ways = {way.parameters["manager"]: way for way in self.submitted.values()}
        found: dict[str, object] = {}
        for way in ways.values():
            found.update(way.unlike_once([job for job, own in self.submitted.items() if own is way]))
        return found


@pytest.fixture
def jobs(by_library: Cluster, by_commands: Cluster) -> Iterator[Jobs]:
    """Two more than the cluster has slots; when this returns, four run and two wait."""
    jobs = Jobs.gated(by_library, by_commands)
    wait_until(lambda: len(jobs.running().submitted) == SLOTS, START_LIMIT)
    # The master has heard of each that it runs; one that is killed before forgets that they have started.
    wait_until(lambda: reported(by_library.host) == SLOTS, START_LIMIT)
    yield jobs
    jobs.release()


def reported(host: Host) -> int:
    """Return of how many jobs the master knows what they use."""
    return len(re.findall(r"^usage", host.check_output("qstat -j '*' || true"), re.MULTILINE))


def kill(host: Host, unit: str) -> None:
    """Kill a service, and return when it is gone; systemd starts it again."""
    main_process = f"systemctl show --property=MainPID --value {unit}"
    before = host.check_output(main_process)
    host.check_output(f"systemctl kill --kill-whom=main --signal=KILL {unit}")
    wait_until(lambda: bool(host.check_output(main_process) != before))


def test_the_master_is_killed_and_jobs_end_before_it_is_back(master: Host, jobs: Jobs) -> None:
    """The nodes forget to tell of some, until they are reminded: those that wait have their slots then."""
    kill(master, MASTER)
    jobs.release()
    assert jobs.unlike_once() == {}


def test_the_master_is_away_while_jobs_are_submitted_and_end(
    master: Host, jobs: Jobs, by_library: Cluster, by_commands: Cluster
) -> None:
    master.check_output(f"systemctl stop {MASTER}")
    try:
        late = Jobs({way.submit("true")[0]: way for way in (by_library, by_commands)})
        jobs.release()
        assert jobs.running().unlike_once() == {}
    finally:
        master.check_output(f"systemctl start {MASTER}")
    assert jobs.unlike_once() == {}
    assert late.unlike_once() == {}


def test_what_runs_a_nodes_jobs_is_killed(node: Host, jobs: Jobs) -> None:
    kill(node, NODE)
    jobs.release()
    assert jobs.unlike_once() == {}


def test_the_agent_is_killed_while_jobs_end(server: Host, jobs: Jobs) -> None:
    kill(server, AGENT)
    jobs.release()
    assert jobs.unlike_once() == {}


def test_the_agent_is_killed_again_and_again_while_it_submits(
    server: Host, by_library: Cluster, by_commands: Cluster
) -> None:
    jobs = Jobs({job: way for way in (by_library, by_commands) for job in way.submit(*["sleep 1"] * 4)})
    for _ in range(3):
        kill(server, AGENT)
        wait_until(lambda: bool(server.run(f"systemctl is-active {AGENT}").succeeded))
    assert jobs.unlike_once() == {}
