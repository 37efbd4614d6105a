"""Jobs when the whole host restarts."""

from __future__ import annotations

from collections.abc import Mapping

from test_hosts.jobs import StartJobs
from test_hosts.podman import podman


def test_a_restart_of_the_host_loses_no_job_and_finishes_none_twice(
    containers: Mapping[str, str], start_jobs: StartJobs
) -> None:
    """A job that ran when the host went down begins again, and no other does."""
    jobs = start_jobs(18, 4)
    podman("restart", "--time=30", containers["debian13"])
    assert jobs.endings() == {job_id: {"status": "complete", "returncode": 0} for job_id in jobs.ids}
    notes = jobs.notes()
    assert {job_id: counts["end"] for job_id, counts in notes.items()} == dict.fromkeys(jobs.ids, 1)
    began_again = [job_id for job_id, counts in notes.items() if counts["start"] > 1]
    assert 1 <= len(began_again) <= 6, "as many as run at the same time"
