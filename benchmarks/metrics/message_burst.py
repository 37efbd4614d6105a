"""Jobs that do nothing, sent by messages all at once."""

from __future__ import annotations

from benchmarks.deadline import Deadline
from benchmarks.galaxy import Task, running_galaxy
from benchmarks.metric import Figures, Metric, Quantity, at_least_times
from benchmarks.server import Server

JOBS = 200


def measure(server: Server, deadline: Deadline) -> Figures:
    """Send ``JOBS`` jobs without waiting, and wait until the end of each was told."""
    with running_galaxy(server) as galaxy:
        tasks = [Task(job_id=str(number)) for number in range(JOBS)]
        campaign = galaxy.run(tasks, deadline, outstanding=JOBS)
    seconds = max(campaign.completed()) - campaign.begun
    return {
        "jobs_per_second": JOBS / seconds,
        "client_share": 100 * campaign.cpu_seconds / seconds,
    }


METRIC = Metric(
    name="message-burst",
    method=(
        f"{JOBS} jobs with the command `true` and without files, sent one after the other without waiting, "
        "as the published client library does it for Galaxy; the clock runs from the first until the "
        "library has been told that the last one is complete. Both servers send Galaxy four small files of "
        "each job, what they noted about its run. In this and the following measurements server and Galaxy "
        "meet at a RabbitMQ of their own (Debian's, one scheduler, its files on the disk, over loopback, "
        "without TLS), 8 jobs may run at a time, and job directories are on tmpfs, unless it says otherwise."
    ),
    quantities={
        "jobs_per_second": Quantity(
            title=f"AMQP: {JOBS} no-op jobs in one burst", unit="jobs/s", requirement=at_least_times(2.5)
        ),
        "client_share": Quantity(title="the client library's share of a core, burst", unit="%"),
    },
    measure=measure,
    rounds=5,
    staging_in_memory=True,
    by_message=True,
)
