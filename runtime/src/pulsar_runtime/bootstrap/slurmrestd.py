"""Wiring of the way to Slurm by its REST API."""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Mapping, Sequence

from pulsar_runtime.config.schema import QueuedSlurm
from pulsar_runtime.domain.errors import SubmitRejected
from pulsar_runtime.managers.slurmrestd.endpoint import VERSIONS
from pulsar_runtime.managers.slurmrestd.host import SlurmrestdHost
from pulsar_runtime.managers.slurmrestd.job_description import job_description

#: Of the environment that commands see, what means nothing to a job elsewhere.
_NOT_FOR_JOBS = frozenset({"SSH_AUTH_SOCK"})


def slurmrestd_problems(config: QueuedSlurm, options: Sequence[str]) -> Iterator[str]:
    """Say what keeps this configuration, with *options* for every job, from being used, each with its key."""
    if config.slurmrestd_url is None:
        for key in ("slurmrestd_token_file", "slurmrestd_user"):
            if getattr(config, key) is not None:
                yield f"{key}: has no meaning without slurmrestd_url"
        return
    if config.shell_plugin != "LocalShell":
        yield "shell_plugin: has no meaning with slurmrestd_url, which needs no commands"
    if config.real_users:
        yield "real_users: cannot be with slurmrestd_url, whose token is one user's"
    token = config.slurmrestd_token_file
    if token is not None and not token.is_file():
        yield f"slurmrestd_token_file: {token} is not there; `scontrol token username=USER` makes a token"
    try:
        job_description(options, "", {}, VERSIONS[0])
    except SubmitRejected as exc:
        yield f"native_specification: {exc}"


def slurmrestd_host(config: QueuedSlurm, url: str, environ: Mapping[str, str]) -> SlurmrestdHost:
    """Return the way to the API at *url*; *environ* is what commands see."""
    token = config.slurmrestd_token_file
    return SlurmrestdHost(
        url=url,
        user=config.slurmrestd_user or getpass.getuser(),
        token_file=None if token is None else str(token),
        environment={name: value for name, value in environ.items() if name not in _NOT_FOR_JOBS},
    )
