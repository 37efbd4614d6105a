"""The world of the HTCondor manager: stand-ins of its commands, real processes, a real reactor."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from pulsar_runtime.domain.ids import DEFAULT_MANAGER, ExternalId
from pulsar_runtime.domain.job import LaunchSpec
from pulsar_runtime.managers.batch import record
from pulsar_runtime.managers.batch.commands import ReactorCommands
from pulsar_runtime.managers.batch.host import Host, LocalHost
from pulsar_runtime.managers.batch.outage import Outages
from pulsar_runtime.managers.condor.manager import CondorManager
from runtime.tests.batch_system.installed_condor import InstalledCondor
from runtime.tests.contract.reactor_machine import ReactorMachine


class CondorMachine(ReactorMachine):
    """Implements `Machine` with a stand-in of an HTCondor pool."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.pool = InstalledCondor(directory)
        self.settings: Mapping[str, str] = {}
        self.host: Host = LocalHost()
        self._managers: list[CondorManager] = []

    def manager(
        self,
        limit: int | None = None,
        *,
        limit_seconds: float = 20.0,
        changed: Callable[[ExternalId], None] | None = None,
    ) -> CondorManager:
        self.pool.limit(limit)
        path = f"{self.pool.commands}:{os.environ['PATH']}"
        manager = CondorManager(
            commands=ReactorCommands(self.reactor, environ={"PATH": path}, limit_seconds=limit_seconds),
            records=self.records,
            reactor=self.reactor,
            changed=changed or self.tellings.append,
            host=self.host,
            outages=Outages(self.outages, DEFAULT_MANAGER),
            settings=self.settings,
            environment={},
            name_template="$job_id",
            # Several at a time do not come to the queue in their order.
            workers=1,
            look_seconds=0.1,
            retry_seconds=0.1,
        )
        self._managers.append(manager)
        return manager

    def begin_to_start(self, spec: LaunchSpec) -> None:
        os.close(record.create(str(self.records / spec.launch_id), "universe = vanilla\n"))

    def kill_without_a_trace(self, spec: LaunchSpec) -> None:
        self.pool.end(spec.launch_id, "vanished")

    def tick(self) -> None:
        self.pool.tick()

    def has_ended(self, name: str) -> bool:
        return self.pool.state(name) == "done"

    def end_everything(self) -> None:
        if self._managers:
            self._managers[-1].close()
        self.pool.end_everything()
        super().end_everything()
