"""The memory of a server that has nothing to do."""

from __future__ import annotations

from benchmarks import processes
from benchmarks.deadline import Deadline
from benchmarks.metric import Figures, Metric, Quantity, at_most_times
from benchmarks.server import Server

SETTLE_SECONDS = 5.0
MEGABYTE = 1_000_000


def measure(server: Server, deadline: Deadline) -> Figures:
    """Let the server settle, and sum up its processes."""
    deadline.pause(SETTLE_SECONDS)
    return {"megabytes": processes.proportional_memory(server.processes()) / MEGABYTE}


METRIC = Metric(
    name="idle-memory",
    method=(
        f"The proportional set size (PSS of `/proc/PID/smaps_rollup`) summed over all processes of the "
        f"server, {SETTLE_SECONDS:g} s after it is ready and before it has had a job."
    ),
    quantities={
        "megabytes": Quantity(
            title="idle memory, all processes (PSS)", unit="MB", requirement=at_most_times(0.8)
        )
    },
    measure=measure,
)
