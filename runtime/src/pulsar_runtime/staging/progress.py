"""One attempt to move one file, as the one who moves it sees it."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from pulsar_runtime.domain.errors import TransferStopped
from pulsar_runtime.staging.throttle import unlimited


@attrs.frozen(kw_only=True)
class Progress:
    """What an earlier attempt left, and whether this one is still wanted."""

    #: What an earlier attempt remembered.
    resume: str | None = None
    #: Whether an earlier attempt may have succeeded without anybody having heard of it.
    again: bool = False
    stopped: Callable[[], bool]
    #: Keep something for the next attempt, also by another agent.
    remember: Callable[[str], None]

    #: Waits while that many bytes more would be too many.
    spend: Callable[[int], None] = unlimited

    def require_wanted(self) -> None:
        """Raise `TransferStopped` if nobody wants the file any more."""
        if self.stopped():
            raise TransferStopped
