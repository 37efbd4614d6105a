"""The two vocabularies of job state, and which status may follow which."""

from __future__ import annotations

from enum import Enum, StrEnum

from pulsar_runtime.domain.errors import IllegalTransition

#: What a failed job reports as its return code (protocol section 4.2, step 9).
FAILED_RETURN_CODE = 1


class JobStatus(StrEnum):
    """What we report of a job; the values are the wire words (protocol section 3.3)."""

    #: Set up, or submitted and staging in.
    PREPROCESSING = "preprocessing"
    #: Handed to its manager, not started.
    QUEUED = "queued"
    #: Its processes run.
    RUNNING = "running"
    #: Its processes ended; results are being staged out.
    POSTPROCESSING = "postprocessing"
    #: Ended by itself; a tool that exits 3 is complete with return code 3.
    COMPLETE = "complete"
    #: We could not do our part: staging or launching failed.
    FAILED = "failed"
    #: Ended because somebody asked for it.
    CANCELLED = "cancelled"
    #: Nobody can tell what became of it.
    LOST = "lost"

    @property
    def terminal(self) -> bool:
        """Tell whether nothing may follow."""
        return not TRANSITIONS[self]

    @property
    def announced(self) -> bool:
        """Tell whether a client that gets messages is told of it (protocol section 6.3)."""
        return self is JobStatus.RUNNING or self.terminal


_ENDS = frozenset({JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.LOST})

TRANSITIONS: dict[JobStatus, frozenset[JobStatus]] = {
    JobStatus.PREPROCESSING: _ENDS | {JobStatus.QUEUED, JobStatus.RUNNING},
    # A short job may end without having been seen running.
    JobStatus.QUEUED: _ENDS | {JobStatus.RUNNING, JobStatus.POSTPROCESSING},
    # A scheduler may put a running job back into its queue.
    JobStatus.RUNNING: _ENDS | {JobStatus.QUEUED, JobStatus.POSTPROCESSING},
    JobStatus.POSTPROCESSING: _ENDS | {JobStatus.COMPLETE},
    JobStatus.COMPLETE: frozenset(),
    JobStatus.FAILED: frozenset(),
    JobStatus.CANCELLED: frozenset(),
    JobStatus.LOST: frozenset(),
}


def advance(source: JobStatus, target: JobStatus) -> JobStatus:
    """Return *target* if it may follow *source*, else raise `IllegalTransition`."""
    if target not in TRANSITIONS[source]:
        raise IllegalTransition(f"a job cannot go from {source} to {target}")
    return target


class SchedulerState(Enum):
    """What a manager observed of a job."""

    #: Waiting for its turn.
    PENDING = "pending"
    #: Started and not ended.
    RUNNING = "running"
    #: Ended; the observation carries the exit code if it is known.
    ENDED = "ended"
    #: The host went down under it; it may be started again.
    INTERRUPTED = "interrupted"
    #: Gone without a trace of how it ended.
    VANISHED = "vanished"
