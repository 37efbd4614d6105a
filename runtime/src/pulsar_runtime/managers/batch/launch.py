"""One launch that a batch system is to run, and what its job leaves on the shared file system."""

from __future__ import annotations

import os
from enum import Enum

import attrs

from pulsar_runtime.domain.job import LaunchSpec, Observation
from pulsar_runtime.domain.status import SchedulerState
from pulsar_runtime.managers import job_traces
from pulsar_runtime.managers.batch.dialect import Request

PENDING = Observation(state=SchedulerState.PENDING)


class Phase(Enum):
    """How far a launch has come."""

    #: It may have been submitted; the next good answer tells.
    UNSURE = "unsure"
    WAITING = "waiting"
    SUBMITTING = "submitting"
    #: The batch system has it.
    TAKEN = "taken"
    ENDED = "ended"


@attrs.define(kw_only=True, eq=False)
class Launch:
    """What is known of one launch."""

    spec: LaunchSpec
    name: str
    request: Request
    phase: Phase = Phase.WAITING
    #: None while it is not known, after an agent has begun.
    observation: Observation | None = PENDING
    #: What the batch system calls it.
    number: str | None = None
    #: The first of the status answers that may speak of it; None before there can be one.
    first_answer: int | None = None
    #: Since when the batch system does not know it, or says that it ended, without a return code.
    missing_since: float | None = None
    #: Since when there is a return code that is not 0.
    failed_since: float | None = None
    #: Somebody asked for its end.
    cancelling: bool = False
    #: Why we ended it ourselves.
    cause: str = ""
    #: The moment of a return code that belongs to an earlier start.
    stale: int | None = None
    code_path: str = attrs.field(init=False)

    @code_path.default
    def _in_the_job_directory(self) -> str:
        return f"{self.spec.job_directory}/return_code"

    @property
    def followed(self) -> bool:
        """Tell whether the batch system is asked about it."""
        return self.phase in (Phase.TAKEN, Phase.UNSURE) and self.first_answer is not None

    @property
    def started(self) -> bool:
        """Tell whether its script began."""
        return os.path.exists(f"{self.spec.job_directory}/started")

    def return_code(self) -> int | None:
        """Return what the script wrote last, if it is whole and of this start."""
        code = job_traces.return_code(self.spec.job_directory)
        return None if code is None or self._written() == self.stale else code

    def expect_another_start(self) -> None:
        """Take a return code that is there for one of an earlier start."""
        self.stale = self._written()

    def _written(self) -> int | None:
        try:
            return os.stat(self.code_path, follow_symlinks=False).st_mtime_ns
        except OSError:
            return None
