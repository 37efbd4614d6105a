"""A clock that stands still until a test moves it."""

from __future__ import annotations

import attrs


@attrs.define
class ManualClock:
    """Implements `Clock`; *advance* also stands in for a function that sleeps."""

    now: float = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
