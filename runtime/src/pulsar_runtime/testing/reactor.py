"""A reactor whose time and events come from a test."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

from pulsar_runtime.testing.clock import ManualClock


class ManualReactor:
    """Implements the port `Reactor`: nothing happens but in `advance` and `readable`."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._watched: dict[int, Callable[[], None]] = {}
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        #: Breaks ties between timers, in the order of their making.
        self._order = itertools.count()

    def watch(self, fd: int, callback: Callable[[], None]) -> None:
        """Call *callback* whenever a test says that *fd* is readable."""
        self._watched[fd] = callback

    def unwatch(self, fd: int) -> None:
        """Stop watching *fd*."""
        del self._watched[fd]

    def call_later(self, seconds: float, callback: Callable[[], None]) -> None:
        """Call *callback* once, after *seconds*."""
        heapq.heappush(self._timers, (self._clock() + seconds, next(self._order), callback))

    def post(self, callback: Callable[[], None]) -> None:
        """Call *callback* once, when a test next lets time pass."""
        self.call_later(0.0, callback)

    def readable(self, fd: int) -> None:
        """Say that there is something to read from *fd*."""
        if fd in self._watched:
            self._watched[fd]()

    def advance(self, seconds: float = 0.0) -> None:
        """Let time pass and call what becomes due, also what is asked for meanwhile."""
        end = self._clock() + seconds
        while self._timers and self._timers[0][0] <= end:
            due, _order, callback = heapq.heappop(self._timers)
            self._clock.advance(due - self._clock())
            callback()
        self._clock.advance(end - self._clock())
