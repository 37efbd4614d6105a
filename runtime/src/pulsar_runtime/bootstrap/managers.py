"""Wiring of the managers, by their types; what only one type needs is imported for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import attrs

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
from pulsar_runtime.domain.ids import ExternalId, ManagerName
from pulsar_runtime.managers.local import LocalManager
from pulsar_runtime.ports import JobManager, Reactor


@attrs.frozen(kw_only=True)
class ManagerSurroundings:
    """What every manager is given, whatever its type."""

    name: ManagerName
    #: A small file for each launch, out of the jobs' reach; those that nobody follows are swept away.
    records: Path
    reactor: Reactor
    #: Told the id of a job whose observation changed.
    changed: Callable[[ExternalId], None]
    environ: Mapping[str, str]


def check_managers(config: Config, environ: Mapping[str, str]) -> None:
    """Raise `ConfigError` with all that keeps managers from working on this machine."""
    problems = tuple(
        f"managers.{name}.{problem}"
        for name, manager in config.managers.items()
        for problem in _problems(manager, config.persistence_directory, environ)
    )
    if problems:
        raise ConfigError("configuration", problems)


def _problems(config: ManagerConfig, directory: Path, environ: Mapping[str, str]) -> Iterable[str]:
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
    match config:
        case QueuedPython() | Unqueued():
            return LocalManager(
                limit=_limit(config),
                records=around.records,
                reactor=around.reactor,
                changed=around.changed,
                environ=around.environ,
            )
        case QueuedCli() | QueuedSlurm():
            from pulsar_runtime.bootstrap.batch import batch_manager  # noqa: PLC0415 - of this type

            return batch_manager(
                config,
                records=around.records,
                reactor=around.reactor,
                changed=around.changed,
                environ=around.environ,
            )
        case QueuedCondor():
            from pulsar_runtime.bootstrap.condor import condor_manager  # noqa: PLC0415 - of this type

            return condor_manager(
                config,
                records=around.records,
                reactor=around.reactor,
                changed=around.changed,
                environ=around.environ,
            )
        case QueuedDrmaa() | QueuedExternalDrmaa():
            from pulsar_runtime.bootstrap.drmaa import drmaa_manager  # noqa: PLC0415 - of this type

            return drmaa_manager(
                config,
                name=around.name,
                records=around.records,
                reactor=around.reactor,
                changed=around.changed,
                environ=around.environ,
            )


def _limit(config: QueuedPython | Unqueued) -> int | None:
    if isinstance(config, Unqueued):
        return None
    if config.num_concurrent_jobs == "*":
        # What this process may use, not what the machine has.
        return len(os.sched_getaffinity(0))
    return config.num_concurrent_jobs
