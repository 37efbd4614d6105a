"""A manager whose jobs run on an in-memory host."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping

from pulsar_runtime.domain.ids import ExternalId
from pulsar_runtime.domain.job import LaunchSpec, Observation
from pulsar_runtime.domain.status import SchedulerState
from pulsar_runtime.ports import Reactor
from pulsar_runtime.testing.faults import Faults
from pulsar_runtime.testing.host import InMemoryHost

#: What a shell reports of a command that SIGTERM ended.
_TERMINATED = 143


class InMemoryManager:
    """Implements the port `JobManager`: *limit* jobs run at once, first come first served.

    A second manager on the same *host* finds what the first one started.
    """

    def __init__(
        self,
        *,
        host: InMemoryHost,
        reactor: Reactor,
        changed: Callable[[ExternalId], None],
        limit: int | None = None,
    ) -> None:
        self.faults = Faults()
        self._host = host
        self._reactor = reactor
        self._changed = changed
        self._limit = limit
        #: What is known of each job that has not started; of the others the host knows more.
        self._unstarted: dict[ExternalId, Observation] = {}
        self._waiting: deque[ExternalId] = deque()
        self._followed: set[ExternalId] = set()
        host.listen(self._hear)

    def submit(self, spec: LaunchSpec) -> ExternalId:
        """Queue the job, or find it again on the host."""
        self.faults.meet(self.submit)
        external_id = ExternalId(spec.launch_id)
        if external_id not in self._followed:
            self._followed.add(external_id)
            if external_id not in self._host.launches:
                self._unstarted[external_id] = Observation(state=SchedulerState.PENDING)
                self._waiting.append(external_id)
                self._reactor.call_later(0.0, self._start_waiting)
        return external_id

    def observe(self, ids: Collection[ExternalId]) -> Mapping[ExternalId, Observation]:
        """Say what is known of these jobs."""
        self.faults.meet(self.observe)
        return {
            known: self._unstarted.get(known) or self._host.launches[known]
            for known in ids
            if known in self._followed
        }

    def cancel(self, external_id: ExternalId) -> None:
        """Begin to end a job."""
        self.faults.meet(self.cancel)
        if external_id in self._waiting:
            self._waiting.remove(external_id)
            self._unstarted[external_id] = Observation(state=SchedulerState.ENDED, reason="it never started")
            self._changed(external_id)
        elif external_id in self._running():
            self._reactor.call_later(0.0, lambda: self._terminate(external_id))

    def forget(self, external_id: ExternalId) -> None:
        """Drop what is kept about a job whose end is in the store."""
        self._followed.discard(external_id)
        self._unstarted.pop(external_id, None)
        self._host.launches.pop(external_id, None)

    def close(self) -> None:
        """Stop observing; running jobs go on."""
        self._host.ignore(self._hear)

    def _start_waiting(self) -> None:
        while self._waiting and (self._limit is None or len(self._running()) < self._limit):
            external_id = self._waiting.popleft()
            del self._unstarted[external_id]
            self._host.start(external_id)
            self._changed(external_id)

    def _running(self) -> list[ExternalId]:
        running = SchedulerState.RUNNING
        started = self._followed - self._unstarted.keys()
        return [known for known in started if self._host.launches[known].state is running]

    def _terminate(self, external_id: ExternalId) -> None:
        if external_id in self._running():
            self._host.end(external_id, _TERMINATED)

    def _hear(self, launch_id: str) -> None:
        external_id = ExternalId(launch_id)
        if external_id in self._followed:
            self._changed(external_id)
            self._reactor.call_later(0.0, self._start_waiting)
