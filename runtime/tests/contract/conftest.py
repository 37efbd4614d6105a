"""Fixtures of the contracts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pulsar_runtime.ports import JobStore
from pulsar_runtime.store.job_store import SqliteJobStore
from pulsar_runtime.testing.clock import ManualClock
from pulsar_runtime.testing.job_store import InMemoryJobStore


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(now=1000.0)


@pytest.fixture(params=["twin", "sqlite"])
def connect(
    request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock
) -> Iterator[Callable[[], JobStore]]:
    """Return a function that gives one more connection to the same store, as another process has it."""
    opened: list[JobStore] = []
    twin = InMemoryJobStore(clock)

    def connect() -> JobStore:
        store: JobStore = twin if request.param == "twin" else SqliteJobStore(tmp_path, clock)
        opened.append(store)
        return store

    yield connect
    for store in opened:
        store.close()


@pytest.fixture
def store(connect: Callable[[], JobStore]) -> JobStore:
    return connect()


@pytest.fixture
def other(connect: Callable[[], JobStore]) -> JobStore:
    """Return the store as another process sees it."""
    return connect()
