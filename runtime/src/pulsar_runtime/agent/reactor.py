"""The agent's loop: file descriptors and timers on one thread."""

from __future__ import annotations

import heapq
import itertools
import selectors
import time
from collections.abc import Callable


class SelectorReactor:
    """Implements the port `Reactor` on epoll(7)."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        #: Breaks ties between timers, in the order of their making.
        self._order = itertools.count()
        self._stopped = False

    def watch(self, fd: int, callback: Callable[[], None]) -> None:
        """Call *callback* whenever *fd* is readable."""
        self._selector.register(fd, selectors.EVENT_READ, callback)

    def unwatch(self, fd: int) -> None:
        """Stop watching *fd*."""
        self._selector.unregister(fd)

    def call_later(self, seconds: float, callback: Callable[[], None]) -> None:
        """Call *callback* once, after *seconds*."""
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._order), callback))

    def stop(self) -> None:
        """Make `run`, or the next call of it, return once the present callbacks are through."""
        self._stopped = True

    def run(self) -> None:
        """Call what is due until somebody calls `stop`."""
        while not self._stopped:
            for key, _events in self._selector.select(self._patience()):
                # An earlier callback of this turn may have stopped watching it, or reused its number.
                if self._selector.get_map().get(key.fd) == key:
                    key.data()
            now = time.monotonic()
            while self._timers and self._timers[0][0] <= now:
                heapq.heappop(self._timers)[2]()
        self._stopped = False

    def close(self) -> None:
        """Release the selector."""
        self._selector.close()

    def _patience(self) -> float | None:
        return max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else None
