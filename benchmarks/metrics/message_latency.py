"""How long a job that does nothing takes from its message to the one that says that it is complete."""

from __future__ import annotations

from benchmarks.deadline import Deadline
from benchmarks.galaxy import Task, running_galaxy
from benchmarks.metric import Figures, Metric, Quantity, at_most_times
from benchmarks.samples import percentile
from benchmarks.server import Server

JOBS = 200
OUTSTANDING = 8


def measure(server: Server, deadline: Deadline) -> Figures:
    """Send a job whenever the end of another was told."""
    with running_galaxy(server) as galaxy:
        tasks = [Task(job_id=str(number)) for number in range(JOBS)]
        campaign = galaxy.run(tasks, deadline, outstanding=OUTSTANDING)
    sent = [course.sent for course in campaign.courses.values()]
    latencies = [end - begin for begin, end in zip(sent, campaign.completed(), strict=True)]
    return {
        "latency_p50": percentile(latencies, 50) * 1000,
        "latency_p99": percentile(latencies, 99) * 1000,
    }


METRIC = Metric(
    name="message-latency",
    method=(
        f"{JOBS} jobs as above, of which {OUTSTANDING} are on their way at any time: another one is sent "
        "when the library has been told that one is complete. The time of a job begins before it is handed "
        "to the library, and ends when the library hands over that message."
    ),
    quantities={
        f"latency_p{percent}": Quantity(
            title=f"AMQP: {OUTSTANDING} outstanding, end to end, p{percent}",
            unit="ms",
            requirement=at_most_times(1 / part),
        )
        for percent, part in ((50, 6), (99, 5))
    },
    measure=measure,
    staging_in_memory=True,
    by_message=True,
)
