"""The SQLite file behind the job store: opening, migrating, and translating what SQLite says."""

from __future__ import annotations

import math
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from enum import Enum
from importlib import resources
from pathlib import Path
from typing import TypeVar

from pulsar_runtime.domain.errors import StoreBusy, StoreCorrupt, StoreError, StoreTooNew

Result = TypeVar("Result")

#: The file, in the persistence directory.
FILE_NAME = "jobs.sqlite"

#: "PRJS": tells our file from any other SQLite file (https://www.sqlite.org/fileformat.html#application_id).
_APPLICATION_ID = 0x50524A53

#: How long a writer waits for another; transactions last a few milliseconds.
_BUSY_TIMEOUT_SECONDS = 5.0
_FIRST_PAUSE_SECONDS = 0.0002
_LONGEST_PAUSE_SECONDS = 0.001

#: How many pages the write-ahead log grows to before they are moved into the file: most of them are newer
#: versions of one another, and a move holds up everybody.
_PAGES_BETWEEN_CHECKPOINTS = 4000

#: Primary result codes (https://www.sqlite.org/rescode.html) that later may not come back.
_TRANSIENT_CODES = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_NOMEM,
    }
)
_DAMAGE_CODES = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class Durability(Enum):
    """From when on a transaction survives the loss of power; it always survives that of a process."""

    LATER = "later"
    #: When `Database.write` returns. Others may see it before, and do not wait for the disk.
    RETURNED = "returned"
    #: Before anybody sees it.
    SEEN = "seen"


class Database:
    """One process's connection to the store file, opened at its first use."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        #: The write-ahead log, once something had to be durable.
        self._log: int | None = None

    def open(self, *, check: bool = False) -> None:
        """Open and migrate the file now; with *check* read all of it for damage."""
        verdict = self.read(_quick_check if check else lambda _: "ok")
        if verdict != "ok":
            raise StoreCorrupt(self._damage(verdict))

    def read(self, query: Callable[[sqlite3.Connection], Result]) -> Result:
        """Return what *query* does; it is a single statement, for it is not in a transaction."""
        try:
            return _patiently(lambda: query(self._connect()))
        except (sqlite3.Error, OSError) as exc:
            raise self._translated(exc) from exc

    def write(
        self, work: Callable[[sqlite3.Connection], Result], *, durable: Durability = Durability.LATER
    ) -> Result:
        """Do *work* in one transaction and return its result; nothing is kept of work that raises."""
        try:
            connection = self._connect()
            if durable is Durability.SEEN:
                connection.execute("PRAGMA synchronous = FULL")
            try:
                _patiently(lambda: connection.execute("BEGIN IMMEDIATE"))
                with connection:
                    result = work(connection)
            finally:
                if durable is Durability.SEEN:
                    connection.execute("PRAGMA synchronous = NORMAL")
            if durable is Durability.RETURNED:
                self._flush()
        except (sqlite3.Error, OSError) as exc:
            raise self._translated(exc) from exc
        else:
            return result

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._log is not None:
            os.close(self._log)
            self._log = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _flush(self) -> None:
        """Bring what was committed to the disk, without holding up other writers.

        What is not in the log any more was flushed when it was moved (https://www.sqlite.org/wal.html).
        """
        if self._log is None:
            path = os.path.realpath(self._path)
            self._log = os.open(f"{path}-wal", os.O_RDONLY | os.O_CLOEXEC)
            # It may be new: its name has to last, too.
            directory = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)
        os.fdatasync(self._log)

    def _connect(self) -> sqlite3.Connection:
        if self._connection is None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # SQLite's own waiting would hold up every greenlet of this process, and where two that make the
            # store at once wait for one another, it does not wait at all.
            connection = sqlite3.connect(self._path, timeout=0, isolation_level=None, check_same_thread=False)
            try:
                _patiently(lambda: self._prepare(connection))
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        # In one statement, for another process may be making the store right now.
        application_id, tables = connection.execute(
            "SELECT application_id, (SELECT count(*) FROM sqlite_master) FROM pragma_application_id"
        ).fetchone()
        if application_id != _APPLICATION_ID and tables:
            raise StoreCorrupt(
                f"{self._path} is an SQLite file of another program: name another persistence_directory"
            )
        self._path.chmod(0o600)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_PAGES_BETWEEN_CHECKPOINTS}")
        self._migrate(connection)

    def _migrate(self, connection: sqlite3.Connection) -> None:
        steps = _migrations()
        if self._version(connection) == len(steps):
            return
        connection.execute("BEGIN EXCLUSIVE")
        with connection:
            present = self._version(connection)
            if present > len(steps):
                raise StoreTooNew(
                    f"{self._path} has schema {present}, this release knows up to {len(steps)}: "
                    "install the release that wrote it, or a newer one"
                )
            connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            for number, statements in enumerate(steps[present:], start=present + 1):
                for statement in statements:
                    connection.execute(statement)
                connection.execute("INSERT INTO schema VALUES (?, ?)", (number, time.time()))

    @staticmethod
    def _version(connection: sqlite3.Connection) -> int:
        known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'schema'").fetchone()
        if not known:
            return 0
        return int(connection.execute("SELECT max(version) FROM schema").fetchone()[0] or 0)

    def _translated(self, error: sqlite3.Error | OSError) -> StoreError:
        """Return what an error of SQLite or of the file system means."""
        if isinstance(error, OSError):
            return StoreError(f"job store {self._path}: {error.strerror}")
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _DAMAGE_CODES:
            return StoreCorrupt(self._damage(str(error)))
        if code in _TRANSIENT_CODES:
            return StoreBusy(f"job store {self._path}: {error}; is its disk full or another process stuck?")
        return StoreError(f"job store {self._path}: {error}")

    def _damage(self, detail: str) -> str:
        return (
            f"job store {self._path} is damaged ({detail}) and was left as it is: stop the server, keep a "
            "copy, restore a backup or recover it with 'sqlite3 FILE .recover', then start again"
        )


def _patiently(attempt: Callable[[], Result]) -> Result:
    """Make *attempt*, and make it again for as long as another has the file locked."""
    deadline, pause = math.inf, _FIRST_PAUSE_SECONDS
    while True:
        try:
            return attempt()
        except sqlite3.OperationalError as exc:
            now = time.monotonic()
            if exc.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or now >= deadline:
                raise
        # From the first refusal on: nearly every attempt is the only one, and looks at no clock.
        deadline = min(deadline, now + _BUSY_TIMEOUT_SECONDS)
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


def _quick_check(connection: sqlite3.Connection) -> str:
    return str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])


def _migrations() -> list[list[str]]:
    """Return the statements of each migration, in order."""
    files = resources.files("pulsar_runtime.store.migrations")
    names = sorted(entry.name for entry in files.iterdir() if entry.name.endswith(".sql"))
    return [list(_statements((files / name).read_text(encoding="utf-8"))) for name in names]


def _statements(script: str) -> Iterator[str]:
    """Split a script, for `executescript` would commit the surrounding transaction."""
    statement = ""
    for line in script.splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
