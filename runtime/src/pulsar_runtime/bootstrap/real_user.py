"""Wiring of the managers whose jobs run as the users who asked for them."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import attrs

from pulsar_runtime.bootstrap.surroundings import ManagerSurroundings
from pulsar_runtime.config.schema import ManagerConfig
from pulsar_runtime.managers.batch.commands import ReactorCommands
from pulsar_runtime.managers.real_user.errands import Errands
from pulsar_runtime.managers.real_user.manager import RealUserManager
from pulsar_runtime.managers.real_user.sudo import Sudo
from pulsar_runtime.managers.real_user.users import Users
from pulsar_runtime.ports import JobManager

#: A job's directory may hold very many files.
_LONGEST_HAND_OVER_SECONDS = 600.0

#: What the mapping script sees of our environment; of sudo's, the launcher sees nothing.
_VARIABLES = ("HOME", "LANG", "LC_", "LOGNAME", "PATH", "USER")


def real_user_problems(config: ManagerConfig, environ: Mapping[str, str]) -> Iterator[str]:
    """Say what keeps jobs from running as their users on this machine, each with its key."""
    if getattr(config, "shell_plugin", "LocalShell") != "LocalShell":
        yield "real_users: works with commands on this machine alone: remove the keys shell_*"
    if getattr(config, "slurmrestd_url", None) is not None:
        yield "real_users: works with Slurm's commands alone: remove the keys slurmrestd_*"
    if shutil.which("sudo", path=environ.get("PATH")) is None:
        yield "type: sudo cannot be found on this machine; install sudo"
    for key in ("launcher", "user_mapping_script"):
        program: Path | None = getattr(config, key)
        if program is not None and not os.access(program, os.X_OK):
            yield f"{key}: {program} is not there, or is no program"
    for directory in (config.staging_directory, *config.staging_directory.parents):
        if directory.is_dir() and not directory.stat().st_mode & stat.S_IXOTH:
            yield f"staging_directory: users must be able to pass through {directory}: chmod o+x {directory}"


def real_user_manager(
    config: ManagerConfig,
    around: ManagerSurroundings,
    manager: Callable[[ManagerConfig, ManagerSurroundings], JobManager],
) -> RealUserManager:
    """Make the manager of a configuration without problems, around the one that *manager* makes."""
    environ = {name: value for name, value in around.environ.items() if name.startswith(_VARIABLES)}
    sudo = Sudo(str(config.launcher))
    script = config.user_mapping_script
    mapping = ReactorCommands(around.reactor, environ=environ, limit_seconds=config.user_mapping_timeout)
    return RealUserManager(
        make=lambda changed: manager(config, attrs.evolve(around, changed=changed, sudo=sudo)),
        sudo=sudo,
        users=Users(mapping=None if script is None else str(script), errands=Errands(mapping)),
        errands=Errands(
            ReactorCommands(around.reactor, environ=environ, limit_seconds=_LONGEST_HAND_OVER_SECONDS)
        ),
        reactor=around.reactor,
        changed=around.changed,
    )
