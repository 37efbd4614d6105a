"""Publishing to the broker, which confirms what it has taken charge of."""

from __future__ import annotations

import time
from collections.abc import Sequence

import kombu

from pulsar_runtime.domain.announcement import OutgoingMessage
from pulsar_runtime.domain.errors import BrokerUnavailable
from pulsar_runtime.messaging.link import Link
from pulsar_runtime.messaging.topology import Topology

#: A broker that is short of memory or disk takes nothing until somebody has helped it.
_CONFIRM_SECONDS = 60.0


class ConfirmingPublisher:
    """Implements the port `MessagePublisher` on a channel of its own."""

    def __init__(
        self, link: Link, topology: Topology, *, persistent: bool = True, priority: int | None = 0
    ) -> None:
        self._link = link
        self._topology = topology
        self._persistent = persistent
        self._priority = priority
        self._channel = link.channel()
        self._last_tag = 0
        self._awaited: set[int] = set()
        self._problem = ""
        with link.translating():
            self._channel.events["basic_ack"].add(self._confirm)
            self._channel.events["basic_nack"].add(self._refuse)
            self._channel.events["basic_return"].add(self._return)
            self._channel.confirm_select()
        self._producer = kombu.Producer(self._channel, topology.exchange(), auto_declare=False)

    def publish(self, messages: Sequence[OutgoingMessage]) -> None:
        """Return when the broker has taken charge of all of them."""
        self._problem = ""
        with self._link.translating():
            for message in messages:
                # The broker counts in the same way (https://www.rabbitmq.com/docs/confirms).
                self._last_tag += 1
                self._awaited.add(self._last_tag)
                self._producer.publish(
                    message.body,
                    routing_key=message.queue,
                    mandatory=message.required,
                    content_type=message.content_type,
                    content_encoding=message.content_encoding,
                    delivery_mode=2 if self._persistent else 1,
                    priority=self._priority,
                    headers=dict(message.headers),
                )
        deadline = time.monotonic() + _CONFIRM_SECONDS
        while self._awaited:
            left = deadline - time.monotonic()
            if left <= 0:
                raise BrokerUnavailable(
                    f"it has not confirmed {len(self._awaited)} messages within {_CONFIRM_SECONDS:g} s; "
                    "is it out of memory or disk space?"
                )
            self._link.wait(left)
        if self._problem:
            raise BrokerUnavailable(self._problem)

    def _confirm(self, delivery_tag: int, multiple: bool) -> None:  # noqa: FBT001 - the library's interface
        if multiple:
            self._awaited = {tag for tag in self._awaited if tag > delivery_tag}
        else:
            self._awaited.discard(delivery_tag)

    def _refuse(self, delivery_tag: int, multiple: bool) -> None:  # noqa: FBT001 - as above
        self._problem = "it did not take all messages"
        self._confirm(delivery_tag, multiple)

    def _return(self, error: Exception, _exchange: str, routing_key: str, _message: object) -> None:
        # It is confirmed as well, right after this.
        self._problem = f"it has no queue {routing_key}: {error}"
