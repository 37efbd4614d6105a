"""What the application may rely on, whoever keeps the jobs: no new ones while the store is drained."""

from __future__ import annotations

import pytest

from pulsar_runtime.domain.errors import Draining
from pulsar_runtime.domain.job import Submission
from pulsar_runtime.domain.status import JobStatus
from pulsar_runtime.ports import JobStore
from pulsar_runtime.testing.clock import ManualClock
from runtime.tests.contract.stored_jobs import ENDS, begin, end, present, submitted


def test_a_new_store_takes_jobs(store: JobStore) -> None:
    assert store.draining_since() is None
    begin(store)


def test_every_process_sees_since_when_it_is_drained(
    store: JobStore, other: JobStore, clock: ManualClock
) -> None:
    assert store.drain()
    clock.advance(60)
    assert not other.drain()
    assert [seen.draining_since() for seen in (store, other)] == [1000.0, 1000.0]


def test_no_job_begins_meanwhile(store: JobStore, other: JobStore) -> None:
    store.drain()
    with pytest.raises(Draining):
        begin(other)
    assert list(store.jobs()) == []


@pytest.mark.parametrize("status", ENDS)
def test_an_ended_job_is_not_replaced_meanwhile(store: JobStore, other: JobStore, status: JobStatus) -> None:
    job = end(store, submitted(store), status)
    store.drain()
    with pytest.raises(Draining):
        begin(other)
    assert present(store, job) == job


def test_an_active_job_is_begun_again_without_change(store: JobStore, other: JobStore) -> None:
    job = begin(store)
    store.drain()
    assert begin(other) == job


def test_what_was_begun_goes_on(store: JobStore) -> None:
    job = begin(store)
    store.drain()
    assert store.submit(job.key, Submission(command_line="true"))
    end(store, job, JobStatus.COMPLETE)
    store.remove(job.key)
    assert store.get(job.key) is None


def test_jobs_begin_again_after_the_resumption(store: JobStore, other: JobStore) -> None:
    assert not store.resume()
    store.drain()
    assert other.resume()
    assert store.draining_since() is None
    begin(store)
    assert store.drain()
