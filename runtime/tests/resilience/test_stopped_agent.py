"""The agent stands still for a while: suspended, swapped out, or on a machine that sleeps."""

from __future__ import annotations

import os
import signal
import time

from runtime.tests.live_server import START_LIMIT, LiveServer, wait_until
from runtime.tests.resilience.gate import Gate
from runtime.tests.resilience.patient_client import patient_client
from runtime.tests.resilience.server_processes import agent
from runtime.tests.resilience.workload import Workload


def test_jobs_that_end_or_are_submitted_meanwhile_are_not_lost(
    server: LiveServer, workload: Workload, gates: tuple[Gate, Gate]
) -> None:
    gate, _ = gates
    workload.submit(25, gate.wait)
    workload.wait_for_runs(20)
    stopped = agent(server)
    os.kill(stopped, signal.SIGSTOP)
    gate.open()
    workload.submit(25)
    with patient_client(server) as client:
        assert client.status("job-0050")["status"] == "preprocessing"
    os.kill(stopped, signal.SIGCONT)
    workload.check_each_ran_once()
    assert agent(server) == stopped


def test_the_server_is_not_ready_once_the_agent_has_shown_no_life_for_a_while(server: LiveServer) -> None:
    """The agent stands still for a moment, and its last sign of life is made an old one."""
    stopped = agent(server)
    os.kill(stopped, signal.SIGSTOP)
    assert server.is_ready()
    long_ago = time.monotonic() - 60
    os.utime(server.directory / "persisted_data" / "agent.sock", (long_ago, long_ago))
    assert not server.is_ready()
    os.kill(stopped, signal.SIGCONT)
    wait_until(server.is_ready, START_LIMIT, "it is ready again", server)
