"""When a transfer that broke off is tried again (protocol section 5.6)."""

from __future__ import annotations

import attrs


@attrs.frozen(kw_only=True)
class RetryPolicy:
    """Pauses that grow, bounded in number and in time."""

    #: After the first attempt; None for any number.
    most: int | None
    first_seconds: float
    step_seconds: float
    longest_seconds: float
    #: Since the first failure of the file; None for ever.
    within_seconds: float | None

    def pause(self, failures: int) -> float:
        """Return how long to wait after so many failures in a row."""
        grown = self.first_seconds + self.step_seconds * (failures - 1)
        return min(grown, self.first_seconds + self.longest_seconds)

    def allows(self, attempts: int, since_first: float) -> bool:
        """Tell whether a file may be tried again after so many attempts, so long after the first failed."""
        return (self.most is None or attempts <= self.most) and (
            self.within_seconds is None or since_first < self.within_seconds
        )
