"""The job store between processes: races, durability; what any store owes is in the contract rung."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, TypeVar

import pytest

from pulsar_runtime.domain.errors import PulsarRuntimeError
from pulsar_runtime.domain.ids import JobId, ManagerName
from pulsar_runtime.domain.job import Job, Submission, Tool, Transition
from pulsar_runtime.domain.status import JobStatus
from pulsar_runtime.store.job_store import SqliteJobStore

MAIN = ManagerName("main")
ROUNDS = 15

Result = TypeVar("Result")


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[list[SqliteJobStore]]:
    """Return connections of their own to one store, as several processes have them."""
    stores = [SqliteJobStore(tmp_path) for _ in range(3)]
    stores[0].open()
    yield stores
    for store in stores:
        store.close()


def begin(store: SqliteJobStore, name: str) -> Job:
    return store.begin(MAIN, JobId(name), None, f"/staging/{name}", Tool())


def at_once(calls: list[Callable[[], Result]]) -> list[Result]:
    """Make calls at the same moment, each on its own thread; SQLite lets go of the interpreter's lock."""
    barrier = threading.Barrier(len(calls))
    results: dict[int, Result] = {}

    def call(number: int) -> None:
        barrier.wait(10)
        results[number] = calls[number]()

    threads = [threading.Thread(target=call, args=(number,)) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return [results[number] for number in range(len(calls))]


# --- races -------------------------------------------------------------------------------------------------


def test_of_setups_of_one_id_at_once_all_get_the_same_job(stores: list[SqliteJobStore]) -> None:
    for number in range(ROUNDS):
        jobs = at_once([partial(begin, store, str(number)) for store in stores])
        assert len({job.key for job in jobs}) == 1
    assert len(stores[0].jobs()) == ROUNDS


def test_of_setups_of_an_ended_id_at_once_one_replaces_it(stores: list[SqliteJobStore]) -> None:
    for _ in range(ROUNDS):
        old = begin(stores[0], "1")
        failed = Transition(key=old.key, source=JobStatus.PREPROCESSING, target=JobStatus.FAILED)
        assert stores[0].apply([failed])
        jobs = at_once([partial(begin, store, "1") for store in stores])
        assert len({job.key for job in jobs}) == 1
        assert jobs[0].key > old.key


def test_of_submissions_at_once_one_is_kept(stores: list[SqliteJobStore]) -> None:
    for number in range(ROUNDS):
        job = begin(stores[0], str(number))
        submissions = [Submission(command_line=f"command {which}") for which in range(len(stores))]
        kept = at_once(
            [partial(store.submit, job.key, one) for store, one in zip(stores, submissions, strict=True)]
        )
        assert kept.count(True) == 1
        assert stores[0].submission(job.key) == submissions[kept.index(True)]


def test_submissions_at_once_have_different_places(stores: list[SqliteJobStore]) -> None:
    jobs = [begin(stores[0], str(number)) for number in range(ROUNDS * len(stores))]

    def submit(which: int) -> None:
        for job in jobs[which :: len(stores)]:
            stores[which].submit(job.key, Submission(command_line="true"))

    at_once([partial(submit, which) for which in range(len(stores))])
    places = [job.submitted for job in stores[0].submitted_after(0)]
    assert len(set(places)) == len(jobs)
    assert places == sorted(places)


def test_of_transitions_at_once_from_one_status_one_is_made(stores: list[SqliteJobStore]) -> None:
    targets = [JobStatus.QUEUED, JobStatus.FAILED, JobStatus.CANCELLED]
    for number in range(ROUNDS):
        job = begin(stores[0], str(number))
        steps = [Transition(key=job.key, source=JobStatus.PREPROCESSING, target=target) for target in targets]
        made = at_once([partial(store.apply, [step]) for store, step in zip(stores, steps, strict=True)])
        assert sorted(map(len, made)) == [0, 0, 1]
        present = stores[0].get(job.key)
        assert present is not None
        assert present.status is targets[made.index(frozenset({job.key}))]


def test_a_removal_and_a_submission_at_once_do_not_both_happen(stores: list[SqliteJobStore]) -> None:
    for number in range(ROUNDS):
        job = begin(stores[0], str(number))

        def submit(key: int = job.key) -> bool:
            return stores[0].submit(key, Submission(command_line="true"))

        def remove(key: int = job.key) -> bool:
            stores[1].remove(key)
            return False

        submitted = at_once([submit, remove])[0]
        assert (stores[2].get(job.key) is not None) is submitted


def test_many_writers_wait_for_each_other(stores: list[SqliteJobStore]) -> None:
    def work(which: int) -> int:
        for number in range(20):
            job = begin(stores[which], f"{which}-{number}")
            stores[which].submit(job.key, Submission(command_line="true"))
            stores[which].request_cancel(job.key)
        return which

    assert at_once([partial(work, which) for which in range(len(stores))]) == [0, 1, 2]
    assert len(stores[0].cancel_requests()) == 60


def test_stores_that_are_first_opened_at_once_are_one_store(tmp_path: Path) -> None:
    for number in range(60):
        stores = [SqliteJobStore(tmp_path / str(number)) for _ in range(8)]
        at_once([store.open for store in stores])
        job = begin(stores[0], "1")
        assert [store.get(job.key) for store in stores] == [job] * 8
        for store in stores:
            store.close()


# --- durability --------------------------------------------------------------------------------------------


class Committing(sqlite3.Connection):
    """Notes what each transaction was sure of when it was committed."""

    commits: list[tuple[str, int]]

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - those of sqlite3.connect
        super().__init__(*args, **kwargs)
        self.statements: list[str] = []
        self.set_trace_callback(self.statements.append)

    def __exit__(self, *error: object) -> Literal[False]:
        statements, self.statements[:] = " ".join(self.statements), []
        (synchronous,) = self.execute("PRAGMA synchronous").fetchone()
        Committing.commits.append((statements, synchronous))
        super().__exit__(*error)  # type: ignore[arg-type] # the error of the block, or none
        return False


@pytest.fixture
def commits(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Return the statements of each transaction, with the setting of PRAGMA synchronous at its commit."""
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Committing))
    Committing.commits = []
    return Committing.commits


#: https://www.sqlite.org/pragma.html#pragma_synchronous: in WAL mode, FULL survives the loss of power.
FULL, NORMAL = 2, 1


@pytest.fixture
def on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a store file as it was, with its log, whenever a log was flushed."""
    copy = tmp_path / "on_disk" / "jobs.sqlite"
    copy.parent.mkdir()

    def fdatasync(descriptor: int) -> None:
        log = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        assert log.name == "jobs.sqlite-wal"
        shutil.copy(log, copy.with_name(log.name))
        shutil.copy(log.with_name(copy.name), copy)

    monkeypatch.setattr(os, "fdatasync", fdatasync)
    return copy


def test_a_submission_was_flushed_when_its_client_is_told(tmp_path: Path, on_disk: Path) -> None:
    store = SqliteJobStore(tmp_path)
    for job_id in ("1", "2"):
        store.submit(begin(store, job_id).key, Submission(command_line=f"echo {job_id}"))
        with closing(sqlite3.connect(on_disk)) as copy:
            bodies = [body for (body,) in copy.execute("SELECT body FROM submission ORDER BY sequence")]
        assert f"echo {job_id}" in bodies[-1]
    store.close()


def test_an_end_is_on_the_disk_before_anybody_sees_it(tmp_path: Path, commits: list[tuple[str, int]]) -> None:
    store = SqliteJobStore(tmp_path)
    job = begin(store, "1")
    store.submit(job.key, Submission(command_line="true"))
    way = [JobStatus.PREPROCESSING, JobStatus.QUEUED, JobStatus.POSTPROCESSING, JobStatus.COMPLETE]
    for source, target in pairwise(way):
        store.apply([Transition(key=job.key, source=source, target=target)])
    store.close()
    ends = {level for statements, level in commits if "SET status = 'complete'" in statements}
    assert ends == {FULL}
    assert any(level == NORMAL for statements, level in commits if "SET status = 'queued'" in statements)


def test_what_was_written_is_there_for_the_next_process(tmp_path: Path) -> None:
    """Though this one never closed the store."""
    store = SqliteJobStore(tmp_path)
    job = begin(store, "1")
    store.submit(job.key, Submission(command_line="echo kept"))
    other = SqliteJobStore(tmp_path)
    assert other.submission(job.key).command_line == "echo kept"
    store.close()
    other.close()
    later = SqliteJobStore(tmp_path)
    assert later.submission(job.key).command_line == "echo kept"
    later.close()


def test_a_store_can_be_used_again_after_it_was_closed(tmp_path: Path) -> None:
    store = SqliteJobStore(tmp_path)
    job = begin(store, "1")
    store.close()
    store.close()
    assert store.get(job.key) == job
    store.close()


def test_making_a_store_opens_nothing(tmp_path: Path) -> None:
    SqliteJobStore(tmp_path / "persisted")
    assert list(tmp_path.iterdir()) == []


def test_a_call_that_failed_leaves_the_store_usable(tmp_path: Path) -> None:
    store = SqliteJobStore(tmp_path)
    job = begin(store, "1")
    with pytest.raises(PulsarRuntimeError):
        store.apply([Transition(key=job.key, source=JobStatus.PREPROCESSING, target=JobStatus.COMPLETE)])
    assert store.submit(job.key, Submission(command_line="true"))
    store.close()
