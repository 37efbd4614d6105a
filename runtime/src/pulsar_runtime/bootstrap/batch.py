"""Wiring of the managers that speak to a batch system with its own commands."""

from __future__ import annotations

import getpass
import shlex
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from pulsar_runtime.bootstrap.slurmrestd import slurmrestd_host, slurmrestd_problems
from pulsar_runtime.bootstrap.surroundings import ManagerSurroundings
from pulsar_runtime.config.near_match import near_match
from pulsar_runtime.config.schema import QueuedCli, QueuedSlurm
from pulsar_runtime.managers.batch.commands import ReactorCommands
from pulsar_runtime.managers.batch.dialect import Dialect
from pulsar_runtime.managers.batch.dialects.registry import DIALECTS
from pulsar_runtime.managers.batch.host import LONGEST_CONTROL_DIRECTORY, Host, SshHost
from pulsar_runtime.managers.batch.manager import BatchManager, BatchSettings
from pulsar_runtime.managers.identity import instance_identity
from pulsar_runtime.managers.slurmrestd.host import DIALECT as SLURMRESTD

#: What commands see of our environment besides what their dialect names; a batch system may hand it to jobs.
_VARIABLES = ("HOME", "LANG", "LC_", "LD_LIBRARY_PATH", "LOGNAME", "PATH", "SSH_AUTH_SOCK", "USER")

_SECURE_SHELL = "SecureShell"
#: What belongs to it alone.
_SHELL_KEYS = ("shell_hostname", "shell_username", "shell_private_key", "shell_known_hosts")


def batch_problems(
    config: QueuedCli | QueuedSlurm, directory: Path, environ: Mapping[str, str]
) -> Iterator[str]:
    """Say what keeps this configuration from being used on this machine, each with its key."""
    plugin = _plugin(config)
    if plugin not in DIALECTS:
        hint = near_match(plugin, DIALECTS) or f"; known: {', '.join(DIALECTS)}"
        yield f"job_plugin: there is no batch system {plugin!r}{hint}"
        return
    dialect = _dialect(config)
    for name in config.job_options:
        if name not in dialect.options and not name.startswith("-"):
            known = [f"job_{option}" for option in dialect.options]
            hint = near_match(f"job_{name}", known) or f"; known: {', '.join(known)}"
            yield f"job_{name}: unknown key for {dialect.title}{hint}"
    yield from _shell_problems(config, directory)
    yield from _missing_commands(config, dialect, environ)
    if isinstance(config, QueuedSlurm):
        yield from slurmrestd_problems(config, [*_options(config, dialect)])


def _shell_problems(config: QueuedCli | QueuedSlurm, directory: Path) -> Iterator[str]:
    if not config.shell_strict_host_key_checking:
        yield "shell_strict_host_key_checking: must stay true; name the host's key in shell_known_hosts"
    if config.shell_plugin == _SECURE_SHELL and config.shell_hostname is None:
        yield f"shell_hostname: is missing; {_SECURE_SHELL} needs a host"
    if config.shell_plugin == _SECURE_SHELL and len(str(directory)) > LONGEST_CONTROL_DIRECTORY:
        yield f"shell_plugin: needs a persistence_directory of at most {LONGEST_CONTROL_DIRECTORY} characters"
    if config.shell_plugin != _SECURE_SHELL:
        for key in _SHELL_KEYS:
            if getattr(config, key) is not None:
                yield f"{key}: has no meaning without shell_plugin: {_SECURE_SHELL}"


def batch_manager(config: QueuedCli | QueuedSlurm, around: ManagerSurroundings) -> BatchManager:
    """Make the manager of a configuration without problems."""
    dialect = _dialect(config)
    visible = (*_VARIABLES, *dialect.variables)
    environ = {name: value for name, value in around.environ.items() if name.startswith(visible)}
    own_user = config.shell_username or getpass.getuser()
    return BatchManager(
        dialect=dialect,
        host=_remote_host(config, around.records.parent, environ) or around.host,
        user=own_user if around.sudo is None else None,
        identity=instance_identity(around.records.parent),
        records=around.records,
        reactor=around.reactor,
        commands=ReactorCommands(around.reactor, environ=environ),
        changed=around.changed,
        outages=around.outages,
        settings=BatchSettings(
            options=tuple(_options(config, dialect)),
            job_name_template=config.job_name_template,
            shortest_seconds=config.min_polling_interval,
            longest_seconds=config.max_polling_interval,
            grace_seconds=config.return_code_grace_seconds,
        ),
    )


def _dialect(config: QueuedCli | QueuedSlurm) -> Dialect:
    if isinstance(config, QueuedSlurm) and config.slurmrestd_url is not None:
        return SLURMRESTD
    return DIALECTS[_plugin(config)]


def _plugin(config: QueuedCli | QueuedSlurm) -> str:
    return config.job_plugin if isinstance(config, QueuedCli) else "Slurm"


def _options(config: QueuedCli | QueuedSlurm, dialect: Dialect) -> Iterator[str]:
    for name, value in config.job_options.items():
        option = dialect.options.get(name, name)
        # Long options and their values are one word, so that a value may begin with a dash.
        yield from [f"{option}={value}"] if option.startswith("--") else [option, value]
    yield from shlex.split(config.native_specification or "")


def _missing_commands(
    config: QueuedCli | QueuedSlurm, dialect: Dialect, environ: Mapping[str, str]
) -> Iterator[str]:
    secure = config.shell_plugin == _SECURE_SHELL
    needed = ("ssh",) if secure else dialect.commands
    missing = [name for name in needed if shutil.which(name, path=environ.get("PATH")) is None]
    if missing:
        packages = "openssh-client (Debian, Ubuntu) or openssh-clients (EL)" if secure else dialect.packages
        yield f"type: {', '.join(missing)} cannot be found on this machine; install {packages}"


def _remote_host(config: QueuedCli | QueuedSlurm, directory: Path, environ: Mapping[str, str]) -> Host | None:
    if isinstance(config, QueuedSlurm) and config.slurmrestd_url is not None:
        return slurmrestd_host(config, config.slurmrestd_url, environ)
    if config.shell_plugin != _SECURE_SHELL or config.shell_hostname is None:
        return None
    return SshHost(
        name=config.shell_hostname,
        control_directory=directory,
        user=config.shell_username,
        port=config.shell_port,
        private_key=config.shell_private_key,
        known_hosts=config.shell_known_hosts,
    )
