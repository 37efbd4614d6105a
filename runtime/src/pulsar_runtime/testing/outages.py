"""Outages that are forgotten when the process ends."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from pulsar_runtime.domain.ids import ManagerName
from pulsar_runtime.domain.outage import OutageRecord
from pulsar_runtime.ports import Clock
from pulsar_runtime.testing.faults import Faults


class InMemoryOutages:
    """Implements the port `OutageStore`."""

    def __init__(self, clock: Clock) -> None:
        self.faults = Faults()
        self._clock = clock
        self._records: dict[ManagerName, OutageRecord] = {}

    def begin(self, manager: ManagerName) -> None:
        """Note that a manager's batch system does not answer from now on."""
        self.faults.meet(self.begin)
        record = self._records.get(manager, OutageRecord())
        if record.since is None:
            self._records[manager] = OutageRecord(count=record.count + 1, since=self._clock())

    def end(self, manager: ManagerName) -> None:
        """Note that it answers again."""
        self.faults.meet(self.end)
        if manager in self._records:
            self._records[manager] = attrs.evolve(self._records[manager], since=None)

    def end_all(self) -> None:
        """Note that nothing is known of any outage any more."""
        for manager in self._records:
            self.end(manager)

    def records(self) -> Mapping[ManagerName, OutageRecord]:
        """Return what is remembered, of managers that had an outage."""
        self.faults.meet(self.records)
        return dict(self._records)

    def close(self) -> None:
        """Keep everything: there is nothing to release."""
