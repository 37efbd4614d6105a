"""The agent's loop: file descriptors and timers on one thread."""

from __future__ import annotations

import heapq
import itertools
import os
import selectors
import time
from collections import deque
from collections.abc import Callable


class SelectorReactor:
    """Implements the port `Reactor` on epoll(7)."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        #: Breaks ties between timers, in the order of their making.
        self._order = itertools.count()
        self._stopped = False
        #: What other threads have posted, and a counter that is readable while there is any (eventfd(2)).
        self._posted: deque[Callable[[], None]] = deque()
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._rung = False
        self.watch(self._bell, self._call_posted)

    def watch(self, fd: int, callback: Callable[[], None]) -> None:
        """Call *callback* whenever *fd* is readable."""
        self._selector.register(fd, selectors.EVENT_READ, callback)

    def unwatch(self, fd: int) -> None:
        """Stop watching *fd*."""
        self._selector.unregister(fd)

    def call_later(self, seconds: float, callback: Callable[[], None]) -> None:
        """Call *callback* once, after *seconds*."""
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._order), callback))

    def post(self, callback: Callable[[], None]) -> None:
        """Call *callback* once, soon, on the reactor's thread; may be called from any thread."""
        self._posted.append(callback)
        if not self._rung:
            self._rung = True
            os.eventfd_write(self._bell, 1)

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
        """Release the selector; what is posted later is never called."""
        # The counter stays open: a thread that is about to post must not write to another file of its number.
        self._selector.close()

    def _call_posted(self) -> None:
        os.eventfd_read(self._bell)
        # Before anything is taken: what is posted from now on rings again, what was posted before is taken.
        self._rung = False
        for _ in range(len(self._posted)):
            self._posted.popleft()()

    def _patience(self) -> float | None:
        return max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else None
