"""Jobs that run as the users who asked for them."""

from __future__ import annotations

import pytest

from test_hosts.cluster_jobs import Cluster
from test_hosts.waiting import wait_until

AGENT = "pulsar-agent.service"


@pytest.fixture
def as_alice(cluster: Cluster) -> Cluster:
    """The cluster as Galaxy uses it for a user."""
    return cluster.with_parameters(manager="as_users", submit_user="alice")


def test_a_job_runs_as_its_user_whatever_happens_to_the_agent(as_alice: Cluster) -> None:
    (job,) = as_alice.submit_gated(1)
    job.wait_for_start()
    assert job.notes()[0].split()[2] == "alice"
    as_alice.host.check_output(f"systemctl kill --kill-whom=main --signal=KILL {AGENT}")
    job.release()
    assert as_alice.unlike_once([job]) == {}


def test_a_job_of_another_user_is_cancelled(as_alice: Cluster) -> None:
    (job,) = as_alice.submit_gated(1)
    job.wait_for_start()
    as_alice.cancel(job)
    assert as_alice.ending(job)["status"] == "cancelled"
    wait_until(lambda: not as_alice.host.check_output("squeue --noheader --user=alice"))
    job.release()
    assert [note.split()[0] for note in job.notes()] == ["start"]


def test_a_job_of_another_user_that_is_killed_is_told_why(as_alice: Cluster) -> None:
    modest = as_alice.with_parameters(submit_request_memory="100")
    (job,) = modest.submit("""python3 -c 'taken = b"x" * (300 << 20); import time; time.sleep(100)'""")
    assert "more memory than it asked for" in modest.ending(job)["job_stderr"]


def test_a_job_of_a_user_who_is_not_known_fails_with_that_reason(cluster: Cluster) -> None:
    unknown = cluster.with_parameters(manager="as_users", submit_user="mallory")
    (job,) = unknown.submit("true")
    assert unknown.ending(job)["status"] == "failed"
    assert "mallory" in unknown.shown(job)
    assert job.notes() == []
