"""What the worlds of batch systems have in common: a real reactor, and jobs that wait for orders."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

from pulsar_runtime.agent.reactor import SelectorReactor
from pulsar_runtime.domain.ids import ExternalId
from pulsar_runtime.domain.job import LaunchSpec
from pulsar_runtime.ports import JobManager
from pulsar_runtime.testing.outages import InMemoryOutages
from runtime.tests.contract.orders import OrderedJobs

#: Commands are processes, and the tests share the machine.
_LIMIT_SECONDS = 20.0
_TURN_SECONDS = 0.01
_QUIET_SECONDS = 0.5


class ReactorMachine(ABC):
    """Implements most of `Machine`; a batch system of its own is what is left."""

    def __init__(self, directory: Path) -> None:
        self.records = directory / "launches"
        self.records.mkdir()
        self.reactor = SelectorReactor()
        self.jobs = OrderedJobs(directory)
        self.tellings: list[ExternalId] = []
        self.outages = InMemoryOutages(time.time)
        self._unattended = False

    @abstractmethod
    def manager(self, limit: int | None = None) -> JobManager:
        """Return the manager of the first agent."""

    @abstractmethod
    def tick(self) -> None:
        """Let the batch system do what is due."""

    @abstractmethod
    def has_ended(self, name: str) -> bool:
        """Tell whether the batch system knows that a job has ended."""

    def restarted(
        self,
        earlier: JobManager,
        *,
        limit: int | None = None,
        meanwhile: Callable[[], None] | None = None,
    ) -> JobManager:
        earlier.close()
        self.reactor.close()
        self.reactor = SelectorReactor()
        if meanwhile:
            self._unattended = True
            meanwhile()
            self._unattended = False
        return self.manager(limit)

    def job(self, name: str) -> LaunchSpec:
        return self.jobs.spec(name)

    def end(self, spec: LaunchSpec, exit_code: int) -> None:
        self.jobs.end(spec, exit_code)
        if self._unattended:
            deadline = time.monotonic() + _LIMIT_SECONDS
            while not self.has_ended(spec.launch_id):
                assert time.monotonic() < deadline
                time.sleep(0.01)

    def reboot(self) -> None:
        raise NotImplementedError("jobs are on other hosts")

    def starts(self) -> list[str]:
        return self.jobs.starts()

    def told(self) -> list[str]:
        return [*self.tellings]

    def forget_what_was_told(self) -> None:
        self.tellings.clear()

    def work(self) -> None:
        deadline = time.monotonic() + _QUIET_SECONDS
        while time.monotonic() < deadline:
            self._turn()

    def work_until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _LIMIT_SECONDS
        while not condition():
            assert time.monotonic() < deadline, f"not within {_LIMIT_SECONDS} s; started: {self.starts()}"
            self._turn()

    def end_everything(self) -> None:
        """Release what is held."""
        self.jobs.close()
        self.reactor.close()

    def _turn(self) -> None:
        self.tick()
        self.reactor.call_later(_TURN_SECONDS, self.reactor.stop)
        self.reactor.run()
