"""Outages are written down, whatever the store is doing, and nobody waits for it."""

from __future__ import annotations

import pytest

from pulsar_runtime.application.outage_journal import OutageJournal
from pulsar_runtime.domain.errors import StoreBusy, StoreCorrupt
from pulsar_runtime.domain.outage import OutageRecord
from pulsar_runtime.testing.clock import ManualClock
from pulsar_runtime.testing.outages import InMemoryOutages
from pulsar_runtime.testing.reactor import ManualReactor
from runtime.tests.unit.application.supervision import A_WHILE, MAIN


class Written:
    """A journal and what it writes."""

    def __init__(self) -> None:
        self.clock = ManualClock(now=1000.0)
        self.reactor = ManualReactor(self.clock)
        self.outages = InMemoryOutages(self.clock)
        self.journal = OutageJournal(self.outages, self.reactor)


@pytest.fixture
def written() -> Written:
    return Written()


def test_an_outage_is_written_down_at_once(written: Written) -> None:
    written.journal.begin(MAIN)
    assert written.outages.records() == {MAIN: OutageRecord(count=1, since=1000.0)}
    written.journal.end(MAIN)
    assert written.outages.records() == {MAIN: OutageRecord(count=1)}


@pytest.mark.parametrize("failures", [1, 2, 3])
def test_what_a_busy_store_did_not_take_is_written_later_in_its_order(
    written: Written, failures: int
) -> None:
    written.outages.faults.plan(written.outages.begin, *[StoreBusy("busy")] * failures)
    written.journal.begin(MAIN)
    written.journal.end(MAIN)
    written.journal.begin(MAIN)
    written.reactor.advance(A_WHILE)
    record = written.outages.records()[MAIN]
    assert record.count == 2
    assert record.since is not None


def test_a_damaged_store_is_not_passed_over(written: Written) -> None:
    written.outages.faults.plan(written.outages.begin, StoreCorrupt("damaged"))
    with pytest.raises(StoreCorrupt):
        written.journal.begin(MAIN)
