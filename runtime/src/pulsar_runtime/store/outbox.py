"""What is to be said to clients, kept until it was said, and what they said before."""

from __future__ import annotations

import sqlite3
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pulsar_runtime.domain.announcement import Announcement, Receipt, StatusUpdate
from pulsar_runtime.domain.ids import JobId, ManagerName
from pulsar_runtime.domain.job import Transition
from pulsar_runtime.domain.status import JobStatus
from pulsar_runtime.ports import Clock
from pulsar_runtime.store.database import FILE_NAME, Database, Durability

#: How long a message is remembered that a sender may send again.
_REMEMBERED_SECONDS = 7 * 24 * 3600.0

_COLUMNS = "number, message_id, manager, job_id, key, status, return_code, reason, receipt_for, receipt_queue"


class SqliteOutbox:
    """Implements the ports `Outbox` and `Inbox` on the file of the job store, with a connection of its own.

    *written* is called after something new was written.
    """

    def __init__(self, directory: Path, written: Callable[[], None], clock: Clock = time.time) -> None:
        self._database = Database(directory / FILE_NAME)
        self._written = written
        self._clock = clock

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def unsent(self, limit: int) -> Sequence[Announcement]:
        """Return what was never sent, in order."""
        return self._announcements("WHERE sent_at IS NULL ORDER BY number LIMIT ?", limit, repeated=False)

    def unconfirmed(self, seconds: float, limit: int) -> Sequence[Announcement]:
        """Return what was sent at least *seconds* ago and is still here, in order."""
        return self._announcements(
            "WHERE sent_at <= ? ORDER BY number LIMIT ?", self._clock() - seconds, limit, repeated=True
        )

    def sent(self, numbers: Sequence[int]) -> None:
        """Forget what was sent."""
        self._database.write(
            lambda connection: connection.executemany(
                "DELETE FROM outbox WHERE number = ?", [(number,) for number in numbers]
            )
        )

    def await_confirmation(self, numbers: Sequence[int]) -> None:
        """Note that these were sent, and keep them until somebody confirms that they arrived."""
        now = self._clock()
        self._database.write(
            lambda connection: connection.executemany(
                "UPDATE outbox SET sent_at = ? WHERE number = ?", [(now, number) for number in numbers]
            )
        )

    def confirmed(self, message_id: str) -> bool:
        """Forget what arrived; tell whether it was waiting for that."""
        return self._database.write(
            lambda connection: (
                connection.execute("DELETE FROM outbox WHERE message_id = ?", (message_id,)).rowcount > 0
            )
        )

    def announce(self, update: StatusUpdate) -> None:
        """Write down something to say about a job."""
        self._database.write(
            lambda connection: connection.execute(
                "INSERT INTO outbox (message_id, manager, job_id, key, status, return_code, reason)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    _new_message_id(),
                    update.manager,
                    update.job_id,
                    update.key,
                    update.status,
                    update.return_code,
                    update.reason,
                ),
            ),
            durable=Durability.RETURNED,
        )
        self._written()

    def waiting(self) -> int:
        """Return how much is here, sent or not."""
        return self._database.read(
            lambda connection: int(connection.execute("SELECT count(*) FROM outbox").fetchone()[0])
        )

    def received(self, message_id: str) -> bool:
        """Tell whether a message was acted upon before."""
        return self._database.read(
            lambda connection: (
                connection.execute("SELECT 1 FROM received WHERE message_id = ?", (message_id,)).fetchone()
                is not None
            )
        )

    def receive(self, receipt: Receipt) -> None:
        """Note that a message was acted upon, and that its sender is to be told."""
        now = self._clock()

        def receive(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT OR REPLACE INTO received VALUES (?, ?)", (receipt.message_id, now))
            connection.execute("DELETE FROM received WHERE at < ?", (now - _REMEMBERED_SECONDS,))
            connection.execute(
                "INSERT INTO outbox (message_id, manager, receipt_for, receipt_queue) VALUES (?, ?, ?, ?)",
                (_new_message_id(), receipt.manager, receipt.message_id, receipt.queue),
            )

        self._database.write(receive)
        self._written()

    def attempt(self, digest: str) -> int:
        """Note that somebody begins to act upon a message; return how often that was noted."""

        def attempt(connection: sqlite3.Connection) -> int:
            connection.execute(
                "INSERT INTO attempt VALUES (?, 1) ON CONFLICT (digest) DO UPDATE SET count = count + 1",
                (digest,),
            )
            row = connection.execute("SELECT count FROM attempt WHERE digest = ?", (digest,)).fetchone()
            return int(row[0])

        return self._database.write(attempt)

    def settle(self, digest: str) -> None:
        """Forget the attempts at a message."""
        self._database.write(
            lambda connection: connection.execute("DELETE FROM attempt WHERE digest = ?", (digest,))
        )

    def _announcements(self, clause: str, *parameters: float, repeated: bool) -> Sequence[Announcement]:
        return self._database.read(
            lambda connection: [
                _announcement(row, repeated=repeated)
                for row in connection.execute(f"SELECT {_COLUMNS} FROM outbox {clause}", parameters)  # noqa: S608 - constants
            ]
        )


def announce_transition(connection: sqlite3.Connection, change: Transition) -> bool:
    """Put a transition into the outbox if the job's client is told of it; tell whether it is.

    Called within the transaction that writes the transition, after the job row.
    """
    if not change.target.announced:
        return False
    cursor = connection.execute(
        "INSERT INTO outbox (message_id, manager, job_id, key, status, return_code, reason)"
        " SELECT ?, manager, job_id, key, status, return_code, reason"
        " FROM job WHERE key = ? AND announced",
        (_new_message_id(), change.key),
    )
    return cursor.rowcount > 0


def withdraw(connection: sqlite3.Connection, key: int) -> None:
    """Take back what was not sent about a job that begins anew; called within a transaction."""
    connection.execute("DELETE FROM outbox WHERE key = ?", (key,))


def _new_message_id() -> str:
    return str(uuid.uuid4())


def _announcement(row: tuple[Any, ...], *, repeated: bool) -> Announcement:
    """Make an announcement of the columns in the order of `_COLUMNS`."""
    number, message_id, manager, job_id, key, status, return_code, reason, receipt_for, receipt_queue = row
    content: StatusUpdate | Receipt
    if receipt_for is not None:
        content = Receipt(manager=ManagerName(manager), message_id=receipt_for, queue=receipt_queue)
    else:
        content = StatusUpdate(
            manager=ManagerName(manager),
            job_id=JobId(job_id),
            status=JobStatus(status),
            key=key,
            return_code=return_code,
            reason=reason,
        )
    return Announcement(number=number, message_id=message_id, content=content, repeated=repeated)
