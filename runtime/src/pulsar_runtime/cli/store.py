"""The job store of a configuration, for the commands that look into it."""

from __future__ import annotations

from pulsar_runtime.bootstrap.adapters import job_store
from pulsar_runtime.config.schema import Config
from pulsar_runtime.domain.errors import StoreError
from pulsar_runtime.store.database import FILE_NAME
from pulsar_runtime.store.job_store import SqliteJobStore


def opened_store(config: Config) -> SqliteJobStore:
    """Open the job store; raises `StoreError`, also when there is none: looking must not make one."""
    file = config.persistence_directory / FILE_NAME
    if not file.exists():
        raise StoreError(f"there is no job store {file}: is this the server's configuration?")
    store = job_store(config)
    store.open()
    return store
