"""The time from the start of the server's process to its first answer."""

from __future__ import annotations

from benchmarks.deadline import Deadline
from benchmarks.metric import Figures, Metric, Quantity, at_most_times
from benchmarks.server import LOOK_SECONDS, Server


def measure(server: Server, _: Deadline) -> Figures:
    """Report how long the start took that preceded."""
    return {"seconds": server.started_in}


METRIC = Metric(
    name="start",
    method=(
        f"A new connection every {LOOK_SECONDS * 1000:g} ms from the start of the process on, until the "
        "first 200: of `/healthz` for the reference, and for ours of `/readyz`, which answers that only when "
        "the agent works too. The staging directory is empty, the byte code compiled."
    ),
    quantities={
        "seconds": Quantity(title="start until the port answers", unit="s", requirement=at_most_times(1 / 3))
    },
    measure=measure,
    rounds=5,
)
