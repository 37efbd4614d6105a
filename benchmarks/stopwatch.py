"""How long something takes, and how much of it is our own work."""

from __future__ import annotations

import time
from typing import Self


class Stopwatch:
    """Measure a ``with`` block: its seconds, and the CPU seconds of this process in it."""

    seconds: float
    cpu_seconds: float

    def __enter__(self) -> Self:
        self._begun, self._cpu_begun = time.monotonic(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.monotonic() - self._begun
        self.cpu_seconds = time.process_time() - self._cpu_begun


def share_of_a_core(*watches: Stopwatch) -> float:
    """Return the CPU time of this process in percent of the time measured."""
    return 100 * sum(watch.cpu_seconds for watch in watches) / sum(watch.seconds for watch in watches)
