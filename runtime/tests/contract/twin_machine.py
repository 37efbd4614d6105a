"""The world of the in-memory manager."""

from __future__ import annotations

from collections.abc import Callable

from pulsar_runtime.domain.ids import ExternalId
from pulsar_runtime.domain.job import LaunchSpec
from pulsar_runtime.ports import JobManager
from pulsar_runtime.testing.clock import ManualClock
from pulsar_runtime.testing.host import InMemoryHost
from pulsar_runtime.testing.job_manager import InMemoryManager
from pulsar_runtime.testing.reactor import ManualReactor


class TwinMachine:
    """Implements `Machine` in memory."""

    def __init__(self) -> None:
        self._host = InMemoryHost()
        self._reactor = ManualReactor(ManualClock())
        self._told: list[ExternalId] = []

    def manager(self, limit: int | None = None) -> JobManager:
        return InMemoryManager(host=self._host, reactor=self._reactor, changed=self._told.append, limit=limit)

    def restarted(
        self,
        earlier: JobManager,
        *,
        limit: int | None = None,
        meanwhile: Callable[[], None] | None = None,
    ) -> JobManager:
        earlier.close()
        # What the earlier agent had planned ends with it.
        self._reactor = ManualReactor(ManualClock())
        if meanwhile:
            meanwhile()
        return self.manager(limit)

    def job(self, name: str) -> LaunchSpec:
        return LaunchSpec(launch_id=name, script="", working_directory="", stdout="", stderr="")

    def begin_to_start(self, spec: LaunchSpec) -> None:
        """A launch in memory is either started or not."""

    def end(self, spec: LaunchSpec, exit_code: int) -> None:
        self._host.end(spec.launch_id, exit_code)

    def kill_without_a_trace(self, spec: LaunchSpec) -> None:
        self._host.vanish(spec.launch_id)

    def reboot(self) -> None:
        self._host.reboot()

    def starts(self) -> list[str]:
        return self._host.starts

    def told(self) -> list[str]:
        return [*self._told]

    def forget_what_was_told(self) -> None:
        self._told.clear()

    def work(self) -> None:
        self._reactor.advance()

    def work_until(self, condition: Callable[[], bool]) -> None:
        self.work()
        assert condition()
