"""The outages of batch systems, in the file of the job store."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from pulsar_runtime.domain.ids import ManagerName
from pulsar_runtime.domain.outage import OutageRecord
from pulsar_runtime.ports import Clock
from pulsar_runtime.store.database import FILE_NAME, Database, Durability


class SqliteOutages:
    """Implements the port `OutageStore` on the file of the job store, with a connection of its own."""

    def __init__(self, directory: Path, clock: Clock = time.time) -> None:
        self._database = Database(directory / FILE_NAME)
        self._clock = clock

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def begin(self, manager: ManagerName) -> None:
        """Note that a manager's batch system does not answer from now on."""
        self._write(
            "INSERT INTO outage VALUES (?, 1, ?) ON CONFLICT (manager)"
            " DO UPDATE SET count = count + 1, since = excluded.since WHERE since IS NULL",
            (manager, self._clock()),
        )

    def end(self, manager: ManagerName) -> None:
        """Note that it answers again."""
        self._write("UPDATE outage SET since = NULL WHERE manager = ?", (manager,))

    def end_all(self) -> None:
        """Note that nothing is known of any outage any more."""
        self._write("UPDATE outage SET since = NULL", ())

    def records(self) -> Mapping[ManagerName, OutageRecord]:
        """Return what is remembered, of managers that had an outage."""
        rows = self._database.read(
            lambda connection: connection.execute("SELECT manager, count, since FROM outage").fetchall()
        )
        return {
            ManagerName(manager): OutageRecord(count=count, since=since) for manager, count, since in rows
        }

    def _write(self, statement: str, parameters: tuple[object, ...]) -> None:
        self._database.write(
            lambda connection: connection.execute(statement, parameters), durable=Durability.RETURNED
        )
