"""The file behind the store: made, migrated, refused when damaged, and translated into our errors."""

from __future__ import annotations

import errno
import os
import resource
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pulsar_runtime.domain.errors import StoreBusy, StoreCorrupt, StoreError, StoreTooNew
from pulsar_runtime.store import database
from pulsar_runtime.store.database import Database, Durability

TABLES = {
    "attempt",
    "instance",
    "job",
    "job_event",
    "outage",
    "outbox",
    "received",
    "schema",
    "submission",
    "transfer",
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "persisted" / "jobs.sqlite"


@pytest.fixture
def opened(path: Path) -> Iterator[Database]:
    store = Database(path)
    store.open()
    yield store
    store.close()


def make(path: Path) -> None:
    """Make a store file, and close it."""
    store = Database(path)
    store.open()
    store.close()


def rows(database: Database, statement: str) -> list[tuple[object, ...]]:
    return database.read(lambda connection: connection.execute(statement).fetchall())


def run(database: Database, statement: str, *, durable: Durability = Durability.LATER) -> None:
    database.write(lambda connection: connection.execute(statement), durable=durable)


def refuse(path: Path, kind: type[StoreError], match: str, *, check: bool = False) -> None:
    """Open a file that is to be refused and to stay as it is."""
    before = path.read_bytes()
    store = Database(path)
    with pytest.raises(kind, match=match):
        store.open(check=check)
    store.close()
    assert path.read_bytes() == before


def test_a_new_file_has_the_schema_and_is_this_users_alone(opened: Database, path: Path) -> None:
    names = {str(name) for (name,) in rows(opened, "SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert {name for name in names if not name.startswith("sqlite_")} == TABLES
    assert rows(opened, "PRAGMA journal_mode") == [("wal",)]
    assert rows(opened, "PRAGMA foreign_keys") == [(1,)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_making_it_opens_nothing(path: Path) -> None:
    Database(path).close()
    assert not path.exists()


def test_opening_again_changes_nothing(path: Path) -> None:
    make(path)
    before = path.read_bytes()
    make(path)
    assert path.read_bytes() == before


# --- migrations --------------------------------------------------------------------------------------------


def test_every_migration_is_noted(opened: Database) -> None:
    versions = [version for (version,) in rows(opened, "SELECT version FROM schema")]
    assert versions == list(range(1, len(versions) + 1))


def test_a_later_release_migrates_and_keeps_what_is_there(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO job (manager, job_id, directory, tool_id, tool_version, status, created_at,"
            " changed_at) VALUES ('m', '1', '/1', '', '', 'lost', 0, 0)"
        )
    steps = database._migrations()  # noqa: SLF001 - one more is added to them
    added = ["ALTER TABLE job ADD COLUMN colour TEXT NOT NULL DEFAULT 'grey'"]
    monkeypatch.setattr(database, "_migrations", lambda: [*steps, added])
    later = Database(path)
    assert rows(later, "SELECT job_id, colour FROM job") == [("1", "grey")]
    assert rows(later, "SELECT max(version) FROM schema") == [(len(steps) + 1,)]
    later.close()


def test_the_store_of_the_first_release_is_migrated_and_takes_jobs(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = database._migrations()  # noqa: SLF001 - the first of them is the first release's
    with monkeypatch.context() as first_release:
        first_release.setattr(database, "_migrations", lambda: steps[:1])
        make(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        assert connection.execute("SELECT max(version) FROM schema").fetchone() == (1,)
        connection.execute(
            "INSERT INTO job (manager, job_id, directory, tool_id, tool_version, status, created_at,"
            " changed_at) VALUES ('m', '1', '/1', '', '', 'lost', 0, 0)"
        )
    store = Database(path)
    assert rows(store, "SELECT draining_since FROM instance") == [(None,)]
    assert rows(store, "SELECT job_id FROM job") == [("1",)]
    store.close()


def test_a_migration_that_fails_leaves_the_old_schema(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(path)
    steps = database._migrations()  # noqa: SLF001 - one more is added to them
    broken = ["CREATE TABLE half (x)", "this is not SQL"]
    monkeypatch.setattr(database, "_migrations", lambda: [*steps, broken])
    store = Database(path)
    with pytest.raises(StoreError):
        store.open()
    store.close()
    with closing(sqlite3.connect(path)) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        assert "half" not in names
        assert connection.execute("SELECT max(version) FROM schema").fetchone() == (len(steps),)


def test_a_schema_of_a_newer_release_is_refused(path: Path) -> None:
    make(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO schema VALUES (99, 0)")
    refuse(path, StoreTooNew, r"schema 99.*install the release")


# --- files that are not ours, or damaged -------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"not a database\n" * 100, b"SQLite format 3\0" + b"\xff" * 4080])
def test_a_file_that_is_no_database_is_refused(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    refuse(path, StoreCorrupt, "damaged")


def test_a_database_of_another_program_is_refused(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE moz_places (url)")
    refuse(path, StoreCorrupt, "another program")


def test_an_empty_file_becomes_a_store(path: Path) -> None:
    """As `touch` leaves it, or a crash before the first write."""
    path.parent.mkdir()
    path.touch()
    make(path)


def test_damage_deep_in_the_file_is_found_by_the_check(path: Path) -> None:
    make(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(
            "INSERT INTO job_event (key, number, at, status) VALUES (1, ?, 0, 'x')",
            [(number,) for number in range(2000)],
        )
    content = bytearray(path.read_bytes())
    page = 4096
    for begin in range(len(content) // 2 // page * page, len(content), page):
        content[begin : begin + 200] = b"\xff" * 200
    path.write_bytes(content)
    refuse(path, StoreCorrupt, r"(?s)damaged.*\.recover", check=True)


def test_a_damaged_page_is_found_by_the_query_that_reads_it(path: Path) -> None:
    make(path)
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    store = Database(path)
    with pytest.raises(StoreCorrupt):
        rows(store, "SELECT * FROM job")
    store.close()


# --- trouble -----------------------------------------------------------------------------------------------


def test_a_store_that_stays_locked_is_busy(
    opened: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_BUSY_TIMEOUT_SECONDS", 0.05)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy, match="locked"):
            run(opened, "DELETE FROM job", durable=Durability.SEEN)
        assert rows(opened, "SELECT count(*) FROM job") == [(0,)]
        other.execute("COMMIT")
    run(opened, "DELETE FROM job")
    assert rows(opened, "PRAGMA synchronous") == [(1,)]


def test_a_store_that_is_locked_for_a_moment_is_waited_for(
    opened: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        pauses: list[float] = []

        def sleep(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 3:
                other.execute("COMMIT")

        monkeypatch.setattr(time, "sleep", sleep)
        run(opened, "DELETE FROM job")
    assert len(pauses) == 3


def test_a_log_that_cannot_be_flushed_is_told(opened: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def fdatasync(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fdatasync", fdatasync)
    with pytest.raises(StoreError, match="Input/output error"):
        run(opened, "DELETE FROM job", durable=Durability.RETURNED)


def test_a_transaction_that_fails_is_undone(opened: Database) -> None:
    def work(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO schema VALUES (50, 0)")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        opened.write(work, durable=Durability.SEEN)
    assert rows(opened, "SELECT count(*) FROM schema WHERE version = 50") == [(0,)]
    assert rows(opened, "PRAGMA synchronous") == [(1,)]


def test_a_full_disk_makes_the_store_busy_and_loses_nothing(opened: Database) -> None:
    run(opened, "INSERT INTO schema VALUES (50, 0)")
    [(pages,)] = rows(opened, "PRAGMA page_count")
    rows(opened, f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreBusy, match="full"):
        run(opened, "CREATE TABLE large AS SELECT hex(zeroblob(100000)) AS x")
    assert rows(opened, "SELECT count(*) FROM schema WHERE version = 50") == [(1,)]


def test_a_limit_on_the_size_of_files_makes_the_store_busy(opened: Database) -> None:
    """The kernel says EFBIG, and SQLite calls that an I/O error."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    run(opened, "CREATE TABLE before_it (x)")
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
        with pytest.raises(StoreBusy):
            run(opened, "CREATE TABLE large (x)")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    run(opened, "CREATE TABLE after_it (x)")


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="file/persisted"):
        Database(tmp_path / "file" / "persisted" / "jobs.sqlite").open()


def test_a_directory_in_place_of_the_file_is_refused(path: Path) -> None:
    path.mkdir(parents=True)
    store = Database(path)
    with pytest.raises(StoreError, match="unable to open"):
        store.open()


def test_a_mistake_of_ours_is_not_called_damage(opened: Database) -> None:
    with pytest.raises(StoreError, match="no such table") as raised:
        rows(opened, "SELECT * FROM missing")
    assert not isinstance(raised.value, StoreCorrupt | StoreBusy)
