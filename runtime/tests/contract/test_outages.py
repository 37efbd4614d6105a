"""What the agent and those who watch it may rely on, whoever remembers the outages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pulsar_runtime.domain.outage import OutageRecord
from pulsar_runtime.ports import OutageStore
from pulsar_runtime.store.outages import SqliteOutages
from pulsar_runtime.testing.clock import ManualClock
from pulsar_runtime.testing.outages import InMemoryOutages
from runtime.tests.contract.stored_jobs import MANAGER, OTHER


@pytest.fixture(params=["twin", "sqlite"])
def look(
    request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock
) -> Iterator[Callable[[], OutageStore]]:
    """Return a function that gives the same outages as another process sees them."""
    opened: list[InMemoryOutages | SqliteOutages] = []
    twin = InMemoryOutages(clock)

    def look() -> OutageStore:
        opened.append(twin if request.param == "twin" else SqliteOutages(tmp_path, clock))
        return opened[-1]

    yield look
    for store in opened:
        store.close()


@pytest.fixture
def outages(look: Callable[[], OutageStore]) -> OutageStore:
    return look()


def test_without_an_outage_nothing_is_remembered(outages: OutageStore) -> None:
    outages.end(MANAGER)
    assert outages.records() == {}


def test_an_outage_is_seen_by_others_from_its_beginning_to_its_end(
    outages: OutageStore, look: Callable[[], OutageStore], clock: ManualClock
) -> None:
    outages.begin(MANAGER)
    clock.advance(60)
    other = look()
    assert other.records() == {MANAGER: OutageRecord(count=1, since=1000.0)}
    outages.end(MANAGER)
    assert other.records() == {MANAGER: OutageRecord(count=1)}


def test_an_outage_that_lasts_begins_once(outages: OutageStore, clock: ManualClock) -> None:
    outages.begin(MANAGER)
    clock.advance(60)
    outages.begin(MANAGER)
    assert outages.records() == {MANAGER: OutageRecord(count=1, since=1000.0)}


def test_each_outage_counts_for_its_manager(outages: OutageStore, clock: ManualClock) -> None:
    outages.begin(MANAGER)
    outages.end(MANAGER)
    clock.advance(60)
    outages.begin(OTHER)
    outages.begin(MANAGER)
    outages.end(OTHER)
    assert outages.records() == {MANAGER: OutageRecord(count=2, since=1060.0), OTHER: OutageRecord(count=1)}


def test_an_agent_that_begins_knows_of_no_outage(outages: OutageStore) -> None:
    outages.begin(MANAGER)
    outages.begin(OTHER)
    outages.end_all()
    assert outages.records() == {MANAGER: OutageRecord(count=1), OTHER: OutageRecord(count=1)}
