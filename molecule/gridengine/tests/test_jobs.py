"""Jobs that the cluster runs, stops or refuses."""

from __future__ import annotations

from collections.abc import Mapping

from test_hosts.cluster_jobs import Cluster, ClusterJob
from test_hosts.waiting import wait_until

#: What a job does that takes 300 MB in two processes, and writes to all of it.
GREED = (
    """for _ in 1 2; do python3 -c 'taken = b"x" * (150 << 20); import time; time.sleep(100)' & done; wait"""
)

#: How each manager says that a limit was reached.
REASONS = {"_default_": "ended by SIGKILL, after", "commands": "beyond a limit (h_rt, h_cpu or h_vmem)"}


def begun(job: ClusterJob) -> list[str]:
    """Return what a job has noted, without names."""
    return [note.split()[0] for note in job.notes()]


def assert_reason(cluster: Cluster, job: ClusterJob, ending: Mapping[str, str]) -> None:
    """Grid Engine's library tells the signal and what was used, its books tell that there was a limit."""
    says = REASONS[cluster.parameters["manager"]]
    assert says in ending["job_stderr"]
    assert says in cluster.shown(job)


def test_jobs_run_on_the_nodes_as_the_servers_user(cluster: Cluster) -> None:
    """They take all slots of both."""
    jobs = cluster.submit_gated(4)
    for job in jobs:
        job.wait_for_start()
    assert {job.notes()[0] for job in jobs} == {"start master pulsar", "start node pulsar"}
    for job in jobs:
        job.release()
    assert cluster.unlike_once(jobs) == {}


def test_a_job_has_what_it_asks_for(cluster: Cluster) -> None:
    asking = cluster.with_parameters(submit_native_specification="-pe smp 2 -l h_vmem=200M")
    (job,) = asking.submit("echo $GALAXY_SLOTS $GALAXY_MEMORY_MB $(ulimit -v)")
    assert asking.ending(job)["job_stdout"].split() == ["2", "400", str(400 * 1024)]


def test_resources_have_names_of_galaxys_own(by_commands: Cluster) -> None:
    asking = by_commands.with_parameters(submit_request_cpus="2", submit_request_memory="300")
    (job,) = asking.submit("echo $GALAXY_SLOTS $GALAXY_MEMORY_MB")
    assert asking.ending(job)["job_stdout"].split() == ["2", "300"]


def test_a_job_that_takes_more_memory_than_it_asked_for_is_killed(cluster: Cluster) -> None:
    modest = cluster.with_parameters(submit_native_specification="-l h_vmem=250M")
    (job,) = modest.submit(GREED)
    ending = modest.ending(job)
    assert (ending["status"], ending["returncode"]) == ("complete", 137)
    assert_reason(modest, job, ending)
    assert begun(job) == ["start"]


def test_a_job_that_runs_longer_than_it_asked_for_is_killed(cluster: Cluster) -> None:
    hasty = cluster.with_parameters(submit_native_specification="-l h_rt=3")
    (job,) = hasty.submit("sleep 100")
    ending = hasty.ending(job)
    assert (ending["status"], ending["returncode"]) == ("complete", 137)
    assert_reason(hasty, job, ending)
    assert begun(job) == ["start"]


def test_a_job_that_galaxy_cancels_leaves_its_node(cluster: Cluster) -> None:
    (job,) = cluster.submit_gated(1)
    job.wait_for_start()
    cluster.cancel(job)
    assert cluster.ending(job)["status"] == "cancelled"
    wait_until(lambda: cluster.host.check_output("qstat -u '*'") == "")
    job.release()
    assert begun(job) == ["start"]


def test_a_malformed_option_fails_the_job_with_grid_engines_words(cluster: Cluster) -> None:
    wrong = cluster.with_parameters(submit_native_specification="-l nonsense=1")
    (job,) = wrong.submit("true")
    assert wrong.ending(job)["status"] == "failed"
    assert "nonsense" in wrong.shown(job)
    assert job.notes() == []


def test_memory_that_no_node_has_fails_the_job_at_once(cluster: Cluster) -> None:
    """Grid Engine would have it wait for ever."""
    wrong = cluster.with_parameters(submit_native_specification="-l h_vmem=100G")
    (job,) = wrong.submit("true")
    assert wrong.ending(job)["status"] == "failed"
    assert "no suitable queues" in wrong.shown(job)
    assert job.notes() == []


def test_a_job_runs_as_its_user(by_library: Cluster) -> None:
    users = by_library.with_parameters(manager="users", submit_user="alice")
    (job,) = users.submit("true")
    assert users.unlike_once([job]) == {}
    assert job.notes()[0].split()[2] == "alice"
