"""Processes of the server are killed or stopped while jobs run, wait and are being submitted."""

from __future__ import annotations

import random
import time

import pytest

from runtime.tests.live_server import START_LIMIT, LiveServer, wait_until
from runtime.tests.resilience.faults import PARTIAL, TOTAL, Fault
from runtime.tests.resilience.gate import Gate
from runtime.tests.resilience.workload import Workload

#: Any number would do; a failure can be repeated with the same.
SEED = 20261122
LONGEST_DELAY = 0.4


@pytest.mark.parametrize("fault", [*PARTIAL, *TOTAL])
def test_every_accepted_job_runs_once(
    server: LiveServer, workload: Workload, gates: tuple[Gate, Gate], fault: Fault
) -> None:
    """Half of the jobs end while the server is not whole, the others after it has recovered."""
    during, afterwards = gates
    workload.submit(40, during.wait, afterwards.wait)
    workload.wait_for_runs(20)
    with workload.submitting(20, during.wait, afterwards.wait):
        fault(server)
        during.open()
        if fault in TOTAL:
            server.start()
    wait_until(server.is_ready, START_LIMIT, "the server is ready again", server)
    afterwards.open()
    workload.check_each_ran_once()


def test_every_accepted_job_runs_once_however_often_the_server_is_killed(
    server: LiveServer, workload: Workload
) -> None:
    """A submission whose answer is lost is sent again, and runs once all the same."""
    chance = random.Random(SEED)  # noqa: S311 - the moments need to be repeatable, not secret
    faults = [*PARTIAL, *TOTAL, *chance.choices(PARTIAL, k=2)]
    chance.shuffle(faults)
    for fault in faults:
        with workload.submitting(16, "true", "sleep 0.3"):
            time.sleep(chance.uniform(0, LONGEST_DELAY))
            fault(server)
            if fault in TOTAL:
                server.start()
    workload.check_each_ran_once()
