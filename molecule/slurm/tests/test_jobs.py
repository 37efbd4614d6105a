"""Jobs that the cluster runs, stops or refuses."""

from __future__ import annotations

from test_hosts.cluster_jobs import Cluster, ClusterJob
from test_hosts.waiting import wait_until

#: What a job does that takes 300 MB, and writes to all of it.
GREED = """python3 -c 'taken = b"x" * (300 << 20); import time; time.sleep(100)'"""
#: An ending that Slurm notices up to a minute after it is due.
TIME_LIMIT = 180.0


def begun(job: ClusterJob) -> list[str]:
    """Return the kinds of notes that a job has made."""
    return [note.split()[0] for note in job.notes()]


def test_jobs_run_on_the_nodes_as_the_servers_user(cluster: Cluster) -> None:
    """Together with the one that is there all the time they take all processors of both nodes."""
    jobs = cluster.submit_gated(3)
    for job in jobs:
        job.wait_for_start()
    assert {job.notes()[0] for job in jobs} == {"start node-1 pulsar", "start node-2 pulsar"}
    for job in jobs:
        job.release()
    assert cluster.unlike_once(jobs) == {}


def test_a_job_has_what_it_asks_for(cluster: Cluster) -> None:
    asking = cluster.with_parameters(submit_request_cpus="2", submit_request_memory="300")
    (job,) = asking.submit("echo $GALAXY_SLOTS $GALAXY_MEMORY_MB")
    assert asking.ending(job)["job_stdout"].split() == ["2", "300"]


def test_a_job_that_takes_more_memory_than_it_asked_for_is_killed_with_that_reason(cluster: Cluster) -> None:
    modest = cluster.with_parameters(submit_request_memory="100")
    (job,) = modest.submit(GREED)
    ending = modest.ending(job)
    assert (ending["status"], ending["returncode"]) == ("complete", 137)
    assert "more memory than it asked for" in ending["job_stderr"]
    assert "more memory than it asked for" in modest.shown(job)
    assert begun(job) == ["start"]


def test_a_job_that_runs_longer_than_its_partition_allows_is_killed_with_that_reason(
    cluster: Cluster, overlong_job: ClusterJob
) -> None:
    ending = cluster.ending(overlong_job, TIME_LIMIT)
    assert ending["status"] == "complete"
    assert ending["returncode"] != 0
    assert "longer than its time limit" in ending["job_stderr"]
    assert "longer than its time limit" in cluster.shown(overlong_job)
    assert begun(overlong_job) == ["start"]


def test_a_job_that_galaxy_cancels_leaves_its_node(cluster: Cluster) -> None:
    (job,) = cluster.submit_gated(1)
    job.wait_for_start()
    number = cluster.host.check_output("squeue --noheader --format=%i --sort=-i").split()[0]
    cluster.cancel(job)
    assert cluster.ending(job)["status"] == "cancelled"
    state = f"sacct --noheader --allocations --parsable2 --jobs={number} --format=State"
    wait_until(lambda: cluster.host.check_output(state).startswith("CANCELLED"))
    job.release()
    assert begun(job) == ["start"]


def test_a_partition_that_there_is_not_fails_the_job_with_slurms_words(cluster: Cluster) -> None:
    wrong = cluster.with_parameters(submit_native_specification="--partition nowhere")
    (job,) = wrong.submit("true")
    ending = wrong.ending(job)
    assert ending["status"] == "failed"
    assert "invalid partition specified: nowhere" in wrong.shown(job)
    assert "--partition" in wrong.shown(job)
    assert job.notes() == []


def test_a_time_that_no_partition_grants_fails_the_job_at_once(cluster: Cluster) -> None:
    """Slurm would have it wait for ever."""
    wrong = cluster.with_parameters(submit_native_specification="--time 600")
    (job,) = wrong.submit("true")
    assert wrong.ending(job)["status"] == "failed"
    assert "PartitionTimeLimit" in wrong.shown(job)
    assert job.notes() == []
