"""The threads of a server that has many jobs running."""

from __future__ import annotations

from benchmarks import processes
from benchmarks.crowd import share_out
from benchmarks.deadline import Deadline
from benchmarks.gate import Gate
from benchmarks.job_client import JobClient
from benchmarks.metric import Bound, Figures, Metric, Quantity, Requirement
from benchmarks.server import Server

JOBS = 500
POLL_SECONDS = 0.1


def measure(server: Server, deadline: Deadline) -> Figures:
    """Count the threads while ``JOBS`` jobs run at once."""
    gate = Gate(server.site.directory / "gate")
    command = gate.wait_command()

    def start(client: JobClient, number: int) -> None:
        client.setup(str(number))
        client.submit(str(number), command)

    def see_running(client: JobClient, number: int) -> None:
        client.wait_until(str(number), "running", deadline, every=POLL_SECONDS)

    def see_complete(client: JobClient, number: int) -> None:
        client.wait_until(str(number), "complete", deadline, every=POLL_SECONDS)

    jobs = range(1, JOBS + 1)
    try:
        share_out(jobs, start, port=server.site.port, token=server.site.token)
        share_out(jobs, see_running, port=server.site.port, token=server.site.token)
        threads = processes.threads(server.processes())
        gate.let_go(JOBS)
        share_out(jobs, see_complete, port=server.site.port, token=server.site.token)
    finally:
        gate.let_go(JOBS)
        gate.close()
    return {"threads": threads}


METRIC = Metric(
    name="threads",
    method=(
        f"`num_concurrent_jobs` is {JOBS}; when the status of {JOBS} jobs that wait for a pipe is `running`, "
        "the threads of all processes of the server are summed (`/proc/PID/status`)."
    ),
    quantities={
        "threads": Quantity(
            title=f"threads with {JOBS} running jobs",
            unit="threads",
            requirement=Requirement(bound=Bound.AT_MOST, limit=40, of_ratio=False),
        )
    },
    measure=measure,
    rounds=1,
    concurrent_jobs=JOBS,
)
