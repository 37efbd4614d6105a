"""The job store on SQLite: jobs, what was submitted, and their history."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pulsar_runtime.domain.errors import Conflict, Draining, UnknownJob
from pulsar_runtime.domain.ids import JobId, ManagerName
from pulsar_runtime.domain.job import Job, JobEvent, Submission, Tool, Transition
from pulsar_runtime.domain.staging import TransferRecord
from pulsar_runtime.domain.status import JobStatus, advance
from pulsar_runtime.ports import Clock
from pulsar_runtime.store import transfers
from pulsar_runtime.store.database import FILE_NAME, Database, Durability
from pulsar_runtime.store.outbox import announce_transition, withdraw
from pulsar_runtime.store.submission_text import from_text, to_text

_COLUMNS = (
    "key, manager, job_id, alias, directory, tool_id, tool_version, status, submitted, attempt,"
    " external_id, cancel_requested, return_code, reason, created_at, changed_at"
)

#: Spelled out as in the partial indexes, or SQLite does not use them.
_ACTIVE = "status IN ('preprocessing', 'queued', 'running', 'postprocessing')"


class SqliteJobStore:
    """Implements the port `JobStore` on one file; *announced* is called after the outbox was written to."""

    def __init__(
        self,
        directory: Path,
        clock: Clock = time.time,
        announced: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = Database(directory / FILE_NAME)
        self._clock = clock
        self._announced = announced

    def open(self, *, check: bool = False) -> None:
        """Open the file now; with *check* read all of it for damage."""
        self._database.open(check=check)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def find(self, manager: ManagerName, job_id: JobId) -> Job | None:
        """Return the job of this id, or the newest one whose alias it is."""
        found = self._jobs("WHERE manager = ? AND job_id = ?", (manager, job_id)) or self._jobs(
            "WHERE manager = ? AND alias = ? ORDER BY key DESC LIMIT 1", (manager, job_id)
        )
        return found[0] if found else None

    def get(self, key: int) -> Job | None:
        """Return the job of this key."""
        found = self._jobs("WHERE key = ?", (key,))
        return found[0] if found else None

    def jobs(self) -> Sequence[Job]:
        """Return all jobs in the order in which they were created."""
        return self._jobs("ORDER BY key")

    def events(self, key: int) -> Sequence[JobEvent]:
        """Return a job's history, oldest first."""
        rows = self._rows("SELECT at, status, reason FROM job_event WHERE key = ? ORDER BY number", (key,))
        return [JobEvent(at=at, status=status, reason=reason) for at, status, reason in rows]

    def begin(
        self, manager: ManagerName, job_id: JobId, alias: JobId | None, directory: str, tool: Tool
    ) -> Job:
        """Create a job, in place of an ended one of the same id; return an active one unchanged."""
        now = self._clock()

        def begin(connection: sqlite3.Connection) -> Job:
            present = _select(connection, "WHERE manager = ? AND job_id = ?", (manager, job_id))
            if present and not present[0].status.terminal:
                return present[0]
            if _draining_since(connection) is not None:
                raise Draining
            if present:
                connection.execute("DELETE FROM job WHERE key = ?", (present[0].key,))
                withdraw(connection, present[0].key)
            _require_free(connection, directory)
            cursor = connection.execute(
                "INSERT INTO job (manager, job_id, alias, directory, tool_id, tool_version, status,"
                " created_at, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (manager, job_id, alias, directory, tool.id, tool.version, JobStatus.PREPROCESSING, now, now),
            )
            key = cursor.lastrowid
            assert key is not None  # noqa: S101 - sqlite3 sets it after every INSERT
            _record(connection, key, now, JobStatus.PREPROCESSING, "set up")
            return Job(
                key=key,
                manager=manager,
                job_id=job_id,
                alias=alias,
                directory=directory,
                tool=tool,
                created_at=now,
                changed_at=now,
            )

        return self._database.write(begin)

    def submit(self, key: int, submission: Submission, *, announced: bool = False) -> bool:
        """Keep *submission* for good and give the job its place in the order; tell whether this call did."""
        now = self._clock()
        body = to_text(submission)

        def submit(connection: sqlite3.Connection) -> bool:
            row = connection.execute(
                f"SELECT 1 FROM job WHERE key = ? AND submitted = 0 AND {_ACTIVE}",  # noqa: S608 - a constant
                (key,),
            ).fetchone()
            if row is None:
                return False
            cursor = connection.execute("INSERT INTO submission (key, body) VALUES (?, ?)", (key, body))
            connection.execute(
                "UPDATE job SET submitted = ?, announced = ?, changed_at = ? WHERE key = ?",
                (cursor.lastrowid, announced, now, key),
            )
            _record(connection, key, now, JobStatus.PREPROCESSING, "submitted")
            return True

        return self._database.write(submit, durable=Durability.RETURNED)

    def submission(self, key: int) -> Submission:
        """Return what was submitted; raises `UnknownJob` when nothing was."""
        rows = self._rows("SELECT body FROM submission WHERE key = ?", (key,))
        if not rows:
            raise UnknownJob(f"job with key {key} was never submitted")
        return from_text(rows[0][0])

    def request_cancel(self, key: int) -> None:
        """Ask for the end of an active job; nothing happens to one that has ended."""

        def request(connection: sqlite3.Connection) -> None:
            cursor = connection.execute(
                f"UPDATE job SET cancel_requested = 1 WHERE key = ? AND NOT cancel_requested AND {_ACTIVE}",  # noqa: S608 - a constant
                (key,),
            )
            if cursor.rowcount:
                row = connection.execute("SELECT status FROM job WHERE key = ?", (key,)).fetchone()
                _record(connection, key, self._clock(), row[0], "cancel requested")

        self._database.write(request)

    def submitted_after(self, sequence: int) -> Sequence[Job]:
        """Return active jobs submitted after *sequence*, first submitted first."""
        return self._jobs(f"WHERE submitted > ? AND {_ACTIVE} ORDER BY submitted", (sequence,))

    def count_active(self) -> int:
        """Return how many jobs were submitted and have not ended."""
        rows = self._rows(f"SELECT count(*) FROM job WHERE submitted > ? AND {_ACTIVE}", (0,))  # noqa: S608 - a constant
        return int(rows[0][0])

    def counts(self) -> Mapping[tuple[ManagerName, JobStatus], int]:
        """Return how many jobs each manager has in each status in which it has any."""
        rows = self._rows("SELECT manager, status, count(*) FROM job GROUP BY manager, status", ())
        return {(manager, JobStatus(status)): count for manager, status, count in rows}

    def cancel_requests(self) -> Sequence[Job]:
        """Return active jobs that are to be cancelled."""
        return self._jobs(f"WHERE cancel_requested AND {_ACTIVE} ORDER BY key")

    def apply(self, transitions: Sequence[Transition]) -> frozenset[int]:
        """Write transitions with their events; return the keys of those whose job stood where they start."""
        now = self._clock()
        # What a client may already have been told must still be true after the power was gone.
        ends = any(transition.target.terminal for transition in transitions)
        durable = Durability.SEEN if ends else Durability.LATER

        def apply(connection: sqlite3.Connection) -> tuple[frozenset[int], bool]:
            written = [
                (change.key, announce_transition(connection, change))
                for change in transitions
                if _apply(connection, change, now)
            ]
            return frozenset(key for key, _ in written), any(announced for _, announced in written)

        written, announced = self._database.write(apply, durable=durable)
        if announced:
            self._announced()
        return written

    def transfers(self, key: int) -> Mapping[str, TransferRecord]:
        """Return what is known of the transfers of the phase that a job is in, by their names."""
        return self._database.read(lambda connection: transfers.select(connection, key))

    def record_transfers(self, records: Sequence[TransferRecord]) -> None:
        """Keep these in place of earlier ones of the same names."""
        self._database.write(lambda connection: transfers.insert(connection, records))

    def remove(self, key: int) -> None:
        """Forget a job that has ended or was never submitted."""
        self._database.write(
            lambda connection: connection.execute(
                f"DELETE FROM job WHERE key = ? AND (submitted = 0 OR NOT {_ACTIVE})",  # noqa: S608 - a constant
                (key,),
            )
        )

    def drain(self) -> bool:
        """Take no new jobs, for good; tell whether this call changed that."""
        return self._set_draining(
            "UPDATE instance SET draining_since = ? WHERE draining_since IS NULL", (self._clock(),)
        )

    def resume(self) -> bool:
        """Take new jobs again; tell whether this call changed that."""
        return self._set_draining(
            "UPDATE instance SET draining_since = NULL WHERE draining_since IS NOT NULL", ()
        )

    def draining_since(self) -> float | None:
        """Return when it was last said to `drain`, or None while new jobs are taken."""
        return self._database.read(_draining_since)

    def _set_draining(self, statement: str, parameters: tuple[object, ...]) -> bool:
        return self._database.write(
            lambda connection: connection.execute(statement, parameters).rowcount > 0,
            durable=Durability.RETURNED,
        )

    def _jobs(self, clause: str, parameters: tuple[object, ...] = ()) -> list[Job]:
        return self._database.read(lambda connection: _select(connection, clause, parameters))

    def _rows(self, statement: str, parameters: tuple[object, ...]) -> list[tuple[Any, ...]]:
        return self._database.read(lambda connection: connection.execute(statement, parameters).fetchall())


def _apply(connection: sqlite3.Connection, change: Transition, now: float) -> bool:
    """Write one transition with its event, if the job stands where it starts."""
    advance(change.source, change.target)
    cursor = connection.execute(
        "UPDATE job SET status = ?, external_id = coalesce(?, external_id),"
        " attempt = coalesce(?, attempt), return_code = coalesce(?, return_code), reason = ?,"
        " changed_at = ? WHERE key = ? AND status = ?",
        (
            change.target,
            change.external_id,
            change.attempt,
            change.return_code,
            change.reason,
            now,
            change.key,
            change.source,
        ),
    )
    if cursor.rowcount:
        _record(connection, change.key, now, change.target, change.reason)
    return cursor.rowcount > 0


def _draining_since(connection: sqlite3.Connection) -> float | None:
    since: float | None = connection.execute("SELECT draining_since FROM instance").fetchone()[0]
    return since


def _select(connection: sqlite3.Connection, clause: str, parameters: tuple[object, ...]) -> list[Job]:
    rows = connection.execute(f"SELECT {_COLUMNS} FROM job {clause}", parameters)  # noqa: S608 - constants
    return [_job(row) for row in rows]


def _require_free(connection: sqlite3.Connection, directory: str) -> None:
    row = connection.execute("SELECT manager FROM job WHERE directory = ?", (directory,)).fetchone()
    if row is not None:
        raise Conflict(
            f"the job directory belongs to a job of manager {row[0]!r}: clean that job first, or "
            "give each manager a staging_directory of its own"
        )


def _record(connection: sqlite3.Connection, key: int, at: float, status: str, reason: str) -> None:
    connection.execute(
        "INSERT INTO job_event SELECT ?, coalesce(max(number), 0) + 1, ?, ?, ? FROM job_event WHERE key = ?",
        (key, at, status, reason, key),
    )


def _job(row: tuple[Any, ...]) -> Job:
    """Make a job of the columns in the order of `_COLUMNS`."""
    (key, manager, job_id, alias, directory, tool_id, tool_version, status, submitted, attempt) = row[:10]
    (external_id, cancel_requested, return_code, reason, created_at, changed_at) = row[10:]
    return Job(
        key=key,
        manager=manager,
        job_id=job_id,
        alias=alias,
        directory=directory,
        tool=Tool(id=tool_id, version=tool_version),
        status=JobStatus(status),
        submitted=submitted,
        attempt=attempt,
        external_id=external_id,
        cancel_requested=bool(cancel_requested),
        return_code=return_code,
        reason=reason,
        created_at=created_at,
        changed_at=changed_at,
    )
