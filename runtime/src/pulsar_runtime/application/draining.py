"""Emptying a server: what is left of its jobs, and waiting for the last active one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

import attrs

from pulsar_runtime.domain.status import JobStatus
from pulsar_runtime.ports import Clock, JobStore

_PAUSE_SECONDS = 0.5


@attrs.frozen(kw_only=True)
class Remaining:
    """The jobs that a server has."""

    by_status: Mapping[JobStatus, int]

    @property
    def active(self) -> int:
        """How many have not ended; one that was set up and not submitted yet is one of them."""
        return sum(count for status, count in self.by_status.items() if not status.terminal)

    @property
    def ended(self) -> int:
        """How many have ended and were not cleaned up by their client yet."""
        return sum(count for status, count in self.by_status.items() if status.terminal)


def remaining(store: JobStore) -> Remaining:
    """Count the jobs of a server."""
    found = Counter(job.status for job in store.jobs())
    return Remaining(by_status={status: found[status] for status in JobStatus if found[status]})


def wait_until_idle(
    store: JobStore,
    seconds: float,
    *,
    clock: Clock,
    sleep: Callable[[float], None],
    changed: Callable[[Remaining], None],
) -> Remaining:
    """Wait until no job is active, at most *seconds*; *changed* is told what is left, each time."""
    deadline = clock() + seconds
    told = None
    while True:
        left = remaining(store)
        if not left.active or clock() >= deadline:
            return left
        if left != told:
            changed(left)
            told = left
        sleep(max(0.0, min(_PAUSE_SECONDS, deadline - clock())))
