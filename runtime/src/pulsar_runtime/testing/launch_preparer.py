"""A preparer that writes no scripts."""

from __future__ import annotations

from pulsar_runtime.domain.job import Job, LaunchSpec, Submission
from pulsar_runtime.testing.faults import Faults


class InMemoryPreparer:
    """Implements the port `LaunchPreparer`, and remembers what it was asked for."""

    def __init__(self) -> None:
        self.faults = Faults()
        #: The jobs that were prepared, as they were then, with what was submitted, in their order.
        self.prepared: list[tuple[Job, Submission]] = []
        #: Why jobs failed, by their keys.
        self.reasons: dict[int, str] = {}

    def prepare(self, job: Job, submission: Submission) -> None:
        """Remember the job."""
        self.faults.meet(self.prepare)
        self.prepared.append((job, submission))

    def spec(self, job: Job, submission: Submission) -> LaunchSpec:
        """Return what a manager needs to start the prepared job."""
        return LaunchSpec(
            launch_id=job.launch_id,
            script=f"{job.directory}/command.sh",
            working_directory=f"{job.directory}/working",
            stdout=f"{job.directory}/metadata/job_stdout",
            stderr=f"{job.directory}/metadata/job_stderr",
            external_id=job.external_id,
            job_id=job.job_id,
            job_directory=job.directory,
            submit_params=submission.submit_params,
        )

    def explain(self, job: Job, reason: str) -> None:
        """Remember the reason of a failure."""
        self.reasons[job.key] = reason
