"""Settings of managers that hand jobs to a batch system with its own commands (protocol section 8.2)."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

import attrs

from pulsar_runtime.config.job_kinds import JOB_NAME
from pulsar_runtime.config.kind import (
    BOOLEAN,
    PATH,
    SECONDS,
    TEXT,
    BadValueError,
    absolute,
    choice,
    from_text,
    integer,
    optional,
)
from pulsar_runtime.config.option import option


def _native(text: str) -> str:
    try:
        shlex.split(text)
    except ValueError as error:
        raise BadValueError(f"cannot be read as options: {error}") from None
    return text


# Without slots: a class can have but one base that has some, and for managers that is another.
@attrs.frozen(kw_only=True, slots=False)
class BatchOptions:
    """What all batch systems have."""

    native_specification: str | None = attrs.field(
        default=None,
        metadata=option(
            optional(from_text("options", _native)),
            "Options of every submission, in the batch system's own words, such as `--partition long`. "
            "A job's own `submit_native_specification` comes after them.",
        ),
    )
    job_name_template: str = attrs.field(
        default="pulsar_$job_id",
        metadata=option(
            JOB_NAME,
            "What the batch system shows as a job's name, before a mark of this server's.",
        ),
    )
    min_polling_interval: float = attrs.field(
        default=2.0,
        metadata=option(
            SECONDS,
            "The batch system is asked about all jobs at once, this often while something changes. Ends of "
            "jobs are noticed without it.",
        ),
    )
    max_polling_interval: float = attrs.field(
        default=30.0,
        metadata=option(SECONDS, "The interval doubles up to this while nothing changes."),
    )
    return_code_grace_seconds: float = attrs.field(
        default=60.0,
        metadata=option(
            SECONDS,
            "How long a job's return code may take to appear here after the batch system has let go of it. "
            "Then the job is lost, unless the batch system says how it ended.",
        ),
    )
    shell_plugin: str = attrs.field(
        default="LocalShell",
        metadata=option(
            choice("LocalShell", "SecureShell"),
            "Where the batch system's commands run: on this machine, or on `shell_hostname` over ssh.",
        ),
    )
    shell_hostname: str | None = attrs.field(
        default=None,
        metadata=option(
            optional(TEXT), "The host to reach over ssh; its key must be in the file of known hosts."
        ),
    )
    shell_username: str | None = attrs.field(
        default=None, metadata=option(optional(TEXT), "The user there. Without it, the user here.")
    )
    shell_port: int = attrs.field(default=22, metadata=option(integer(minimum=1), "The port of ssh there."))
    shell_private_key: Path | None = attrs.field(
        default=None,
        converter=attrs.converters.optional(absolute),
        metadata=option(optional(PATH), "The key for ssh. Without it, what ssh finds by itself."),
    )
    shell_known_hosts: Path | None = attrs.field(
        default=None,
        converter=attrs.converters.optional(absolute),
        metadata=option(optional(PATH), "The file of known hosts for ssh. Without it, the user's own."),
    )
    shell_strict_host_key_checking: bool = attrs.field(
        default=True,
        metadata=option(BOOLEAN, "Must stay `true`: who could pose as that host would be given the jobs."),
    )
    #: From the keys ``job_<name>``, which the dialect judges.
    job_options: Mapping[str, str] = attrs.field(factory=dict)
