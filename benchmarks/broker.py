"""The broker at which a server and Galaxy meet: Debian's RabbitMQ, as the tests run it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
from amqp.exceptions import NotFound

from runtime.tests.broker import Broker, running_broker

#: Of the manager ``_default_`` (protocol section 6.1).
QUEUE_PREFIX = "pulsar__"


@attrs.frozen
class MessageBroker:
    """A broker that runs."""

    broker: Broker

    @property
    def url(self) -> str:
        """Where it is reached, with user and password."""
        return self.broker.url

    def has_consumer(self, name: str) -> bool:
        """Say whether somebody takes messages from a queue."""
        with self.broker.connection() as connection:
            try:
                declared = connection.default_channel.queue_declare(QUEUE_PREFIX + name, passive=True)
            except NotFound:
                return False
            return bool(declared.consumer_count)


@contextmanager
def running(directory: Path) -> Iterator[MessageBroker]:
    """Run a broker that keeps its files in a new directory, for as long as the block lasts."""
    with running_broker(directory) as broker:
        yield MessageBroker(broker)
