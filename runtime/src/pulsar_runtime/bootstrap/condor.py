"""Wiring of the managers that hand jobs to HTCondor."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping

from pulsar_runtime.bootstrap.surroundings import ManagerSurroundings
from pulsar_runtime.config.schema import QueuedCondor
from pulsar_runtime.managers.batch.commands import ReactorCommands
from pulsar_runtime.managers.condor.manager import CondorManager
from pulsar_runtime.managers.condor.queue import COMMANDS
from pulsar_runtime.managers.condor.submit_description import setting_problems
from pulsar_runtime.managers.keeper import job_environment

#: What commands see of our environment; ``submit_getenv`` would hand it to jobs.
_VARIABLES = (
    "CONDOR_",
    "_CONDOR_",
    "HOME",
    "LANG",
    "LC_",
    "LD_LIBRARY_PATH",
    "LOGNAME",
    "PATH",
    "USER",
    "X509_",
)

#: Where a job's files may be temporary is for its slot to say.
_NOT_FOR_JOBS = "TMPDIR"


def condor_problems(config: QueuedCondor, environ: Mapping[str, str]) -> Iterator[str]:
    """Say what keeps this configuration from being used on this machine, each with its key."""
    yield from setting_problems(config.submit_settings)
    missing = [name for name in COMMANDS if shutil.which(name, path=environ.get("PATH")) is None]
    if missing:
        yield (
            f"type: {', '.join(missing)} cannot be found on this machine; install htcondor (Debian, Ubuntu) "
            "or condor (EL), and make it a submit host"
        )


def condor_manager(config: QueuedCondor, around: ManagerSurroundings) -> CondorManager:
    """Make the manager of a configuration without problems."""
    visible = {name: value for name, value in around.environ.items() if name.startswith(_VARIABLES)}
    usual = {name: value for name, value in job_environment(around.environ).items() if name != _NOT_FOR_JOBS}
    settings = config.submit_settings
    if around.sudo is not None:
        # It is the user's own where the job is submitted.
        del usual["HOME"]
        settings = {"getenv": "HOME", **settings}
    return CondorManager(
        commands=ReactorCommands(around.reactor, environ=visible),
        host=around.host,
        records=around.records,
        reactor=around.reactor,
        changed=around.changed,
        outages=around.outages,
        settings=settings,
        environment=usual,
        name_template=config.job_name_template,
    )
