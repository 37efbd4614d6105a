"""Wiring of the figures."""

from __future__ import annotations

import time

from pulsar_runtime.application.metrics import Metrics
from pulsar_runtime.config.schema import Config, QueuedPython, Unqueued
from pulsar_runtime.ports import JobStore
from pulsar_runtime.store.doorbell import SocketDoorbell
from pulsar_runtime.store.outages import SqliteOutages
from pulsar_runtime.store.outbox import SqliteOutbox


def metrics(config: Config, store: JobStore) -> Metrics:
    """Wire the figures; opens nothing."""
    directory = config.persistence_directory
    return Metrics(
        store=store,
        outbox=SqliteOutbox(directory, lambda: None),
        outages=SqliteOutages(directory),
        agent_runs=SocketDoorbell(directory).answered,
        managers=[*config.managers],
        schedulers=[
            name
            for name, manager in config.managers.items()
            if not isinstance(manager, QueuedPython | Unqueued)
        ],
        clock=time.time,
    )
