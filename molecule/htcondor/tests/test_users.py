"""Jobs that run as the users who asked for them."""

from __future__ import annotations

import pytest

from test_hosts.cluster_jobs import Cluster

AGENT = "pulsar-agent.service"


@pytest.fixture
def as_alice(cluster: Cluster) -> Cluster:
    """The manager whose jobs run as their users, as Galaxy uses it for one of them."""
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
    assert as_alice.host.check_output("condor_q -allusers -autoformat ClusterId") == ""
    job.release()
    assert [note.split()[0] for note in job.notes()] == ["start"]


def test_a_job_of_nobody_is_refused(cluster: Cluster) -> None:
    nobody = cluster.with_parameters(manager="as_users")
    (job,) = nobody.submit("true")
    assert nobody.ending(job)["status"] == "failed"
    assert "submit_user" in nobody.shown(job)
    assert job.notes() == []
