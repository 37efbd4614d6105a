"""Taking messages from the broker."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

import attrs
import kombu

from pulsar_runtime.domain.announcement import OutgoingMessage
from pulsar_runtime.domain.ids import ManagerName
from pulsar_runtime.messaging.handler import Dead, Delivery, Done, Later, MessageHandler, Outcome, UnknownYet
from pulsar_runtime.messaging.link import Link
from pulsar_runtime.messaging.topology import Topology
from pulsar_runtime.ports import MessagePublisher
from pulsar_runtime.protocol.messages import Queue

logger = logging.getLogger(__name__)

#: Pause before what cannot be done now is tried again.
_RETRY_SECONDS = 2.0
_IDLE_SECONDS = 60.0

_DEAD_SUFFIX = "_dead"


@attrs.frozen
class Consumed:
    """A queue, and what its messages are about."""

    manager: ManagerName
    queue: Queue


@attrs.frozen
class Received:
    """A message that waits for its acknowledgement."""

    delivery: Delivery
    message: Any


@attrs.frozen(kw_only=True)
class Consumer:
    """Hands messages to the handler, one after the other, and acknowledges them as it says."""

    handler: MessageHandler
    topology: Topology
    publisher: Callable[[Link], MessagePublisher]
    queues: tuple[Consumed, ...]
    #: How many setup messages of each manager are on their way to us at a time.
    prefetch: int

    def serve(self, link: Link) -> None:
        """Consume over *link* until it breaks."""
        self.topology.declare(link, [self.name(consumed) for consumed in self.queues])
        turns = _Turns(self, link)
        while True:
            turns.next()

    def of_jobs(self) -> list[Consumed]:
        """Return the queues that jobs come through."""
        return [one for one in self.queues if one.queue is Queue.SETUP]

    def name(self, consumed: Consumed) -> str:
        """Return what the broker calls a queue."""
        return self.topology.queue_name(consumed.manager, consumed.queue)


class _Turns:
    """What a consumer does on one connection; all of it is lost with the connection."""

    def __init__(self, consumer: Consumer, link: Link) -> None:
        self._consumer = consumer
        self._link = link
        self._arrived: deque[Received] = deque()
        #: Acknowledged later: their jobs may be on the way, or the store was busy.
        self._deferred: list[Received] = []
        #: None while no jobs are taken.
        self._setup_channel: Any = None
        self._resume_at = 0.0
        #: Why none are, or were until the last one was.
        self._refusal = ""
        self._publisher: MessagePublisher | None = None
        self._control_channel = link.channel()
        # No limit: a message to end a job must not wait behind others.
        self._consume(self._control_channel, [one for one in consumer.queues if one.queue is not Queue.SETUP])

    def next(self) -> None:
        """Take up setup messages if they may be, wait for messages, and deal with those that came."""
        if self._setup_channel is None and time.monotonic() >= self._resume_at:
            self._resume()
        self._link.wait(_RETRY_SECONDS if self._deferred or self._setup_channel is None else _IDLE_SECONDS)
        self._deal_with_arrived()
        self._look_at_deferred()

    def _resume(self) -> None:
        if refusal := self._consumer.handler.admission.refusal():
            self._pause(refusal)
            return
        channel = self._link.channel()
        with self._link.translating():
            channel.basic_qos(0, self._consumer.prefetch, False)  # noqa: FBT003 - the library's interface
        self._consume(channel, self._consumer.of_jobs())
        self._setup_channel = channel

    def _pause(self, reason: str) -> None:
        """Leave setup messages to the broker for a while."""
        if reason != self._refusal:
            logger.warning("taking no jobs from the broker: %s", reason, extra={"action": "messages_paused"})
        self._refusal = reason
        self._resume_at = time.monotonic() + _RETRY_SECONDS
        if self._setup_channel is not None:
            channel, self._setup_channel = self._setup_channel, None
            # All that was not acknowledged goes back to its place in the queue.
            with self._link.translating():
                channel.close()
            self._arrived = deque(one for one in self._arrived if not self._gone_back(one))
            self._deferred = [one for one in self._deferred if not self._gone_back(one)]

    def _gone_back(self, received: Received) -> bool:
        """Tell whether the broker has the message again."""
        return received.delivery.queue is Queue.SETUP and self._setup_channel is None

    def _consume(self, channel: Any, queues: list[Consumed]) -> None:  # noqa: ANN401 - kombu is not typed
        with self._link.translating():
            for consumed in queues:
                queue = self._consumer.topology.queue(self._consumer.name(consumed))
                kombu.Consumer(
                    channel,
                    [queue],
                    on_message=partial(self._receive, consumed),
                    auto_declare=False,
                ).consume()

    def _receive(self, consumed: Consumed, message: Any) -> None:  # noqa: ANN401 - kombu is not typed
        body = message.body
        self._arrived.append(
            Received(
                Delivery(
                    manager=consumed.manager,
                    queue=consumed.queue,
                    # The library has decoded what says that it is text, if it could.
                    body=body.encode() if isinstance(body, str) else bytes(body),
                    content_type=message.content_type,
                    content_encoding=message.content_encoding,
                    again=bool(message.delivery_info.get("redelivered")),
                ),
                message,
            )
        )

    def _deal_with_arrived(self) -> None:
        while self._arrived:
            received = self._arrived.popleft()
            self._settle(received, self._consumer.handler.handle(received.delivery))

    def _look_at_deferred(self) -> None:
        """Try again what could not be done; a job that is not on the way either is unknown for good."""
        if not self._deferred:
            return
        known_to_all = self._setup_channel is not None and self._nothing_on_the_way()
        # Those that came just now may be what the deferred ones wait for.
        self._deal_with_arrived()
        deferred, self._deferred = self._deferred, []
        for received in deferred:
            if self._gone_back(received):
                continue
            outcome = self._consumer.handler.handle(received.delivery)
            if isinstance(outcome, UnknownYet) and known_to_all:
                outcome = self._consumer.handler.give_up(received.delivery)
            self._settle(received, outcome)

    def _nothing_on_the_way(self) -> bool:
        """Tell whether every setup message that the broker had has arrived here."""
        names = map(self._consumer.name, self._consumer.of_jobs())
        with self._link.translating():
            # On the channel that they arrive on: the answer comes after those that were sent before it.
            return not any(
                self._setup_channel.queue_declare(name, passive=True).message_count for name in names
            )

    def _settle(self, received: Received, outcome: Outcome) -> None:
        match outcome:
            case Done():
                self._acknowledge(received)
                if self._refusal and received.delivery.queue is Queue.SETUP:
                    logger.warning("taking jobs from the broker again", extra={"action": "messages_resumed"})
                    self._refusal = ""
            case Dead(reason):
                self._bury(received, reason)
            case Later(reason) if received.delivery.queue is Queue.SETUP:
                self._pause(reason)
            case Later() | UnknownYet():
                self._deferred.append(received)

    def _acknowledge(self, received: Received) -> None:
        with self._link.translating():
            received.message.ack()

    def _bury(self, received: Received, reason: str) -> None:
        """Put a message where a person can look at it."""
        queue = self._consumer.topology.queue_name(received.delivery.manager, received.delivery.queue)
        logger.error(
            "a message of queue %s went to %s%s: %s",
            queue,
            queue,
            _DEAD_SUFFIX,
            reason,
            extra={"action": "message_buried"},
        )
        if self._publisher is None:
            self._publisher = self._consumer.publisher(self._link)
        self._consumer.topology.declare(self._link, [queue + _DEAD_SUFFIX])
        self._publisher.publish(
            [
                OutgoingMessage(
                    queue=queue + _DEAD_SUFFIX,
                    body=received.delivery.body,
                    content_type=received.delivery.content_type or "",
                    content_encoding=received.delivery.content_encoding or "",
                    headers={"reason": reason, "queue": queue},
                )
            ]
        )
        self._acknowledge(received)
