"""A limit in time that every wait of a measurement shares."""

from __future__ import annotations

import time
from collections.abc import Callable

from benchmarks.failure import MeasurementFailed


class Deadline:
    """Count down from ``seconds``; ``purpose`` is named when the time is up."""

    def __init__(self, seconds: float, purpose: str) -> None:
        self._end = time.monotonic() + seconds
        self._seconds = seconds
        self._purpose = purpose

    def left(self) -> float:
        """Return the seconds left, or raise ``MeasurementFailed`` when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise MeasurementFailed(f"{self._purpose}: not done within {self._seconds:g} s")
        return left

    def pause(self, seconds: float) -> None:
        """Sleep, unless the time is up."""
        time.sleep(min(seconds, self.left()))

    def until(self, condition: Callable[[], bool], *, every: float) -> None:
        """Wait until ``condition`` holds, asking each ``every`` seconds."""
        while not condition():
            self.pause(every)
