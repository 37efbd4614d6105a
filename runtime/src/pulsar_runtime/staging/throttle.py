"""A limit of bytes per second that all transfers share."""

from __future__ import annotations

import threading
from collections.abc import Callable

import attrs

from pulsar_runtime.ports import Clock


@attrs.define
class Throttle:
    """Makes whoever has moved bytes wait until the next ones are allowed; from any thread."""

    bytes_per_second: float
    clock: Clock
    sleep: Callable[[float], None]
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False)
    #: When everything that was moved would have been moved at the allowed speed.
    _due: float = attrs.field(default=0.0, init=False)

    def spend(self, count: int) -> None:
        """Wait for as long as *count* bytes more are too many."""
        with self._lock:
            now = self.clock()
            self._due = max(self._due, now) + count / self.bytes_per_second
            pause = self._due - now
        self.sleep(pause)


def unlimited(_count: int) -> None:
    """Stand for `Throttle.spend` where there is no limit."""
