"""A job as the store keeps it, and what its client asked for."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from pulsar_runtime.domain.environment import EnvironmentStatement
from pulsar_runtime.domain.ids import ExternalId, JobId, ManagerName
from pulsar_runtime.domain.paths import RelativePath
from pulsar_runtime.domain.staging import NOTHING_TO_STAGE, DynamicFileSource, StagingPlan
from pulsar_runtime.domain.status import JobStatus, SchedulerState


@attrs.frozen(kw_only=True)
class Tool:
    """The tool that a job runs, for the record."""

    id: str = ""
    version: str = ""


@attrs.frozen(kw_only=True)
class SetupRequest:
    """What a client says when it announces a job."""

    job_id: JobId
    tool: Tool = Tool()
    preserve_galaxy_environment: bool = False


@attrs.frozen(kw_only=True)
class Submission:
    """Everything that a job needs to run, as the client described it."""

    command_line: str
    environment: tuple[EnvironmentStatement, ...] = ()
    #: What Galaxy's destination says with ``submit_*``, without the prefix; for batch systems alone.
    submit_params: Mapping[str, str] = attrs.field(factory=dict)
    touch_outputs: tuple[RelativePath, ...] = ()
    dynamic_file_sources: tuple[DynamicFileSource, ...] = ()
    staging: StagingPlan = NOTHING_TO_STAGE
    token_endpoint: str | None = None
    #: Present when the client computed the layout itself and setup is part of the submission.
    setup: SetupRequest | None = None


@attrs.frozen(kw_only=True)
class Job:
    """One tool execution, identified for ever by *key* and for its client by manager and job id."""

    key: int
    manager: ManagerName
    job_id: JobId
    #: The client's own id where the server assigned another one.
    alias: JobId | None = None
    #: Absolute path of the job directory.
    directory: str
    tool: Tool = Tool()
    status: JobStatus = JobStatus.PREPROCESSING
    #: Order of submission, 0 while the job is only set up.
    submitted: int = 0
    #: How often it was handed to its manager; more than 1 only after the host went down under it.
    attempt: int = 1
    external_id: ExternalId | None = None
    cancel_requested: bool = False
    return_code: int | None = None
    #: Why the job failed, was lost or started again, for the people who look.
    reason: str = ""
    #: Seconds since the epoch.
    created_at: float = 0.0
    changed_at: float = 0.0

    @property
    def launch_id(self) -> str:
        """The name of the present attempt to run it; no other attempt ever has it."""
        return f"{self.key}-{self.attempt}"


@attrs.frozen(kw_only=True)
class Transition:
    """One step of one job; the store writes it and its event together."""

    key: int
    source: JobStatus
    target: JobStatus
    external_id: ExternalId | None = None
    attempt: int | None = None
    return_code: int | None = None
    reason: str = ""


@attrs.frozen(kw_only=True)
class JobEvent:
    """One line of a job's history."""

    at: float
    status: str
    reason: str = ""


@attrs.frozen(kw_only=True)
class LaunchSpec:
    """What a manager needs to start a job."""

    #: The same for every call about the same attempt; a manager starts it at most once.
    launch_id: str
    script: str
    working_directory: str
    stdout: str
    stderr: str
    #: What the manager answered earlier, when the job was submitted before the agent restarted.
    external_id: ExternalId | None = None
    #: The client's name of the job, for people.
    job_id: str = ""
    #: The job's directory, where the script leaves ``started`` and ``return_code``.
    job_directory: str = ""
    #: As in `Submission.submit_params`.
    submit_params: Mapping[str, str] = attrs.field(factory=dict)
    #: Whom the job runs as, if that is not whoever the server runs as.
    user: str = ""


@attrs.frozen(kw_only=True)
class Observation:
    """What a manager says of a job."""

    state: SchedulerState
    #: Exit status; negative for a signal; None when it is not known.
    exit_code: int | None = None
    reason: str = ""
