"""What is remembered of a batch system that did not answer."""

from __future__ import annotations

import attrs


@attrs.frozen(kw_only=True)
class OutageRecord:
    """How often that happened, and whether it lasts."""

    count: int = 0
    #: Seconds since the epoch; None while the batch system answers.
    since: float | None = None
