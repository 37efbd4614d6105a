"""One launch that HTCondor is to run."""

from __future__ import annotations

import os

import attrs

from pulsar_runtime.domain.ids import ExternalId
from pulsar_runtime.domain.job import LaunchSpec, Observation
from pulsar_runtime.domain.status import SchedulerState
from pulsar_runtime.managers.condor.job_log import JobLog

#: Where the job's directory has it (protocol section 2.3).
_LOG_NAME = "job_condor.log"


@attrs.define(kw_only=True, eq=False)
class Launch:
    """What is known of one launch."""

    spec: LaunchSpec
    #: Our record of its submission.
    record: str
    log: JobLog = attrs.field(
        init=False,
        default=attrs.Factory(lambda self: JobLog(os.path.join(self.spec.job_directory, _LOG_NAME)), True),  # noqa: FBT003 - attrs has no other way
    )
    watch: int | None = None
    #: The job's number in the queue, once it is known.
    cluster: int | None = None
    cancelled: bool = False
    #: Whether a command is removing it from the queue, and why, if nobody asked for that.
    removing: bool = False
    hopeless: str = ""
    #: Whether it was missing without a trace when the queue was last asked.
    missed: bool = False
    #: How it ended, once it did.
    end: Observation | None = None

    @property
    def external_id(self) -> ExternalId:
        """The name by which the supervisor knows it."""
        return ExternalId(self.spec.launch_id)

    @property
    def in_queue(self) -> bool:
        """Tell whether the queue should have it."""
        return self.cluster is not None and self.end is None

    @property
    def observation(self) -> Observation:
        """How it is, as far as that was written down."""
        return self.end or self.log.history.observation


def never_started() -> Observation:
    """Return the end of a job that was cancelled in time."""
    return Observation(state=SchedulerState.ENDED, reason="it never started")
