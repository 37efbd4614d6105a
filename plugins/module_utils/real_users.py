"""Managers whose jobs run as the users who asked for them, and what the launcher may do for them.

Private to the collection, for the filters of the role ``pulsar``. The launcher's own description of its file
is in ``runtime/src/pulsar_runtime/managers/real_user/launcher.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

#: Where the role installs what other users run.
LIBRARY = "/usr/local/lib/pulsar-runtime"

#: Commands that submit and end jobs, by what a site writes as ``job_plugin``.
COMMANDS: Mapping[str, tuple[str, str]] = {
    "GridEngine": ("qsub", "qdel"),
    "LSF": ("bsub", "bkill"),
    "OpenPBS": ("qsub", "qdel"),
    "PBSPro": ("qsub", "qdel"),
    "Slurm": ("sbatch", "scancel"),
    "SlurmTorque": ("sbatch", "scancel"),
    "Torque": ("qsub", "qdel"),
}

#: The same, by types of managers that speak to one system alone.
COMMANDS_OF_TYPE: Mapping[str, tuple[str, str]] = {
    "queued_condor": ("condor_submit", "condor_rm"),
    "queued_slurm": COMMANDS["Slurm"],
}

#: Jobs on the host itself.
LOCAL = frozenset({"queued_python", "unqueued"})

#: Becomes a job, with the environment that jobs of the server's user have; its processes carry a mark.
START = (
    'export PULSAR_RUNTIME_LAUNCH="$1" LC_CTYPE=C.UTF-8 TMPDIR="${TMPDIR-/tmp}"; '
    'cd -- "$2" && exec /bin/bash "$3"'
)

ALWAYS = "queued_external_drmaa"
DRMAA = frozenset({ALWAYS, "queued_drmaa"})

#: Grid Engine's DRMAA library needs it at the start of a process that loads the library late:
#: https://www.gnu.org/software/libc/manual/html_node/Dynamic-Linking-Tunables.html
ROOM = "GLIBC_TUNABLES=glibc.rtld.optional_static_tls=4096"

Settings = Mapping[str, Any]


def real_user_managers(managers: Settings) -> dict[str, Settings]:
    """Return the managers whose jobs run as their users, by their names."""
    given = {name: manager for name, manager in managers.items() if isinstance(manager, Mapping)}
    return {
        name: manager
        for name, manager in given.items()
        if manager.get("type") == ALWAYS or boolean(manager.get("real_users", False), strict=False)
    }


def launcher_grant(
    managers: Settings, *, agent: str, staging: Iterable[str], environment: Settings, python: str
) -> dict[str, Any] | None:
    """Return what the launcher may do for one instance, if it needs a launcher and brings none itself."""
    served = [manager for manager in real_user_managers(managers).values() if not manager.get("launcher")]
    if not served:
        return None
    programs: dict[str, list[str]] = {}
    for manager in served:
        programs |= _programs(manager, python)
    return {
        "agent": agent,
        "staging": sorted(staging),
        "programs": programs,
        "environment": {name: str(value) for name, value in environment.items()},
    }


def _programs(manager: Settings, python: str) -> dict[str, list[str]]:
    kind = manager.get("type", "queued_python")
    if kind in DRMAA:
        return {"drmaa": ["/usr/bin/env", ROOM, *_module("pulsar_runtime.managers.drmaa.once", python)]}
    if kind in LOCAL:
        return {
            "job": ["/bin/sh", "-c", START, "pulsar-job"],
            "end": ["/usr/bin/env", *_module("pulsar_runtime.managers.processes", python)],
        }
    commands = COMMANDS.get(manager.get("job_plugin", ""), ())
    return {command: [command] for command in COMMANDS_OF_TYPE.get(kind, commands)}


def _module(name: str, python: str) -> list[str]:
    """Return the command that runs a module of `LIBRARY`, and looks for others nowhere but there."""
    return [f"PYTHONPATH={LIBRARY}", python, "-sP", "-m", name]
