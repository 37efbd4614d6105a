"""The job store's records of transfers."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from pulsar_runtime.domain.staging import TransferRecord


def select(connection: sqlite3.Connection, key: int) -> dict[str, TransferRecord]:
    """Return a job's records by their names."""
    rows = connection.execute("SELECT name, done, resume FROM transfer WHERE key = ?", (key,))
    return {
        name: TransferRecord(key=key, name=name, done=bool(done), resume=resume)
        for name, done, resume in rows
    }


def insert(connection: sqlite3.Connection, records: Sequence[TransferRecord]) -> None:
    """Write records in place of earlier ones, but for jobs that are not being staged any more."""
    connection.executemany(
        "INSERT OR REPLACE INTO transfer SELECT key, ?, ?, ? FROM job"
        " WHERE key = ? AND status IN ('preprocessing', 'postprocessing')",
        [(record.name, record.done, record.resume, record.key) for record in records],
    )
