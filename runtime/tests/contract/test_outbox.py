"""What the transports may rely on, whoever keeps what is to be said."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import pytest

from pulsar_runtime.domain.announcement import Announcement, Receipt, StatusUpdate
from pulsar_runtime.domain.ids import JobId
from pulsar_runtime.domain.job import Job, Transition
from pulsar_runtime.domain.status import JobStatus
from pulsar_runtime.ports import Inbox, JobStore, Outbox
from pulsar_runtime.store.job_store import SqliteJobStore
from pulsar_runtime.store.outbox import SqliteOutbox
from pulsar_runtime.testing.clock import ManualClock
from pulsar_runtime.testing.job_store import InMemoryJobStore
from runtime.tests.contract.stored_jobs import A_SUBMISSION, ENDS, MANAGER, begin, end, move, present

RECEIPT = Receipt(manager=MANAGER, message_id="theirs", queue="setup_ack")
A_WEEK = 7 * 24 * 3600.0


class OutboxAndInbox(Outbox, Inbox, Protocol):
    """The two are one thing in a store."""


@pytest.fixture(params=["twin", "sqlite"])
def stores(
    request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock
) -> Iterator[tuple[JobStore, OutboxAndInbox]]:
    if request.param == "twin":
        twin = InMemoryJobStore(clock)
        yield twin, twin.outbox
    else:
        store, outbox = SqliteJobStore(tmp_path, clock), SqliteOutbox(tmp_path, lambda: None, clock)
        yield store, outbox
        store.close()
        outbox.close()


@pytest.fixture
def store(stores: tuple[JobStore, OutboxAndInbox]) -> JobStore:
    return stores[0]


@pytest.fixture
def outbox(stores: tuple[JobStore, OutboxAndInbox]) -> OutboxAndInbox:
    return stores[1]


def announced(store: JobStore, name: str = "1") -> Job:
    """Return a submitted job whose client gets messages."""
    job = begin(store, name)
    assert store.submit(job.key, A_SUBMISSION, announced=True)
    return present(store, job)


def update(name: str = "1", status: JobStatus = JobStatus.LOST) -> StatusUpdate:
    return StatusUpdate(manager=MANAGER, job_id=JobId(name), status=status, reason="why")


def statuses(announcements: list[Announcement]) -> list[tuple[str, str]]:
    contents = [one.content for one in announcements]
    return [(one.job_id, one.status.value) for one in contents if isinstance(one, StatusUpdate)]


def unsent(outbox: Outbox) -> list[Announcement]:
    return list(outbox.unsent(100))


def test_the_start_and_the_end_of_a_job_are_to_be_said(store: JobStore, outbox: OutboxAndInbox) -> None:
    """And nothing else (protocol section 6.3)."""
    move(store, announced(store), JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.POSTPROCESSING)
    assert statuses(unsent(outbox)) == [("1", "running")]
    move(store, begin(store), JobStatus.COMPLETE)
    assert statuses(unsent(outbox)) == [("1", "running"), ("1", "complete")]


@pytest.mark.parametrize("status", ENDS)
def test_every_end_is_to_be_said(store: JobStore, outbox: OutboxAndInbox, status: JobStatus) -> None:
    job = announced(store)
    end(store, job, status)
    (waiting,) = unsent(outbox)
    assert waiting.content == StatusUpdate(manager=MANAGER, job_id=JobId("1"), status=status, key=job.key)
    assert not waiting.repeated


def test_it_is_said_with_return_code_and_reason(store: JobStore, outbox: OutboxAndInbox) -> None:
    job = announced(store)
    step = Transition(
        key=job.key, source=JobStatus.PREPROCESSING, target=JobStatus.FAILED, return_code=1, reason="no disk"
    )
    store.apply([step])
    (waiting,) = unsent(outbox)
    assert isinstance(waiting.content, StatusUpdate)
    assert (waiting.content.return_code, waiting.content.reason) == (1, "no disk")


def test_steps_written_at_once_are_said_one_by_one(store: JobStore, outbox: OutboxAndInbox) -> None:
    job = move(store, announced(store), JobStatus.QUEUED)
    way = (JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.POSTPROCESSING, JobStatus.COMPLETE)
    store.apply([Transition(key=job.key, source=source, target=target) for source, target in pairwise(way)])
    assert statuses(unsent(outbox)) == [("1", "running"), ("1", "complete")]


def test_nothing_is_said_of_a_transition_that_was_not_written(
    store: JobStore, outbox: OutboxAndInbox
) -> None:
    job = announced(store)
    assert not store.apply([Transition(key=job.key, source=JobStatus.QUEUED, target=JobStatus.RUNNING)])
    assert unsent(outbox) == []


def test_nothing_is_said_to_a_client_that_asks(store: JobStore, outbox: OutboxAndInbox) -> None:
    job = begin(store)
    store.submit(job.key, A_SUBMISSION)
    end(store, job, JobStatus.COMPLETE)
    assert unsent(outbox) == []


def test_what_is_to_be_said_outlives_its_job(store: JobStore, outbox: OutboxAndInbox) -> None:
    job = end(store, announced(store))
    store.remove(job.key)
    assert statuses(unsent(outbox)) == [("1", "failed")]


def test_a_job_that_begins_anew_takes_back_what_was_not_said(store: JobStore, outbox: OutboxAndInbox) -> None:
    """It would be taken for the end of the new one."""
    end(store, announced(store))
    end(store, announced(store, "2"))
    begin(store)
    assert statuses(unsent(outbox)) == [("2", "failed")]


def test_what_waits_stays_in_order(outbox: OutboxAndInbox) -> None:
    for name in ("1", "2", "3"):
        outbox.announce(update(name))
    assert [name for name, _ in statuses(unsent(outbox))] == ["1", "2", "3"]
    assert statuses(list(outbox.unsent(2))) == [("1", "lost"), ("2", "lost")]


def test_what_was_sent_is_forgotten(outbox: OutboxAndInbox) -> None:
    for name in ("1", "2", "3"):
        outbox.announce(update(name))
    outbox.sent([one.number for one in unsent(outbox)][:2])
    assert statuses(unsent(outbox)) == [("3", "lost")]


def test_every_message_has_an_identifier_of_its_own(outbox: OutboxAndInbox) -> None:
    for name in ("1", "2"):
        outbox.announce(update(name))
    first, second = unsent(outbox)
    assert first.message_id != second.message_id
    assert unsent(outbox) == [first, second]


def test_what_awaits_confirmation_is_not_sent_again_at_once(
    outbox: OutboxAndInbox, clock: ManualClock
) -> None:
    outbox.announce(update())
    (first,) = unsent(outbox)
    outbox.await_confirmation([first.number])
    assert unsent(outbox) == []
    clock.advance(29)
    assert list(outbox.unconfirmed(30, 100)) == []
    clock.advance(1)
    (again,) = outbox.unconfirmed(30, 100)
    assert (again.message_id, again.content, again.repeated) == (first.message_id, first.content, True)


def test_it_waits_anew_after_it_was_sent_again(outbox: OutboxAndInbox, clock: ManualClock) -> None:
    outbox.announce(update())
    numbers = [one.number for one in unsent(outbox)]
    outbox.await_confirmation(numbers)
    clock.advance(30)
    outbox.await_confirmation(numbers)
    assert list(outbox.unconfirmed(30, 100)) == []


def test_a_confirmation_ends_it(outbox: OutboxAndInbox, clock: ManualClock) -> None:
    outbox.announce(update())
    (first,) = unsent(outbox)
    outbox.await_confirmation([first.number])
    assert outbox.confirmed(first.message_id)
    clock.advance(3600)
    assert list(outbox.unconfirmed(30, 100)) == []
    assert not outbox.confirmed(first.message_id)


def test_a_message_that_was_acted_upon_is_remembered_and_its_sender_told(outbox: OutboxAndInbox) -> None:
    assert not outbox.received("theirs")
    outbox.receive(RECEIPT)
    assert outbox.received("theirs")
    assert [one.content for one in unsent(outbox)] == [RECEIPT]


def test_a_sender_is_told_as_often_as_it_asks(outbox: OutboxAndInbox) -> None:
    outbox.receive(RECEIPT)
    outbox.receive(RECEIPT)
    assert [one.content for one in unsent(outbox)] == [RECEIPT, RECEIPT]


def test_messages_are_forgotten_after_a_week(outbox: OutboxAndInbox, clock: ManualClock) -> None:
    outbox.receive(RECEIPT)
    clock.advance(A_WEEK - 1)
    outbox.receive(Receipt(manager=MANAGER, message_id="second", queue="setup_ack"))
    assert outbox.received("theirs")
    clock.advance(2)
    outbox.receive(Receipt(manager=MANAGER, message_id="third", queue="setup_ack"))
    assert not outbox.received("theirs")
    assert outbox.received("second")


def test_attempts_are_counted_until_one_succeeds(outbox: OutboxAndInbox) -> None:
    assert [outbox.attempt("a"), outbox.attempt("a"), outbox.attempt("b")] == [1, 2, 1]
    outbox.settle("a")
    assert [outbox.attempt("a"), outbox.attempt("b")] == [1, 2]
    outbox.settle("unknown")


def test_who_waits_for_something_to_say_is_called(tmp_path: Path) -> None:
    calls: list[str] = []
    store = SqliteJobStore(tmp_path, announced=lambda: calls.append("store"))
    outbox = SqliteOutbox(tmp_path, lambda: calls.append("outbox"))
    job = announced(store)
    move(store, job, JobStatus.QUEUED)
    assert calls == []
    move(store, job, JobStatus.RUNNING)
    assert calls == ["store"]
    outbox.announce(update())
    outbox.receive(RECEIPT)
    assert calls == ["store", "outbox", "outbox"]
    store.close()
    outbox.close()


def test_what_waits_is_counted_until_it_is_forgotten(store: JobStore, outbox: OutboxAndInbox) -> None:
    assert outbox.waiting() == 0
    move(store, announced(store), JobStatus.QUEUED, JobStatus.RUNNING)
    outbox.announce(update("2"))
    first, second = unsent(outbox)
    outbox.await_confirmation([first.number])
    assert outbox.waiting() == 2
    outbox.sent([second.number])
    outbox.confirmed(first.message_id)
    assert outbox.waiting() == 0
