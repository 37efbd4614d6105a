"""The pool is bounded, fair, and gives back what has not begun."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from pulsar_runtime.staging.pool import TransferPool

LIMIT = 10.0


class Log:
    """What ran, in its order; tests wait for a number of entries."""

    def __init__(self) -> None:
        self.entries: list[str] = []
        self._changed = threading.Condition()

    def add(self, entry: str) -> None:
        with self._changed:
            self.entries.append(entry)
            self._changed.notify_all()

    def wait(self, count: int) -> list[str]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.entries) >= count, LIMIT), self.entries
            return list(self.entries)


def held(log: Log, name: str, gate: threading.Event) -> Callable[[], None]:
    """Return a task that begins and then waits."""

    def run() -> None:
        log.add(name)
        gate.wait(LIMIT)

    return run


@pytest.fixture
def pools() -> Iterator[list[TransferPool]]:
    """Close what a test has made."""
    made: list[TransferPool] = []
    yield made
    for pool in made:
        pool.close()


def make(pools: list[TransferPool], *, workers: int = 1, owners: int = 10) -> TransferPool:
    pools.append(TransferPool(workers=workers, owners=owners))
    return pools[-1]


def test_every_owner_has_its_turn(pools: list[TransferPool]) -> None:
    pool, log, gate = make(pools), Log(), threading.Event()
    pool.add(0, held(log, "begun", gate))
    log.wait(1)
    pool.add(1, *(partial(log.add, f"a{number}") for number in range(3)))
    pool.add(2, *(partial(log.add, f"b{number}") for number in range(2)))
    gate.set()
    assert log.wait(6)[1:] == ["a0", "b0", "a1", "b1", "a2"]


def test_at_most_so_many_tasks_run_at_a_time(pools: list[TransferPool]) -> None:
    pool, log, gate = make(pools, workers=3), Log(), threading.Event()
    for owner in range(5):
        pool.add(owner, held(log, "begun", gate))
    log.wait(3)
    assert sum(thread.name == "transfer" for thread in threading.enumerate()) == 3
    assert len(log.entries) == 3
    gate.set()
    log.wait(5)


def test_one_owner_may_use_all_workers(pools: list[TransferPool]) -> None:
    pool, barrier, log = make(pools, workers=3), threading.Barrier(3), Log()

    def meet() -> None:
        barrier.wait(LIMIT)
        log.add("met")

    pool.add(1, *[meet] * 3)
    log.wait(3)


def test_at_most_so_many_owners_are_served_at_a_time(pools: list[TransferPool]) -> None:
    pool, log, gate = make(pools, workers=2, owners=1), Log(), threading.Event()
    pool.add(1, held(log, "first", gate), partial(log.add, "second"))
    pool.add(2, partial(log.add, "other"))
    assert log.wait(2) == ["first", "second"]
    gate.set()
    assert log.wait(3)[-1] == "other"


def test_tasks_that_have_not_begun_come_back(pools: list[TransferPool]) -> None:
    pool, log, gate = make(pools, owners=2), Log(), threading.Event()
    pool.add(0, held(log, "begun", gate))
    log.wait(1)
    tasks = [partial(log.add, str(number)) for number in range(3)]
    pool.add(1, *tasks)
    pool.add(2, partial(log.add, "waited"))
    assert pool.drop(1) == tasks
    assert pool.drop(1) == []
    gate.set()
    assert log.wait(2) == ["begun", "waited"]
    pool.add(1, *tasks)
    assert log.wait(5)[2:] == ["0", "1", "2"]


def test_a_task_that_goes_wrong_takes_nobody_with_it(
    pools: list[TransferPool], monkeypatch: pytest.MonkeyPatch
) -> None:
    reported: list[type[BaseException]] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: reported.append(args.exc_type))
    pool, log = make(pools), Log()

    def fail() -> None:
        raise ZeroDivisionError

    pool.add(1, fail, partial(log.add, "after"))
    assert log.wait(1) == ["after"]
    assert reported == [ZeroDivisionError]


def test_a_pool_that_is_closed_begins_nothing(pools: list[TransferPool]) -> None:
    pool, log, gate = make(pools), Log(), threading.Event()
    pool.add(1, held(log, "begun", gate), partial(log.add, "never"))
    log.wait(1)
    threading.Timer(0.05, gate.set).start()
    pool.close()
    assert log.entries == ["begun"]
    assert not [thread for thread in threading.enumerate() if thread.name == "transfer"]


def test_no_thread_is_there_before_there_is_work(pools: list[TransferPool]) -> None:
    make(pools)
    assert not [thread for thread in threading.enumerate() if thread.name == "transfer"]
