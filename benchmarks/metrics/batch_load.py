"""What a server takes, and how often it asks, while a batch system has many of its jobs."""

from __future__ import annotations

from benchmarks import processes
from benchmarks.batch_system import LIST_SECONDS, SUBMIT_SECONDS
from benchmarks.crowd import share_out
from benchmarks.deadline import Deadline
from benchmarks.job_client import JobClient
from benchmarks.metric import Figures, Metric, Quantity, at_most
from benchmarks.product import POLLING_SECONDS
from benchmarks.server import Server

JOBS = 5000
LOOK_SECONDS = 0.5
SETTLE_SECONDS = 10.0
WATCHED_SECONDS = 60.0

MILLISECONDS = 1000


def measure(server: Server, deadline: Deadline) -> Figures:
    """Submit the jobs, and count questions and CPU time while nothing changes."""
    system = server.site.batch_system
    if system is None:
        raise LookupError("the metric asks for a batch system")

    def start(client: JobClient, number: int) -> None:
        client.setup(str(number))
        client.submit(str(number), "true")

    share_out(range(1, JOBS + 1), start, port=server.site.port, token=server.site.token)
    deadline.until(lambda: system.jobs() == JOBS, every=LOOK_SECONDS)
    with server.client() as client:
        client.wait_until(str(JOBS), "running", deadline, every=LOOK_SECONDS)
    deadline.pause(SETTLE_SECONDS)
    pids = server.processes()
    cpu, questions = processes.cpu_seconds(pids), system.questions()
    deadline.pause(WATCHED_SECONDS)
    return {
        "questions": (system.questions() - questions) / (WATCHED_SECONDS / POLLING_SECONDS),
        "cpu": 100 * (processes.cpu_seconds(pids) - cpu) / WATCHED_SECONDS,
    }


METRIC = Metric(
    name="batch-load",
    method=(
        f"Ours alone: {JOBS} jobs of a manager `queued_slurm` with a polling interval of "
        f"{POLLING_SECONDS:g} s run for ever in a stand-in of Slurm, whose `sbatch` and `squeue` take as "
        f"long as Slurm's own did for as many jobs ({SUBMIT_SECONDS * MILLISECONDS:g} and "
        f"{LIST_SECONDS * MILLISECONDS:g} ms, and what it takes to start a shell). {SETTLE_SECONDS:g} s "
        f"after the last one is seen running, the calls of `squeue` in the next {WATCHED_SECONDS:g} s are "
        "counted, and the CPU time of all processes of the server is measured, as a share of one core."
    ),
    quantities={
        "questions": Quantity(
            title=f"{JOBS} jobs in a batch system: commands per interval", unit="", requirement=at_most(1)
        ),
        "cpu": Quantity(title=f"{JOBS} jobs in a batch system: CPU", unit="%", requirement=at_most(3)),
    },
    measure=measure,
    rounds=1,
    limit_seconds=400,
    staging_in_memory=True,
    by_batch_system=True,
)
