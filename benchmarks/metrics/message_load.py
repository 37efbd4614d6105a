"""What a server takes while many jobs run and nothing happens."""

from __future__ import annotations

from benchmarks import processes
from benchmarks.deadline import Deadline
from benchmarks.galaxy import Task, running_galaxy
from benchmarks.gate import Gate
from benchmarks.metric import Figures, Metric, Quantity, at_most
from benchmarks.server import Server

JOBS = 500
SETTLE_SECONDS = 2.0
WATCHED_SECONDS = 20.0


def measure(server: Server, deadline: Deadline) -> Figures:
    """Let jobs wait at a gate, and read the clock of the server's processes before and after a while."""
    gate = Gate(server.site.directory / "gate")
    try:
        with running_galaxy(server) as galaxy:
            tasks = [Task(job_id=str(number), command=gate.wait_command()) for number in range(JOBS)]
            galaxy.run(tasks, deadline, outstanding=JOBS, until=["running"]).reached("running")
            deadline.pause(SETTLE_SECONDS)
            pids = server.processes()
            before = processes.cpu_seconds(pids)
            deadline.pause(WATCHED_SECONDS)
            return {"cpu": 100 * (processes.cpu_seconds(pids) - before) / WATCHED_SECONDS}
    finally:
        gate.let_go(JOBS)
        gate.close()


METRIC = Metric(
    name="message-load",
    method=(
        f"`num_concurrent_jobs` is {JOBS}, and {JOBS} jobs wait for a pipe. {SETTLE_SECONDS:g} s after "
        "Galaxy has been told of the last one that it is running, the CPU time of the server's processes "
        f"in the next {WATCHED_SECONDS:g} s is measured, as a share of one core."
    ),
    quantities={
        "cpu": Quantity(title=f"AMQP: CPU with {JOBS} running jobs", unit="%", requirement=at_most(0.5)),
    },
    measure=measure,
    rounds=1,
    limit_seconds=240,
    concurrent_jobs=JOBS,
    staging_in_memory=True,
    by_message=True,
)
