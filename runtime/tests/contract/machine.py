"""The world that a manager works in, as the contract of managers drives it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from pulsar_runtime.domain.job import LaunchSpec
from pulsar_runtime.ports import JobManager


class Machine(Protocol):
    """One machine with its jobs; agents, and managers with them, come and go."""

    def manager(self, limit: int | None = None) -> JobManager:
        """Return the manager of the first agent."""

    def restarted(
        self,
        earlier: JobManager,
        *,
        limit: int | None = None,
        meanwhile: Callable[[], None] | None = None,
    ) -> JobManager:
        """End the agent, let something happen while there is none, and return the next one's manager."""

    def job(self, name: str) -> LaunchSpec:
        """Return a launch of this id whose job, once started, runs until `end`."""

    def begin_to_start(self, spec: LaunchSpec) -> None:
        """Leave what an agent leaves that is killed just before it starts a launch."""

    def end(self, spec: LaunchSpec, exit_code: int) -> None:
        """Let a running job end by itself."""

    def kill_without_a_trace(self, spec: LaunchSpec) -> None:
        """Kill everything of a running job at once, also what would have recorded its end."""

    def reboot(self) -> None:
        """Let the host go down and come back."""

    def starts(self) -> list[str]:
        """Return the launch ids of all jobs that were started, in the order of their starts."""

    def told(self) -> list[str]:
        """Return the external ids of which managers said that something changed."""

    def forget_what_was_told(self) -> None:
        """Begin a new list of those."""

    def work(self) -> None:
        """Let the agent do what is due now."""

    def work_until(self, condition: Callable[[], bool]) -> None:
        """Let the agent work until *condition* holds; fail after a while."""
