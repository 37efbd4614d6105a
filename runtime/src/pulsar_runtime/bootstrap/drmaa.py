"""Wiring of the managers that hand jobs to a DRMAA library."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from pulsar_runtime.bootstrap.surroundings import ManagerSurroundings
from pulsar_runtime.config.schema import QueuedDrmaa, QueuedExternalDrmaa
from pulsar_runtime.managers.batch.commands import Commands, ReactorCommands
from pulsar_runtime.managers.drmaa.client import SessionClient
from pulsar_runtime.managers.drmaa.door import Refused, SessionDoor, Taken
from pulsar_runtime.managers.drmaa.library import find
from pulsar_runtime.managers.drmaa.manager import DrmaaManager, MakeDoor
from pulsar_runtime.managers.drmaa.user_door import UserDoor
from pulsar_runtime.managers.real_user.sudo import Sudo

#: What the library sees of our environment; a native specification may hand it to jobs.
_VARIABLES = (
    *("DRMAA_", "GLIBC_TUNABLES", "HOME", "LANG", "LC_", "LD_LIBRARY_PATH", "LOGNAME", "PATH", "USER"),
    "PYTHONPATH",
    *("LSB_", "LSF_", "PBS_", "SGE_", "SLURM_"),
)


def drmaa_problems(config: QueuedDrmaa | QueuedExternalDrmaa, environ: Mapping[str, str]) -> Iterator[str]:
    """Say what keeps this configuration from being used on this machine, each with its key."""
    if isinstance(config, QueuedExternalDrmaa) and not config.real_users:
        yield "real_users: must stay true; with queued_drmaa, jobs run as the server's user"
    library = _library(config, environ)
    if library is None:
        yield (
            "type: there is no DRMAA library on this machine; install the batch system's, such as "
            "gridengine-drmaa1.0 (Debian, Ubuntu), or name it in drmaa_library_path"
        )
    elif "/" in library and not Path(library).is_file():
        yield f"drmaa_library_path: {library} is not there"


def drmaa_manager(config: QueuedDrmaa | QueuedExternalDrmaa, around: ManagerSurroundings) -> DrmaaManager:
    """Make the manager of a configuration without problems."""
    visible = {key: value for key, value in around.environ.items() if key.startswith(_VARIABLES)}
    library = _library(config, around.environ) or "libdrmaa.so"
    door: MakeDoor = SessionDoor
    if around.sudo is not None:
        commands = ReactorCommands(around.reactor, environ=visible)
        door = partial(_user_door, around.sudo, library, commands)
    return DrmaaManager(
        library=library,
        state=around.records.parent / f"drmaa-session-{around.name}",
        records=around.records,
        reactor=around.reactor,
        changed=around.changed,
        outages=around.outages,
        environ=visible,
        native_specification=config.native_specification,
        name_template=config.job_name_template,
        door=door,
    )


def _user_door(
    sudo: Sudo, library: str, commands: Commands, _session: SessionClient, taken: Taken, refused: Refused
) -> UserDoor:
    return UserDoor(sudo=sudo, library=library, commands=commands, taken=taken, refused=refused)


def _library(config: QueuedDrmaa | QueuedExternalDrmaa, environ: Mapping[str, str]) -> str | None:
    configured = config.drmaa_library_path or environ.get("DRMAA_LIBRARY_PATH")
    return find(str(configured) if configured else None)
