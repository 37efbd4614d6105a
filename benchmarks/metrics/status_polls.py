"""Status requests for one job, as fast as they are answered."""

from __future__ import annotations

from benchmarks.crowd import CLIENTS
from benchmarks.deadline import Deadline
from benchmarks.gate import Gate
from benchmarks.metric import Figures, Metric, Quantity, at_least_times
from benchmarks.polling import poll
from benchmarks.server import Server
from benchmarks.stopwatch import Stopwatch, share_of_a_core

SECONDS = 3.0
POLL_SECONDS = 0.05


def measure(server: Server, deadline: Deadline) -> Figures:
    """Poll a job that runs, then the same job when it has ended."""
    gate = Gate(server.site.directory / "gate")
    try:
        with server.client() as client:
            client.setup("1")
            client.submit("1", gate.wait_command())
            client.wait_until("1", "running", deadline, every=POLL_SECONDS)
            target = client.status_target("1")
            with Stopwatch() as while_running:
                running = poll(server.site.port, target, connections=CLIENTS, seconds=SECONDS)
            gate.let_go(1)
            client.wait_until("1", "complete", deadline, every=POLL_SECONDS)
            with Stopwatch() as when_ended:
                ended = poll(server.site.port, target, connections=CLIENTS, seconds=SECONDS)
    finally:
        gate.let_go(1)
        gate.close()
    return {
        "running": running / while_running.seconds,
        "ended": ended / when_ended.seconds,
        "client_share": share_of_a_core(while_running, when_ended),
    }


METRIC = Metric(
    name="status-polls",
    method=(
        f"One client thread keeps one request in flight on each of {CLIENTS} keep-alive connections, for "
        f"{SECONDS:g} s while the job runs (an answer of three keys) and {SECONDS:g} s after it has ended "
        "(an answer with the whole structure)."
    ),
    quantities={
        "running": Quantity(
            title="status polls, running job, keep-alive", unit="1/s", requirement=at_least_times(2.5)
        ),
        "ended": Quantity(
            title="status polls, ended job, keep-alive", unit="1/s", requirement=at_least_times(2.5)
        ),
        "client_share": Quantity(title="the client's share of a core, status polls", unit="%"),
    },
    measure=measure,
)
