"""A machine on which launches run, until a test ends them or the machine."""

from __future__ import annotations

from collections.abc import Callable

from pulsar_runtime.domain.job import Observation
from pulsar_runtime.domain.status import SchedulerState


class InMemoryHost:
    """What outlives an agent: the launches that were started, and what became of them."""

    def __init__(self) -> None:
        #: Every launch id that was ever started, in the order of the starts.
        self.starts: list[str] = []
        #: What is to be seen of a launch, until its manager forgets it.
        self.launches: dict[str, Observation] = {}
        self._listeners: list[Callable[[str], None]] = []

    def listen(self, changed: Callable[[str], None]) -> None:
        """Let a manager hear of every launch that ends."""
        self._listeners.append(changed)

    def ignore(self, changed: Callable[[str], None]) -> None:
        """Let a manager that is closed hear no more."""
        if changed in self._listeners:
            self._listeners.remove(changed)

    def start(self, launch_id: str) -> None:
        """Begin a launch, which then runs."""
        self.starts.append(launch_id)
        self.launches[launch_id] = Observation(state=SchedulerState.RUNNING)

    def end(self, launch_id: str, exit_code: int) -> None:
        """Let a launch end by itself."""
        self._become(launch_id, Observation(state=SchedulerState.ENDED, exit_code=exit_code))

    def vanish(self, launch_id: str) -> None:
        """Let a launch disappear without a trace of how it ended."""
        self._become(launch_id, Observation(state=SchedulerState.VANISHED, reason="it vanished"))

    def reboot(self) -> None:
        """Go down and come back: nothing that ran runs any more, and no manager is left to hear of it."""
        self._listeners.clear()
        for launch_id, observation in self.launches.items():
            if observation.state is SchedulerState.RUNNING:
                interrupted = Observation(state=SchedulerState.INTERRUPTED, reason="the host went down")
                self._become(launch_id, interrupted)

    def _become(self, launch_id: str, observation: Observation) -> None:
        self.launches[launch_id] = observation
        for changed in list(self._listeners):
            changed(launch_id)
