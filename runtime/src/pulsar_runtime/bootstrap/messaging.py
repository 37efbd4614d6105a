"""Wiring of the agent's part by messages."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from pulsar_runtime.application.admission import Admission
from pulsar_runtime.application.correspondence import Correspondence
from pulsar_runtime.bootstrap import adapters
from pulsar_runtime.bootstrap.broker import broker_settings, topology_of
from pulsar_runtime.bootstrap.service import job_service
from pulsar_runtime.config.schema import Config
from pulsar_runtime.messaging.alarm import Alarm
from pulsar_runtime.messaging.announcer import Announcer
from pulsar_runtime.messaging.consumer import Consumed, Consumer
from pulsar_runtime.messaging.handler import MessageHandler
from pulsar_runtime.messaging.link import Link
from pulsar_runtime.messaging.publisher import ConfirmingPublisher
from pulsar_runtime.messaging.standing_connection import StandingConnection
from pulsar_runtime.messaging.topology import Topology
from pulsar_runtime.protocol.messages import Queue
from pulsar_runtime.store.outbox import SqliteOutbox


class Messaging:
    """The agent's part by messages; making it reads the broker's URL, and opens nothing else.

    Raises `ConfigError` when a file that it names cannot be used.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._settings = broker_settings(config)
        self._outbox_alarm = Alarm()

    def announced(self) -> None:
        """Hear that there is something in the outbox."""
        self._outbox_alarm.ring()

    @contextmanager
    def exchanged(self) -> Iterator[None]:
        """Exchange messages with the broker for as long as the block lasts."""
        config, topology = self._config, topology_of(self._config)
        connections = []
        if config.message_queue_consume:
            consumer = _consumer(config, topology, self.announced)
            connections.append(StandingConnection("consumer", self._settings, consumer.serve, Alarm()))
        if config.message_queue_publish:
            announcer = _announcer(config, topology, self.announced)
            connections.append(
                StandingConnection("publisher", self._settings, announcer.serve, self._outbox_alarm)
            )
        for connection in connections:
            connection.start()
        try:
            yield
        finally:
            for connection in connections:
                connection.stop()


def _consumer(config: Config, topology: Topology, announced: Callable[[], None]) -> Consumer:
    # Connections to the store of its own, for it is a thread of its own.
    store = adapters.job_store(config)
    outbox = SqliteOutbox(config.persistence_directory, announced)
    files = {name: adapters.job_directories(config, manager) for name, manager in config.managers.items()}
    kinds = [Queue.SETUP, Queue.KILL, Queue.STATUS]
    if config.amqp_acknowledge:
        kinds.append(Queue.STATUS_UPDATE_ACK)
    return Consumer(
        handler=MessageHandler(
            use_cases=Correspondence(
                service=job_service(config, store, files), outbox=outbox, clock=time.time
            ),
            inbox=outbox,
            outbox=outbox,
            admission=Admission(store=store, most_active_jobs=config.messages.most_active_jobs),
        ),
        topology=topology,
        publisher=partial(_publisher, config, topology),
        queues=tuple(Consumed(name, kind) for name in config.managers for kind in kinds),
        prefetch=config.messages.prefetch,
    )


def _announcer(config: Config, topology: Topology, announced: Callable[[], None]) -> Announcer:
    store = adapters.job_store(config)
    files = {name: adapters.job_directories(config, manager) for name, manager in config.managers.items()}
    return Announcer(
        service=job_service(config, store, files),
        outbox=SqliteOutbox(config.persistence_directory, announced),
        topology=topology,
        publisher=partial(_publisher, config, topology),
        repeat_seconds=config.amqp_ack_republish_time if config.amqp_acknowledge else None,
        look_seconds=config.status_outbox_drain_interval,
    )


def _publisher(config: Config, topology: Topology, link: Link) -> ConfirmingPublisher:
    persistent = config.amqp_durable and config.amqp_publish_delivery_mode == "persistent"
    return ConfirmingPublisher(link, topology, persistent=persistent, priority=config.amqp_publish_priority)
