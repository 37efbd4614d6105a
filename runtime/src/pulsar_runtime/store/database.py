"""The SQLite file behind the job store: opening, migrating, and translating what SQLite says."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from pulsar_runtime.domain.errors import StoreBusy, StoreCorrupt, StoreError, StoreTooNew

#: "PRJS": tells our file from any other SQLite file (https://www.sqlite.org/fileformat.html#application_id).
_APPLICATION_ID = 0x50524A53

#: How long a writer waits for another; transactions last a few milliseconds.
_BUSY_TIMEOUT_SECONDS = 5.0
_FIRST_PAUSE_SECONDS = 0.0002
_LONGEST_PAUSE_SECONDS = 0.01

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


class Database:
    """One process's connection to the store file, opened at its first use."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def open(self, *, check: bool = False) -> None:
        """Open and migrate the file now; with *check* read all of it for damage."""
        with self._translated():
            connection = self._connect()
            if check:
                (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
                if verdict != "ok":
                    raise StoreCorrupt(self._damage(str(verdict)))

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give the connection for a single query."""
        with self._translated():
            yield self._connect()

    @contextmanager
    def writing(self, *, durable: bool = False) -> Iterator[sqlite3.Connection]:
        """Give the connection inside one transaction; a *durable* one survives the loss of power."""
        with self._translated():
            connection = self._connect()
            _patiently(lambda: _begin(connection, durable=durable))
            try:
                with connection:
                    yield connection
            finally:
                if durable:
                    connection.execute("PRAGMA synchronous = NORMAL")

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> sqlite3.Connection:
        if self._connection is None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            connection = sqlite3.connect(
                self._path, timeout=_BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
            )
            try:
                # SQLite does not wait by itself where two that wait for one another would never end.
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

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as exc:
            code = getattr(exc, "sqlite_errorcode", 0) & 0xFF
            if code in _DAMAGE_CODES:
                raise StoreCorrupt(self._damage(str(exc))) from exc
            if code in _TRANSIENT_CODES:
                raise StoreBusy(
                    f"job store {self._path}: {exc}; is its disk full or another process stuck?"
                ) from exc
            raise StoreError(f"job store {self._path}: {exc}") from exc
        except OSError as exc:
            raise StoreError(f"job store {self._path}: {exc.strerror}") from exc

    def _damage(self, detail: str) -> str:
        return (
            f"job store {self._path} is damaged ({detail}) and was left as it is: stop the server, keep a "
            "copy, restore a backup or recover it with 'sqlite3 FILE .recover', then start again"
        )


def _patiently(attempt: Callable[[], None]) -> None:
    """Make *attempt*, and make it again for as long as another has the file locked."""
    deadline, pause = time.monotonic() + _BUSY_TIMEOUT_SECONDS, _FIRST_PAUSE_SECONDS
    while True:
        try:
            attempt()
        except sqlite3.OperationalError as exc:
            if exc.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline:
                raise
        else:
            return
        # Our own waiting, for SQLite's would hold up every greenlet of this process, and longer.
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


def _begin(connection: sqlite3.Connection, *, durable: bool) -> None:
    """Begin a transaction now or not at all."""
    connection.execute("PRAGMA busy_timeout = 0")
    if durable:
        connection.execute("PRAGMA synchronous = FULL")
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        if durable:
            connection.execute("PRAGMA synchronous = NORMAL")
        raise
    finally:
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_SECONDS * 1000:.0f}")


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
