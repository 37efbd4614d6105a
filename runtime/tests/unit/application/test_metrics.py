"""The figures of a server among in-memory twins."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from pulsar_runtime.application.metrics import Metrics
from pulsar_runtime.domain.announcement import StatusUpdate
from pulsar_runtime.domain.ids import JobId, ManagerName
from pulsar_runtime.domain.status import JobStatus
from pulsar_runtime.testing.clock import ManualClock
from pulsar_runtime.testing.job_store import InMemoryJobStore
from pulsar_runtime.testing.outages import InMemoryOutages
from runtime.tests.contract.stored_jobs import MANAGER, OTHER, begin, end, submitted


class Watched:
    """What a server has written down, and its figures."""

    def __init__(self) -> None:
        self.clock = ManualClock(now=1000.0)
        self.store = InMemoryJobStore(self.clock)
        self.outages = InMemoryOutages(self.clock)
        self.agent_runs = True
        self.metrics = Metrics(
            store=self.store,
            outbox=self.store.outbox,
            outages=self.outages,
            agent_runs=lambda: self.agent_runs,
            managers=[MANAGER],
            schedulers=[MANAGER],
            clock=self.clock,
        )

    def figures(self, name: str) -> Mapping[tuple[str, ...], float]:
        """Return the figures of a name, by the values of their labels."""
        (metric,) = [metric for metric in self.metrics.read() if metric.name == f"pulsar_{name}"]
        return {tuple(sample.labels.values()): sample.value for sample in metric.samples}


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_jobs_are_counted_by_manager_and_status_and_none_is_a_number_too(watched: Watched) -> None:
    begin(watched.store, "1")
    submitted(watched.store, "2")
    end(watched.store, submitted(watched.store, "3"), JobStatus.COMPLETE)
    expected = {(MANAGER, status.value): 0 for status in JobStatus}
    assert watched.figures("jobs") == {**expected, (MANAGER, "preprocessing"): 2, (MANAGER, "complete"): 1}


def test_jobs_of_a_manager_that_is_gone_are_counted(watched: Watched) -> None:
    begin(watched.store, "1", manager=OTHER)
    assert watched.figures("jobs")[OTHER, "preprocessing"] == 1


def test_a_batch_system_that_never_failed_is_up(watched: Watched) -> None:
    names = ("scheduler_up", "scheduler_outages_total", "scheduler_outage_seconds")
    assert [watched.figures(name) for name in names] == [{(MANAGER,): 1}, {(MANAGER,): 0}, {(MANAGER,): 0}]


def test_an_outage_is_down_counted_and_measured_until_it_is_over(watched: Watched) -> None:
    watched.outages.begin(MANAGER)
    watched.clock.advance(90)
    names = ("scheduler_up", "scheduler_outages_total", "scheduler_outage_seconds")
    assert [watched.figures(name)[MANAGER,] for name in names] == [0, 1, 90]
    watched.outages.end(MANAGER)
    assert [watched.figures(name)[MANAGER,] for name in names] == [1, 1, 0]


def test_a_manager_without_a_batch_system_is_neither_up_nor_down(watched: Watched) -> None:
    watched.outages.begin(ManagerName("taken out of the configuration"))
    assert [*watched.figures("scheduler_up")] == [(MANAGER,)]


def test_messages_that_wait_are_counted(watched: Watched) -> None:
    assert watched.figures("outbox_messages") == {(): 0}
    update = StatusUpdate(manager=MANAGER, job_id=JobId("1"), status=JobStatus.RUNNING, key=1)
    watched.store.outbox.announce(update)
    assert watched.figures("outbox_messages") == {(): 1}


def test_an_agent_that_does_not_run_is_told(watched: Watched) -> None:
    assert watched.figures("agent_up") == {(): 1}
    watched.agent_runs = False
    assert watched.figures("agent_up") == {(): 0}
