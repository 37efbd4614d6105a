"""The most threads that processes had at any moment."""

from __future__ import annotations

import threading
from typing import Self

from benchmarks import processes

EVERY_SECONDS = 0.01


class ThreadWatch:
    """Count the threads of processes that go on, again and again, for as long as the block lasts."""

    def __init__(self, pids: list[int]) -> None:
        self._pids = pids
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.most = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(EVERY_SECONDS):
            self.most = max(self.most, processes.threads(self._pids))
