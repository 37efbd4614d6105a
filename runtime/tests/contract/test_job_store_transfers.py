"""What is kept about transfers, for as long as their job is in that phase."""

from __future__ import annotations

import pytest

from pulsar_runtime.domain.staging import TransferRecord
from pulsar_runtime.domain.status import JobStatus
from pulsar_runtime.ports import JobStore
from runtime.tests.contract.stored_jobs import ENDS, begin, end, move, submitted

POSTPROCESSING = (JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.POSTPROCESSING)


def record(key: int, name: str = "in inputs/a", **said: object) -> TransferRecord:
    return TransferRecord(key=key, name=name, **said)  # type: ignore[arg-type]  # the tests say what


@pytest.mark.parametrize("way", [(), POSTPROCESSING])
def test_records_come_back_as_they_were(store: JobStore, other: JobStore, way: tuple[JobStatus, ...]) -> None:
    first, second = (move(store, submitted(store, name), *way) for name in "ab")
    records = [record(first.key, done=True), record(first.key, "in \u00e9 b", resume='"tag"')]
    store.record_transfers([*records, record(second.key)])
    assert other.transfers(first.key) == {each.name: each for each in records}
    assert set(other.transfers(second.key)) == {"in inputs/a"}


def test_a_later_record_takes_the_place_of_an_earlier_one(store: JobStore) -> None:
    job = submitted(store)
    store.record_transfers([record(job.key, resume="half")])
    store.record_transfers([record(job.key, done=True)])
    assert store.transfers(job.key) == {"in inputs/a": record(job.key, done=True)}


def test_records_end_with_the_phase_of_staging_in(store: JobStore) -> None:
    job = submitted(store)
    store.record_transfers([record(job.key)])
    move(store, job, JobStatus.QUEUED)
    assert store.transfers(job.key) == {}


@pytest.mark.parametrize("status", ENDS)
def test_records_end_with_the_job(store: JobStore, status: JobStatus) -> None:
    job = move(store, submitted(store), *POSTPROCESSING)
    store.record_transfers([record(job.key)])
    move(store, job, status)
    assert store.transfers(job.key) == {}


def test_records_of_jobs_that_are_not_being_staged_are_not_kept(store: JobStore) -> None:
    running = move(store, submitted(store, "1"), JobStatus.QUEUED, JobStatus.RUNNING)
    over = end(store, submitted(store, "2"))
    store.record_transfers([record(running.key), record(over.key), record(12345)])
    assert [store.transfers(key) for key in (running.key, over.key, 12345)] == [{}, {}, {}]


def test_records_go_with_the_job(store: JobStore) -> None:
    job = begin(store)
    store.record_transfers([record(job.key)])
    store.remove(job.key)
    assert store.transfers(job.key) == {}
