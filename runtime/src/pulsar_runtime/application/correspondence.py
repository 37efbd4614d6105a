"""What clients can ask for by messages: to run a job, to end it, to be told its status."""

from __future__ import annotations

import attrs

from pulsar_runtime.application.service import JobService, with_places
from pulsar_runtime.domain.announcement import StatusUpdate
from pulsar_runtime.domain.errors import UnknownJob
from pulsar_runtime.domain.ids import JobId, ManagerName
from pulsar_runtime.domain.job import Job, SetupRequest, Submission
from pulsar_runtime.domain.status import FAILED_RETURN_CODE, JobStatus
from pulsar_runtime.ports import Clock, Outbox

#: A sender that lost the broker tries again after 30 seconds at most (protocol section 6.7).
_SENT_TWICE_SECONDS = 60.0


@attrs.frozen(kw_only=True)
class Correspondence:
    """The use cases of a client that sends messages; what it is told goes through the outbox."""

    service: JobService
    outbox: Outbox
    #: The store's.
    clock: Clock

    def set_up(self, manager: ManagerName, job_id: JobId, submission: Submission, *, again: bool) -> None:
        """Take a job; one that has ended begins anew, as Galaxy submits a job again under its id.

        With *again* the message may have been acted upon before. Then an ended job that was submitted just
        so is left alone, and its end is said once more. The same goes for one that has just succeeded: a
        sender that lost the broker while it sent does it twice, and nobody repeats a success on purpose.
        """
        # Whoever sends messages computed the layout itself, whether it says so or not.
        submission = attrs.evolve(submission, setup=submission.setup or SetupRequest(job_id=job_id))
        job = self.service.find(manager, job_id)
        if (
            job is not None
            and job.status.terminal
            and (again or self._just_succeeded(job))
            and self._was_submitted(job, submission)
        ):
            self._say(job)
            return
        self.service.submit(manager, job_id, submission, anew=True, announced=True)

    def end(self, manager: ManagerName, job_id: JobId) -> None:
        """Ask for the end of a job; one that has ended is left alone. Raises `UnknownJob`."""
        self.service.request_cancel(self.service.known(manager, job_id))

    def tell(self, manager: ManagerName, job_id: JobId) -> None:
        """Say the status of a job. Raises `UnknownJob`."""
        self._say(self.service.known(manager, job_id))

    def tell_lost(self, manager: ManagerName, job_id: JobId) -> None:
        """Say that nobody knows a job."""
        self.outbox.announce(StatusUpdate(manager=manager, job_id=job_id, status=JobStatus.LOST))

    def tell_refused(self, manager: ManagerName, job_id: JobId, reason: str) -> None:
        """Say that a job cannot be set up, unless there is one of this id that goes on."""
        job = self.service.find(manager, job_id)
        if job is not None and job.submitted and not job.status.terminal:
            return
        self.outbox.announce(
            StatusUpdate(
                manager=manager,
                job_id=job_id,
                status=JobStatus.FAILED,
                return_code=FAILED_RETURN_CODE,
                reason=reason,
            )
        )

    def _just_succeeded(self, job: Job) -> bool:
        succeeded = job.status is JobStatus.CANCELLED or (
            job.status is JobStatus.COMPLETE and job.return_code == 0
        )
        return succeeded and self.clock() - job.changed_at < _SENT_TWICE_SECONDS

    def _was_submitted(self, job: Job, submission: Submission) -> bool:
        try:
            return self.service.store.submission(job.key) == with_places(submission, job.directory)
        except UnknownJob:
            # Ended before it was submitted.
            return False

    def _say(self, job: Job) -> None:
        self.outbox.announce(
            StatusUpdate(
                manager=job.manager,
                job_id=job.job_id,
                status=job.status,
                key=job.key,
                return_code=job.return_code,
            )
        )
