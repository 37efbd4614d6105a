"""What a configuration holds once it is read: complete, typed, frozen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Literal

import attrs

from pulsar_runtime.config.address import Address
from pulsar_runtime.config.batch import BatchOptions
from pulsar_runtime.config.condor import CondorOptions
from pulsar_runtime.config.drmaa import DrmaaOptions
from pulsar_runtime.config.job_kinds import CONCURRENCY, MODE, STREAM_SIZE, TMP_DIR
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
from pulsar_runtime.config.message_queue import MessageQueue, Messages
from pulsar_runtime.config.option import option
from pulsar_runtime.config.real_user import RealUserOptions
from pulsar_runtime.config.secret import Secret
from pulsar_runtime.config.slurmrestd import SlurmrestdOptions
from pulsar_runtime.config.staging import Staging, pause, retries
from pulsar_runtime.config.token_kinds import EXPIRY, MANAGER_NAMES, NAME, SECRET, SHA256
from pulsar_runtime.domain.ids import DEFAULT_MANAGER, ManagerName


def _persistence_path(text: str) -> Path:
    if text == "__none__":
        raise BadValueError("the job store needs a directory: name one, or leave the key out for the default")
    return PATH.read(text)


@attrs.frozen(kw_only=True)
class JobSettings:
    """What may be set for all managers at the top level, and for one manager in its own place."""

    staging_directory: Path = attrs.field(
        default=Path("files/staging"),
        converter=absolute,
        metadata=option(PATH, "Job directories are made here."),
    )
    assign_ids: str = attrs.field(
        default="galaxy",
        metadata=option(
            choice("galaxy", "uuid"), "`galaxy`: a job keeps Galaxy's id. `uuid`: it gets a random one."
        ),
    )
    job_directory_mode: int | None = attrs.field(
        default=None,
        metadata=option(
            optional(MODE), "Mode of job directories. Without it they are closed to other users (`0700`)."
        ),
    )
    maximum_stream_size: int | None = attrs.field(
        default=1024 * 1024,
        metadata=option(STREAM_SIZE, "The most of a job's output stream that a status carries."),
    )
    debug: bool = attrs.field(
        default=False,
        metadata=option(BOOLEAN, "Keep job directories that Galaxy asks to remove."),
    )
    galaxy_home: str | None = attrs.field(
        default=None,
        metadata=option(
            optional(TEXT),
            "Galaxy's code on this machine; told to Galaxy and to job scripts. "
            "Without it, the environment variable `GALAXY_HOME`.",
        ),
    )
    galaxy_virtual_env: str | None = attrs.field(
        default=None,
        metadata=option(
            optional(TEXT),
            "Galaxy's virtual environment on this machine; told to Galaxy and to job scripts. "
            "Without it, the environment variable `GALAXY_VIRTUAL_ENV`.",
        ),
    )
    galaxy_config_file: str | None = attrs.field(
        default=None,
        metadata=option(optional(TEXT), "Galaxy's configuration file on this machine; told to Galaxy."),
    )
    galaxy_dataset_files_path: str | None = attrs.field(
        default=None,
        metadata=option(optional(TEXT), "Galaxy's directory of datasets on this machine; told to Galaxy."),
    )
    galaxy_datatypes_config_file: str | None = attrs.field(
        default=None,
        metadata=option(optional(TEXT), "Galaxy's datatypes configuration on this machine; told to Galaxy."),
    )
    preprocess_action_max_retries: int | None = retries("staging in")
    preprocess_action_interval_start: float = pause(2.0, "Before the first retry of an input.")
    preprocess_action_interval_step: float = pause(2.0, "Each pause is so much longer.")
    preprocess_action_interval_max: float = pause(30.0, "Until it has grown by this.")
    postprocess_action_max_retries: int | None = retries("staging out")
    postprocess_action_interval_start: float = pause(2.0, "Before the first retry of an output.")
    postprocess_action_interval_step: float = pause(2.0, "Each pause is so much longer.")
    postprocess_action_interval_max: float = pause(30.0, "Until it has grown by this.")


@attrs.frozen(kw_only=True)
class ManagerSettings(JobSettings, RealUserOptions):
    """What every type of manager has."""

    type: ClassVar[str]
    #: Beginnings of keys whose rest is not ours to name, and the attributes that hold what they give.
    families: ClassVar[Mapping[str, str]] = {}

    tmp_dir: str | None = attrs.field(
        default=None,
        metadata=option(
            TMP_DIR,
            "Temporary directory of jobs, put into the job script as it is written. Unset, empty, "
            "`false` (not the text) or anything that reads as true: each job has its own.",
        ),
    )
    #: From the keys ``env_<NAME>``; the case of the name is kept.
    environment: Mapping[str, str] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class QueuedPython(ManagerSettings):
    """Runs jobs on this machine, first in, first out, a limited number at a time."""

    type: ClassVar[str] = "queued_python"

    num_concurrent_jobs: int | Literal["*"] = attrs.field(
        default=1,
        metadata=option(CONCURRENCY, "How many jobs run at a time; `*`: as many as CPUs may be used."),
    )


@attrs.frozen(kw_only=True)
class Unqueued(ManagerSettings):
    """Runs every job on this machine at once."""

    type: ClassVar[str] = "unqueued"


@attrs.frozen(kw_only=True)
class QueuedCli(ManagerSettings, BatchOptions):
    """Hands jobs to a batch system with that system's own commands."""

    type: ClassVar[str] = "queued_cli"
    families: ClassVar[Mapping[str, str]] = {"job_": "job_options"}

    job_plugin: str = attrs.field(
        metadata=option(TEXT, "The batch system: `Slurm`, `Torque`, `PBSPro`, `LSF` or `GridEngine`."),
    )


@attrs.frozen(kw_only=True)
class QueuedSlurm(ManagerSettings, BatchOptions, SlurmrestdOptions):
    """Hands jobs to Slurm: `queued_cli` with `job_plugin: Slurm`, or by its REST API."""

    type: ClassVar[str] = "queued_slurm"
    families: ClassVar[Mapping[str, str]] = {"job_": "job_options"}


@attrs.frozen(kw_only=True)
class QueuedCondor(ManagerSettings, CondorOptions):
    """Hands jobs to HTCondor. Keys `submit_<name>` go into the submit description of every job."""

    type: ClassVar[str] = "queued_condor"
    families: ClassVar[Mapping[str, str]] = {"submit_": "submit_settings"}


@attrs.frozen(kw_only=True)
class QueuedDrmaa(ManagerSettings, DrmaaOptions):
    """Hands jobs to a batch system by way of its DRMAA library."""

    type: ClassVar[str] = "queued_drmaa"


@attrs.frozen(kw_only=True)
class QueuedExternalDrmaa(ManagerSettings, DrmaaOptions):
    """As `queued_drmaa` with `real_users`."""

    type: ClassVar[str] = "queued_external_drmaa"

    real_users: bool = attrs.field(
        default=True, metadata=option(BOOLEAN, "Must stay `true`: that is what this type is for.")
    )


ManagerConfig = (
    QueuedPython | Unqueued | QueuedCli | QueuedSlurm | QueuedCondor | QueuedDrmaa | QueuedExternalDrmaa
)

MANAGER_TYPES: Mapping[str, type[ManagerConfig]] = {
    cls.type: cls
    for cls in (
        QueuedPython,
        Unqueued,
        QueuedCli,
        QueuedSlurm,
        QueuedCondor,
        QueuedDrmaa,
        QueuedExternalDrmaa,
    )
}


@attrs.frozen(kw_only=True)
class Token:
    """A credential that may be used besides the private token, or in place of it."""

    name: str = attrs.field(metadata=option(NAME, "What logs call it. No two tokens have the same."))
    sha256: str = attrs.field(
        repr=False,
        metadata=option(SHA256, "SHA-256 of the token: `printf %s TOKEN | sha256sum` prints it."),
    )
    managers: tuple[ManagerName, ...] | None = attrs.field(
        default=None,
        metadata=option(MANAGER_NAMES, "The managers it may use. Without it, all."),
    )
    expires: datetime | None = attrs.field(
        default=None,
        metadata=option(EXPIRY, "When it ends, such as `2030-01-31T00:00:00Z`. Without it, never."),
    )


@attrs.frozen(kw_only=True)
class Web:
    """The HTTP server."""

    bind: Address = attrs.field(
        default=Address("127.0.0.1", 8913),
        metadata=option(from_text("`HOST:PORT` or `[IPV6]:PORT`", Address.parse), "Where it listens."),
    )
    workers: int = attrs.field(
        default=2,
        metadata=option(integer(minimum=1), "Worker processes."),
    )
    connections_per_worker: int = attrs.field(
        default=1000,
        metadata=option(integer(minimum=1), "Connections that one worker process serves at a time."),
    )
    request_line_limit_bytes: int = attrs.field(
        default=8 * 1024 * 1024,
        metadata=option(
            integer(minimum=1024),
            "The longest request line; Galaxy sends its parameters there. Over it the answer is 414.",
        ),
    )
    head_timeout_seconds: float = attrs.field(
        default=30.0,
        metadata=option(SECONDS, "How long a client may take to send the head of a request."),
    )
    body_timeout_seconds: float = attrs.field(
        default=60.0,
        metadata=option(SECONDS, "The longest pause that a client may make while it sends a body."),
    )
    keepalive_seconds: float = attrs.field(
        default=75.0,
        metadata=option(SECONDS, "How long a connection is kept for a next request."),
    )


@attrs.frozen(kw_only=True)
class Disk:
    """The guard against a full disk."""

    minimum_free_mb: int = attrs.field(
        default=100,
        metadata=option(
            integer(minimum=0),
            "With fewer megabytes free in a staging directory, setup answers 503. `0`: no guard.",
        ),
    )


@attrs.frozen(kw_only=True)
class Retention:
    """Which ended jobs `pulsar-runtime jobs prune` removes, with their directories. It has to be called."""

    days: int | None = attrs.field(
        default=None,
        metadata=option(
            optional(integer(minimum=1)),
            "Jobs that ended longer ago are removed. Without it, none is because of its age.",
        ),
    )
    minimum_free_mb: int = attrs.field(
        default=0,
        metadata=option(
            integer(minimum=0),
            "With fewer megabytes free in a staging directory, jobs there are removed, in the order in which "
            "they ended, until there are enough. More than `disk.minimum_free_mb`, or it comes too late. "
            "`0`: none is removed for that.",
        ),
    )


#: The classes of the sections, by their keys.
SECTIONS: Mapping[str, type[attrs.AttrsInstance]] = {
    "web": Web,
    "disk": Disk,
    "retention": Retention,
    "staging": Staging,
    "messages": Messages,
}


@attrs.frozen(kw_only=True)
class Config(JobSettings, MessageQueue):
    """The whole configuration."""

    persistence_directory: Path = attrs.field(
        default=Path("files/persisted_data"),
        converter=absolute,
        metadata=option(from_text("path", _persistence_path), "The job store. It must be on a local disk."),
    )
    private_token: Secret | None = attrs.field(
        default=None,
        metadata=option(
            optional(SECRET),
            "What every request must carry. Without it and without tokens, nothing is asked for.",
        ),
    )
    file_cache_dir: Path | None = attrs.field(
        default=None,
        converter=attrs.converters.optional(absolute),
        metadata=option(
            optional(PATH), "Uploaded files are kept here and used again. Without it, there is no cache."
        ),
    )
    tokens: tuple[Token, ...] = ()
    web: Web = attrs.field(factory=Web)
    disk: Disk = attrs.field(factory=Disk)
    staging: Staging = attrs.field(factory=Staging)
    retention: Retention = attrs.field(factory=Retention)
    messages: Messages = attrs.field(factory=Messages)
    #: Each is complete: what it does not say for itself, it has from here.
    managers: Mapping[ManagerName, ManagerConfig] = attrs.field(
        factory=lambda: {DEFAULT_MANAGER: QueuedPython()},
    )
