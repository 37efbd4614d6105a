"""The world of the DRMAA manager: the session's process with a stand-in of the library."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pulsar_runtime.domain.ids import DEFAULT_MANAGER, ExternalId
from pulsar_runtime.domain.job import LaunchSpec
from pulsar_runtime.managers.batch.outage import Outages
from pulsar_runtime.managers.drmaa import client
from pulsar_runtime.managers.drmaa.door import SessionDoor
from pulsar_runtime.managers.drmaa.manager import DrmaaManager, MakeDoor
from runtime.tests.batch_system.cluster import Cluster, Job
from runtime.tests.contract.reactor_machine import ReactorMachine

_PROGRAM = Path(__file__).parents[1] / "batch_system" / "drmaa_session.py"
_NO_LIMIT = 1000


class DrmaaMachine(ReactorMachine):
    """Implements `Machine` with a cluster that has a DRMAA library."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(directory)
        monkeypatch.setattr(client, "PROGRAM", (str(_PROGRAM),))
        self.directory = directory / "cluster"
        self.directory.mkdir()
        self.cluster = Cluster(self.directory)
        self._state = directory / "session"
        self._managers: list[DrmaaManager] = []
        self.native_specification: str | None = None
        self._slots(None)

    def manager(
        self, limit: int | None = None, *, changed: Callable[[ExternalId], None] | None = None
    ) -> DrmaaManager:
        self._slots(limit)
        manager = DrmaaManager(
            library=str(self.directory),
            state=self._state,
            records=self.records,
            reactor=self.reactor,
            changed=changed or self.tellings.append,
            outages=Outages(self.outages, DEFAULT_MANAGER),
            environ={"PATH": os.environ["PATH"], "PYTHONPATH": ":".join(sys.path)},
            native_specification=self.native_specification,
            name_template="$job_id",
            door=self.door(),
            look_seconds=0.02,
            ask_seconds=0.1,
            retry_seconds=0.1,
        )
        self._managers.append(manager)
        return manager

    def door(self) -> MakeDoor:
        """Return what makes the way to the batch system."""
        return SessionDoor

    def fault(self, **faults: str) -> None:
        """Let functions of the library refuse, fail, hang or crash."""
        (self.directory / "faults.json").write_text(json.dumps(faults))

    def begin_to_start(self, spec: LaunchSpec) -> None:
        """What an agent leaves before the session has begun is nothing."""

    def kill_without_a_trace(self, spec: LaunchSpec) -> None:
        self.set_state(spec.launch_id, "vanished")

    def set_state(self, name: str, state: str) -> None:
        """End a job, or put it back into the queue."""
        with self.cluster.jobs() as jobs:
            self.cluster.end(self._job(jobs, name), state)

    def tick(self) -> None:
        with self.cluster.jobs():
            pass

    def has_ended(self, name: str) -> bool:
        with self.cluster.jobs() as jobs:
            return bool(self._job(jobs, name)["state"] == "done")

    def native(self, name: str) -> str:
        """Return the native specification that a job came with."""
        with self.cluster.jobs() as jobs:
            return str(self._job(jobs, name)["native"])

    def end_everything(self) -> None:
        if self._managers:
            self._managers[-1].close()
        self._slots(0)
        with self.cluster.jobs() as jobs:
            for job in jobs.values():
                self.cluster.end(job, "vanished")
        super().end_everything()

    def _slots(self, limit: int | None) -> None:
        (self.directory / "slots").write_text(str(_NO_LIMIT if limit is None else limit))

    @staticmethod
    def _job(jobs: dict[str, Job], name: str) -> Job:
        names = (name, f"j{name}")
        return next(job for job in reversed(jobs.values()) if job["name"] in names)
