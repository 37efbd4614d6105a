"""The agent stands still for a while: suspended, swapped out, or on a machine that sleeps."""

from __future__ import annotations

import os
import signal

from runtime.tests.live_server import LiveServer
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
