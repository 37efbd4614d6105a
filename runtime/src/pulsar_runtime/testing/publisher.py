"""A publisher whose messages can be looked at."""

from __future__ import annotations

from collections.abc import Sequence

from pulsar_runtime.domain.announcement import OutgoingMessage
from pulsar_runtime.testing.faults import Faults


class InMemoryPublisher:
    """Implements the port `MessagePublisher`."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.published: list[OutgoingMessage] = []

    def publish(self, messages: Sequence[OutgoingMessage]) -> None:
        """Keep all of them, in this order."""
        self.faults.meet(self.publish)
        self.published.extend(messages)
