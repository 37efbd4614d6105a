"""Wiring of the managers that hand jobs to a DRMAA library."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from pulsar_runtime.config.schema import QueuedDrmaa, QueuedExternalDrmaa
from pulsar_runtime.domain.ids import ExternalId, ManagerName
from pulsar_runtime.managers.batch.commands import ReactorCommands
from pulsar_runtime.managers.drmaa.client import SessionClient
from pulsar_runtime.managers.drmaa.door import Refused, SessionDoor, Taken
from pulsar_runtime.managers.drmaa.library import find
from pulsar_runtime.managers.drmaa.manager import DrmaaManager, MakeDoor
from pulsar_runtime.managers.drmaa.user_door import UserDoor
from pulsar_runtime.ports import Reactor

#: What the library sees of our environment; a native specification may hand it to jobs.
_VARIABLES = (
    *("DRMAA_", "GLIBC_TUNABLES", "HOME", "LANG", "LC_", "LD_LIBRARY_PATH", "LOGNAME", "PATH", "USER"),
    "PYTHONPATH",
    *("LSB_", "LSF_", "PBS_", "SGE_", "SLURM_"),
)


def drmaa_problems(config: QueuedDrmaa | QueuedExternalDrmaa, environ: Mapping[str, str]) -> Iterator[str]:
    """Say what keeps this configuration from being used on this machine, each with its key."""
    library = _library(config, environ)
    if library is None:
        yield (
            "type: there is no DRMAA library on this machine; install the batch system's, such as "
            "gridengine-drmaa1.0 (Debian, Ubuntu), or name it in drmaa_library_path"
        )
    elif "/" in library and not Path(library).is_file():
        yield f"drmaa_library_path: {library} is not there"
    if isinstance(config, QueuedExternalDrmaa):
        yield from _real_user_problems(config, environ)


def drmaa_manager(
    config: QueuedDrmaa | QueuedExternalDrmaa,
    *,
    name: ManagerName,
    records: Path,
    reactor: Reactor,
    changed: Callable[[ExternalId], None],
    environ: Mapping[str, str],
) -> DrmaaManager:
    """Make the manager of a configuration without problems."""
    visible = {key: value for key, value in environ.items() if key.startswith(_VARIABLES)}
    door: MakeDoor = SessionDoor
    if isinstance(config, QueuedExternalDrmaa):
        door = partial(_user_door, config, reactor, visible)
    return DrmaaManager(
        library=_library(config, environ) or "libdrmaa.so",
        state=records.parent / f"drmaa-session-{name}",
        records=records,
        reactor=reactor,
        changed=changed,
        environ=visible,
        native_specification=config.native_specification,
        name_template=config.job_name_template,
        door=door,
    )


def _user_door(
    config: QueuedExternalDrmaa,
    reactor: Reactor,
    environ: Mapping[str, str],
    _session: SessionClient,
    taken: Taken,
    refused: Refused,
) -> UserDoor:
    script = config.user_mapping_script
    return UserDoor(
        launcher=str(config.launcher),
        mapping=None if script is None else str(script),
        commands=ReactorCommands(reactor, environ=environ),
        mapping_commands=ReactorCommands(reactor, environ=environ, limit_seconds=config.user_mapping_timeout),
        taken=taken,
        refused=refused,
    )


def _real_user_problems(config: QueuedExternalDrmaa, environ: Mapping[str, str]) -> Iterator[str]:
    if shutil.which("sudo", path=environ.get("PATH")) is None:
        yield "type: sudo cannot be found on this machine; install sudo"
    for key in ("launcher", "user_mapping_script"):
        program: Path | None = getattr(config, key)
        if program is not None and not os.access(program, os.X_OK):
            yield f"{key}: {program} is not there, or is no program"
    for directory in (config.staging_directory, *config.staging_directory.parents):
        if directory.is_dir() and not directory.stat().st_mode & stat.S_IXOTH:
            yield f"staging_directory: users must be able to pass through {directory}: chmod o+x {directory}"


def _library(config: QueuedDrmaa | QueuedExternalDrmaa, environ: Mapping[str, str]) -> str | None:
    configured = config.drmaa_library_path or environ.get("DRMAA_LIBRARY_PATH")
    return find(str(configured) if configured else None)
