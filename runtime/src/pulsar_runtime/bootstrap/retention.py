"""Wiring of the removal of ended jobs."""

from __future__ import annotations

import time

from pulsar_runtime.application.retention import Retention
from pulsar_runtime.config import schema
from pulsar_runtime.ports import JobStore
from pulsar_runtime.store.job_files import JobDirectories

_DAY_SECONDS = 24 * 60 * 60.0


def retention(rules: schema.Retention, store: JobStore) -> Retention:
    """Wire the removal of ended jobs; those of managers that are no longer configured are removed too."""
    return Retention(
        store=store,
        files=JobDirectories(),
        clock=time.time,
        longest_seconds=None if rules.days is None else rules.days * _DAY_SECONDS,
        minimum_free_bytes=rules.minimum_free_mb << 20,
    )
