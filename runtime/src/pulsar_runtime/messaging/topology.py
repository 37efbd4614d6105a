"""What queues are called, and making them (protocol section 6.1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs
import kombu

from pulsar_runtime.domain.ids import DEFAULT_MANAGER, ManagerName
from pulsar_runtime.messaging.link import Link

_EXCHANGE = "pulsar"


@attrs.frozen(kw_only=True)
class Topology:
    """The exchange, and the queues of all managers."""

    #: Replaces what is derived from the manager's name.
    key_prefix: str | None = None
    durable: bool = True

    def queue_name(self, manager: ManagerName, name: str) -> str:
        """Return the name of a queue, which is its routing key too, from its logical name."""
        if self.key_prefix:
            return f"{self.key_prefix}_{name}"
        # Two underscores in any case (trap 41).
        return f"pulsar__{name}" if manager == DEFAULT_MANAGER else f"pulsar_{manager}__{name}"

    def exchange(self) -> kombu.Exchange:
        """Return the exchange that everything goes through."""
        return kombu.Exchange(_EXCHANGE, type="direct", durable=self.durable)

    def queue(self, name: str) -> kombu.Queue:
        """Return the queue of this name."""
        return kombu.Queue(name, self.exchange(), routing_key=name, durable=self.durable)

    def declare(self, link: Link, names: Iterable[str]) -> None:
        """Make the exchange and these queues, unless they are there."""
        channel: Any = link.channel()
        with link.translating():
            for name in names:
                self.queue(name).bind(channel).declare()
            channel.close()
