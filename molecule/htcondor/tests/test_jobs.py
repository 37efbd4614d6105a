"""Jobs that the pool runs, stops or refuses."""

from __future__ import annotations

from test_hosts.cluster_jobs import Cluster

#: What a job does that takes 600 MB, and writes to all of it.
GREED = """python3 -c 'taken = b"x" * (600 << 20); import time; time.sleep(100)'"""


def test_jobs_run_on_the_nodes_as_the_servers_user(cluster: Cluster) -> None:
    jobs = cluster.submit_gated(4)
    for job in jobs:
        job.wait_for_start()
    assert {job.notes()[0] for job in jobs} == {"start node-1 pulsar", "start node-2 pulsar"}
    for job in jobs:
        job.release()
    assert cluster.unlike_once(jobs) == {}


def test_a_job_has_what_it_asks_for(cluster: Cluster) -> None:
    asking = cluster.with_parameters(submit_request_cpus="2", submit_request_memory="300")
    (job,) = asking.submit("echo $GALAXY_SLOTS $GALAXY_MEMORY_MB")
    slots, memory = asking.ending(job)["job_stdout"].split()
    assert slots == "2"
    # Slots have sizes in steps of 128 MB.
    assert 300 <= int(memory) < 300 + 128


def test_a_job_that_takes_more_memory_than_it_asked_for_is_stopped_with_that_reason(cluster: Cluster) -> None:
    modest = cluster.with_parameters(submit_request_memory="100")
    (job,) = modest.submit(GREED)
    ending = modest.ending(job)
    assert (ending["status"], ending["returncode"]) == ("complete", 137)
    assert "memory usage exceeded" in ending["job_stderr"]
    assert "memory usage exceeded" in modest.shown(job)
    assert [note.split()[0] for note in job.notes()] == ["start"]


def test_a_job_that_galaxy_cancels_leaves_its_node(cluster: Cluster) -> None:
    (job,) = cluster.submit_gated(1)
    job.wait_for_start()
    cluster.cancel(job)
    assert cluster.ending(job)["status"] == "cancelled"
    assert cluster.host.check_output("condor_q -allusers -autoformat ClusterId") == ""
    job.release()
    assert [note.split()[0] for note in job.notes()] == ["start"]


def test_a_value_that_htcondor_refuses_fails_the_job_with_its_words(cluster: Cluster) -> None:
    wrong = cluster.with_parameters(submit_requirements="((")
    (job,) = wrong.submit("true")
    assert wrong.ending(job)["status"] == "failed"
    assert "HTCondor does not take it" in wrong.shown(job)
    assert "requirements" in wrong.shown(job).lower()
    assert job.notes() == []
