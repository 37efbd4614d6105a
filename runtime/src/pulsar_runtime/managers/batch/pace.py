"""How long to wait until a batch system is asked again."""

from __future__ import annotations


class Pace:
    """An interval that doubles while nothing changes, between two bounds."""

    def __init__(self, shortest: float, longest: float) -> None:
        self._shortest = shortest
        self._longest = max(shortest, longest)
        self.seconds = shortest

    def quicken(self) -> None:
        """Hear that something changed."""
        self.seconds = self._shortest

    def slow_down(self) -> None:
        """Hear that nothing changed."""
        self.seconds = min(2 * self.seconds, self._longest)
