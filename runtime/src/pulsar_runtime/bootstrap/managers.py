"""Wiring of the managers, by their types; what only one type needs is imported for it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pulsar_runtime.bootstrap.surroundings import ManagerSurroundings
from pulsar_runtime.config.schema import (
    Config,
    ManagerConfig,
    QueuedCli,
    QueuedCondor,
    QueuedDrmaa,
    QueuedExternalDrmaa,
    QueuedPython,
    QueuedSlurm,
    Unqueued,
)
from pulsar_runtime.domain.errors import ConfigError
from pulsar_runtime.managers.batch.commands import ReactorCommands
from pulsar_runtime.managers.local import LocalManager
from pulsar_runtime.managers.real_user.user_processes import UserProcesses
from pulsar_runtime.ports import JobManager


def check_managers(config: Config, environ: Mapping[str, str]) -> None:
    """Raise `ConfigError` with all that keeps managers from working on this machine."""
    problems = tuple(
        f"managers.{name}.{problem}"
        for name, manager in config.managers.items()
        for problem in _problems(manager, config.persistence_directory, environ)
    )
    if problems:
        raise ConfigError("configuration", problems)


def _problems(config: ManagerConfig, directory: Path, environ: Mapping[str, str]) -> Iterator[str]:
    yield from _problems_of_type(config, directory, environ)
    if config.real_users:
        from pulsar_runtime.bootstrap.real_user import real_user_problems  # noqa: PLC0415 - few sites have it

        yield from real_user_problems(config, environ)


def _problems_of_type(config: ManagerConfig, directory: Path, environ: Mapping[str, str]) -> Iterable[str]:
    match config:
        case QueuedPython() | Unqueued():
            return ()
        case QueuedCli() | QueuedSlurm():
            from pulsar_runtime.bootstrap.batch import batch_problems  # noqa: PLC0415 - of this type

            return batch_problems(config, directory, environ)
        case QueuedCondor():
            from pulsar_runtime.bootstrap.condor import condor_problems  # noqa: PLC0415 - of this type

            return condor_problems(config, environ)
        case QueuedDrmaa() | QueuedExternalDrmaa():
            from pulsar_runtime.bootstrap.drmaa import drmaa_problems  # noqa: PLC0415 - of this type

            return drmaa_problems(config, environ)


def job_manager(config: ManagerConfig, around: ManagerSurroundings) -> JobManager:
    """Make the manager that *config* describes."""
    if not config.real_users:
        return _manager_of_type(config, around)
    from pulsar_runtime.bootstrap.real_user import real_user_manager  # noqa: PLC0415 - few sites have it

    return real_user_manager(config, around, _manager_of_type)


def _manager_of_type(config: ManagerConfig, around: ManagerSurroundings) -> JobManager:
    match config:
        case QueuedPython() | Unqueued():
            return LocalManager(
                limit=_limit(config),
                records=around.records,
                reactor=around.reactor,
                changed=around.changed,
                environ=around.environ,
                user_processes=_user_processes(around),
            )
        case QueuedCli() | QueuedSlurm():
            from pulsar_runtime.bootstrap.batch import batch_manager  # noqa: PLC0415 - of this type

            return batch_manager(config, around)
        case QueuedCondor():
            from pulsar_runtime.bootstrap.condor import condor_manager  # noqa: PLC0415 - of this type

            return condor_manager(config, around)
        case QueuedDrmaa() | QueuedExternalDrmaa():
            from pulsar_runtime.bootstrap.drmaa import drmaa_manager  # noqa: PLC0415 - of this type

            return drmaa_manager(config, around)


def _user_processes(around: ManagerSurroundings) -> UserProcesses | None:
    if around.sudo is None:
        return None
    path = {name: value for name, value in around.environ.items() if name == "PATH"}
    return UserProcesses(around.sudo, ReactorCommands(around.reactor, environ=path))


def _limit(config: QueuedPython | Unqueued) -> int | None:
    if isinstance(config, Unqueued):
        return None
    if config.num_concurrent_jobs == "*":
        # What this process may use, not what the machine has.
        return len(os.sched_getaffinity(0))
    return config.num_concurrent_jobs
