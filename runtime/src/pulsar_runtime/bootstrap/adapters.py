"""Adapters that more than one process uses, made from the configuration; none is opened yet."""

from __future__ import annotations

from collections.abc import Callable

from pulsar_runtime.config.schema import Config, ManagerConfig
from pulsar_runtime.store.job_files import JobDirectories
from pulsar_runtime.store.job_store import SqliteJobStore

#: Closed to everyone else, unless ``job_directory_mode`` says otherwise.
_CLOSED_MODE = 0o700


def umask(config: Config) -> int:
    """Return the umask for all files: what no ``job_directory_mode`` opens is closed."""
    opened = _CLOSED_MODE
    for manager in config.managers.values():
        opened |= manager.job_directory_mode or 0
    return 0o777 & ~opened


def job_store(config: Config, announced: Callable[[], None] = lambda: None) -> SqliteJobStore:
    """Return the job store; *announced* is called when it has something for those who tell clients."""
    return SqliteJobStore(config.persistence_directory, announced=announced)


def job_directories(config: Config, manager: ManagerConfig) -> JobDirectories:
    """Return access to the job directories of one manager."""
    return JobDirectories(
        mode=manager.job_directory_mode or _CLOSED_MODE,
        minimum_free_bytes=config.disk.minimum_free_mb * 1024 * 1024,
    )
