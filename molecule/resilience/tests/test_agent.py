"""Jobs while the agent is away."""

from __future__ import annotations

from testinfra.host import Host

from test_hosts.jobs import StartJobs
from test_hosts.waiting import wait_until

AGENT = "pulsar-agent.service"


def is_active(host: Host) -> bool:
    return bool(host.run(f"systemctl is-active {AGENT}").succeeded)


def test_jobs_go_on_when_the_agent_is_killed_again_and_again(host: Host, start_jobs: StartJobs) -> None:
    jobs = start_jobs(24, 2)
    for _ in range(3):
        host.check_output(f"systemctl kill --kill-whom=main --signal=KILL {AGENT}")
        wait_until(lambda: not is_active(host))
        wait_until(lambda: is_active(host))
    assert jobs.unlike_once() == {}


def test_jobs_go_on_when_the_agent_is_stopped_for_a_while(host: Host, start_jobs: StartJobs) -> None:
    """Jobs that run end meanwhile; none starts before the agent is back."""
    jobs = start_jobs(12, 2)
    host.check_output(f"systemctl stop {AGENT}")
    running = {job_id for job_id, counts in jobs.notes().items() if counts["start"]}
    assert running
    wait_until(lambda: all(jobs.notes()[job_id]["end"] for job_id in running))
    assert {job_id for job_id, counts in jobs.notes().items() if counts["start"]} == running
    host.check_output(f"systemctl start {AGENT}")
    assert jobs.unlike_once() == {}
