"""What the application may rely on, whoever keeps the jobs: how they change, and go."""

from __future__ import annotations

from itertools import pairwise

import attrs
import pytest

from pulsar_runtime.domain.errors import IllegalTransition, UnknownJob
from pulsar_runtime.domain.ids import ExternalId, JobId
from pulsar_runtime.domain.job import Transition
from pulsar_runtime.domain.status import JobStatus
from pulsar_runtime.ports import JobStore
from pulsar_runtime.testing.clock import ManualClock
from runtime.tests.contract.stored_jobs import (
    A_SUBMISSION,
    ENDS,
    MANAGER,
    begin,
    end,
    move,
    present,
    submitted,
)

# --- cancel ------------------------------------------------------------------------------------------------


def test_a_cancel_request_stands_until_the_job_has_ended(store: JobStore, other: JobStore) -> None:
    job = submitted(store)
    begin(store, "another")
    other.request_cancel(job.key)
    assert [wanted.key for wanted in store.cancel_requests()] == [job.key]
    assert present(store, job).cancel_requested
    assert present(store, job).status is JobStatus.PREPROCESSING
    end(store, job, JobStatus.CANCELLED)
    assert list(store.cancel_requests()) == []


def test_a_job_that_is_only_set_up_can_be_cancelled(store: JobStore) -> None:
    job = begin(store)
    store.request_cancel(job.key)
    assert [wanted.key for wanted in store.cancel_requests()] == [job.key]


@pytest.mark.parametrize("status", ENDS)
def test_an_ended_job_is_not_cancelled(store: JobStore, status: JobStatus) -> None:
    job = end(store, submitted(store), status)
    store.request_cancel(job.key)
    assert present(store, job) == job
    assert list(store.cancel_requests()) == []


def test_a_second_cancel_request_adds_nothing(store: JobStore, other: JobStore) -> None:
    job = submitted(store)
    store.request_cancel(job.key)
    events = store.events(job.key)
    other.request_cancel(job.key)
    assert store.events(job.key) == events


def test_cancelling_what_is_gone_does_nothing(store: JobStore) -> None:
    store.request_cancel(12345)
    assert list(store.cancel_requests()) == []


# --- transitions -------------------------------------------------------------------------------------------


def test_a_transition_changes_what_it_names_and_nothing_else(
    store: JobStore, other: JobStore, clock: ManualClock
) -> None:
    job = submitted(store)
    clock.advance(3)
    first = Transition(
        key=job.key,
        source=JobStatus.PREPROCESSING,
        target=JobStatus.QUEUED,
        external_id=ExternalId("42"),
        attempt=2,
        reason="because",
    )
    assert store.apply([first]) == {job.key}
    moved = attrs.evolve(
        job,
        status=JobStatus.QUEUED,
        external_id=ExternalId("42"),
        attempt=2,
        reason="because",
        changed_at=1003.0,
    )
    assert present(other, job) == moved
    assert store.apply([Transition(key=job.key, source=JobStatus.QUEUED, target=JobStatus.RUNNING)])
    assert present(other, job) == attrs.evolve(moved, status=JobStatus.RUNNING, reason="")


def test_a_return_code_of_zero_is_kept(store: JobStore) -> None:
    job = move(store, submitted(store), JobStatus.QUEUED, JobStatus.RUNNING)
    store.apply(
        [
            Transition(key=job.key, source=source, target=target, return_code=0)
            for source, target in (
                (JobStatus.RUNNING, JobStatus.POSTPROCESSING),
                (JobStatus.POSTPROCESSING, JobStatus.COMPLETE),
            )
        ]
    )
    assert (present(store, job).status, present(store, job).return_code) == (JobStatus.COMPLETE, 0)


def test_of_two_who_move_a_job_from_one_status_only_the_first_does(store: JobStore, other: JobStore) -> None:
    job = move(store, submitted(store), JobStatus.QUEUED)
    running = Transition(key=job.key, source=JobStatus.QUEUED, target=JobStatus.RUNNING)
    cancelled = Transition(key=job.key, source=JobStatus.QUEUED, target=JobStatus.CANCELLED)
    assert store.apply([running]) == {job.key}
    events = store.events(job.key)
    assert other.apply([cancelled]) == frozenset()
    assert present(other, job).status is JobStatus.RUNNING
    assert store.events(job.key) == events


def test_a_transition_of_a_job_that_was_replaced_does_not_touch_the_new_one(
    store: JobStore, other: JobStore
) -> None:
    old = end(store, submitted(store))
    new = begin(other)
    stale = Transition(key=old.key, source=JobStatus.PREPROCESSING, target=JobStatus.FAILED)
    assert store.apply([stale]) == frozenset()
    assert present(store, new) == new


def test_one_call_moves_several_jobs_and_says_which(store: JobStore) -> None:
    jobs = [submitted(store, name) for name in "abc"]
    move(store, jobs[1], JobStatus.QUEUED)
    failed = [
        Transition(key=job.key, source=JobStatus.PREPROCESSING, target=JobStatus.FAILED) for job in jobs
    ]
    assert store.apply(failed) == {jobs[0].key, jobs[2].key}
    statuses = [present(store, job).status for job in jobs]
    assert statuses == [JobStatus.FAILED, JobStatus.QUEUED, JobStatus.FAILED]


@pytest.mark.parametrize("source", ENDS)
@pytest.mark.parametrize("target", list(JobStatus))
def test_an_end_is_final(store: JobStore, source: JobStatus, target: JobStatus) -> None:
    job = end(store, submitted(store), source)
    with pytest.raises(IllegalTransition):
        store.apply([Transition(key=job.key, source=source, target=target)])
    assert present(store, job) == job


def test_an_illegal_step_undoes_the_whole_call(store: JobStore, other: JobStore) -> None:
    job = submitted(store)
    events = store.events(job.key)
    way = (JobStatus.PREPROCESSING, JobStatus.QUEUED, JobStatus.COMPLETE)
    steps = [Transition(key=job.key, source=source, target=target) for source, target in pairwise(way)]
    with pytest.raises(IllegalTransition):
        store.apply(steps)
    assert present(other, job) == job
    assert other.events(job.key) == events


def test_the_history_tells_every_change_in_order(
    store: JobStore, other: JobStore, clock: ManualClock
) -> None:
    job = begin(store)
    clock.advance(1)
    store.submit(job.key, A_SUBMISSION)
    clock.advance(1)
    other.request_cancel(job.key)
    clock.advance(1)
    end(store, job, JobStatus.CANCELLED)
    assert [(event.at, event.status) for event in other.events(job.key)] == [
        (1000.0, "preprocessing"),
        (1001.0, "preprocessing"),
        (1002.0, "preprocessing"),
        (1003.0, "cancelled"),
    ]


# --- removal -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ENDS)
def test_an_ended_job_is_removed_with_all_that_belongs_to_it(
    store: JobStore, other: JobStore, status: JobStatus
) -> None:
    job = end(store, submitted(store), status)
    store.remove(job.key)
    assert other.find(MANAGER, JobId("1")) is None
    assert list(other.events(job.key)) == []
    with pytest.raises(UnknownJob):
        other.submission(job.key)


def test_a_job_that_was_never_submitted_is_removed(store: JobStore) -> None:
    job = begin(store)
    store.remove(job.key)
    assert store.get(job.key) is None


@pytest.mark.parametrize("way", [[], [JobStatus.QUEUED], [JobStatus.QUEUED, JobStatus.RUNNING]])
def test_an_active_job_is_not_removed(store: JobStore, way: list[JobStatus]) -> None:
    job = move(store, submitted(store), *way)
    store.remove(job.key)
    assert present(store, job) == job


def test_removing_what_is_gone_does_nothing(store: JobStore) -> None:
    store.remove(12345)
    assert list(store.jobs()) == []


def test_active_jobs_are_counted(store: JobStore) -> None:
    """Those that were submitted and have not ended."""
    assert store.count_active() == 0
    begin(store, "set up")
    submitted(store, "first")
    second = submitted(store, "second")
    move(store, second, JobStatus.QUEUED)
    end(store, submitted(store, "ended"))
    assert store.count_active() == 2
