"""What clients can ask for: setup, files, submit, status, cancel, clean."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

import attrs

from pulsar_runtime.application.manager_rules import ManagerRules
from pulsar_runtime.application.report import JobReport, report, report_unknown
from pulsar_runtime.domain.errors import Busy, Draining, UnknownJob, UnknownManager
from pulsar_runtime.domain.ids import JobId, ManagerName
from pulsar_runtime.domain.job import Job, SetupRequest, Submission
from pulsar_runtime.domain.paths import Directory, JobFile
from pulsar_runtime.ports import Clock, Doorbell, JobStore

#: How long a cancel request waits for the job's end, so that a client that asks at once is told `cancelled`.
_CANCEL_WAIT_SECONDS = 2.0
#: How long a clean request waits for the processes of a running job; the agent kills after 5 seconds.
_CLEAN_WAIT_SECONDS = 20.0
_FIRST_PAUSE_SECONDS = 0.005
_LONGEST_PAUSE_SECONDS = 0.1


@attrs.frozen(kw_only=True)
class JobService:
    """The use cases of a client; it only writes down wishes, the agent's supervisor advances jobs."""

    store: JobStore
    managers: Mapping[ManagerName, ManagerRules]
    doorbell: Doorbell
    new_id: Callable[[], JobId]
    clock: Clock
    sleep: Callable[[float], None]

    def rules(self, manager: ManagerName) -> ManagerRules:
        """Return a manager's rules, or raise `UnknownManager`."""
        try:
            return self.managers[manager]
        except KeyError:
            raise UnknownManager(f"there is no manager {manager!r} here") from None

    def setup(self, manager: ManagerName, request: SetupRequest) -> Job:
        """Make a job directory; a job of the same id that has ended begins anew.

        Raises `Draining` when a job would begin while none shall.
        """
        rules = self.rules(manager)
        if rules.assign_ids:
            return self._begin(rules, self.new_id(), request.job_id, request)
        return self._begin(rules, request.job_id, None, request)

    def submit(
        self,
        manager: ManagerName,
        job_id: JobId,
        submission: Submission,
        *,
        anew: bool = False,
        announced: bool = False,
    ) -> None:
        """Keep a submission for the agent; one for a job that is active or ended changes nothing.

        With *anew* a job that has ended begins again. The changes of an *announced* job are written down
        for those who tell its client.
        """
        rules = self.rules(manager)
        job = self.store.find(manager, job_id)
        if job is not None and anew and job.status.terminal:
            job = None
        known = job is not None
        if job is None:
            if submission.setup is None:
                raise UnknownJob(f"job {job_id!r} was never set up: send POST /jobs first, or setup_params")
            job = self._begin(rules, job_id, None, submission.setup)
        if job.submitted or job.status.terminal:
            return
        if submission.setup is not None:
            if known:
                rules.files.create(job.directory, submission.setup.tool)
            submission = with_places(submission, job.directory)
        for name in submission.touch_outputs:
            rules.files.touch(job.directory, JobFile(Directory.OUTPUTS, name))
        if self.store.submit(job.key, submission, announced=announced):
            self.doorbell.ring()

    def find(self, manager: ManagerName, job_id: JobId) -> Job | None:
        """Return a job, by its id or its alias."""
        self.rules(manager)
        return self.store.find(manager, job_id)

    def known(self, manager: ManagerName, job_id: JobId) -> Job:
        """Return a job, or raise `UnknownJob`."""
        job = self.find(manager, job_id)
        if job is None:
            raise UnknownJob(f"there is no job {job_id!r} here")
        return job

    def receiving(self, manager: ManagerName, job_id: JobId) -> Job:
        """Return the job that an upload is for, made here if the client computes the layout itself."""
        return self.find(manager, job_id) or self.setup(manager, SetupRequest(job_id=job_id))

    def report(self, job: Job) -> JobReport:
        """Report a job that has ended."""
        return report(self.rules(job.manager), self.store, job)

    def report_unknown(self, manager: ManagerName, job_id: JobId) -> JobReport:
        """Report a job that nobody knows."""
        return report_unknown(self.rules(manager), job_id)

    def cancel(self, manager: ManagerName, job_id: JobId) -> None:
        """Ask for the end of a job; an unknown or ended one is left alone."""
        job = self.find(manager, job_id)
        if job is not None and not job.status.terminal:
            self._end(job, _CANCEL_WAIT_SECONDS)

    def request_cancel(self, job: Job) -> None:
        """Ask for the end of a job, and do not wait for it."""
        self.store.request_cancel(job.key)
        self.doorbell.ring()

    def clean(self, manager: ManagerName, job_id: JobId) -> None:
        """Remove a job and its directory, after its processes have ended.

        Raises `Busy` when they do not end in time, and `RemovalFailed` when files stay.
        """
        rules = self.rules(manager)
        job = self.store.find(manager, job_id)
        # A directory of an unknown job's name may be that of another manager's job.
        if job is None or rules.keep_directories:
            return
        if job.submitted and not job.status.terminal and not self._end(job, _CLEAN_WAIT_SECONDS):
            raise Busy(f"job {job_id!r} still runs: its agent has not ended it; is the agent up?")
        rules.files.clear(job.directory)
        self.store.remove(job.key)

    def _begin(self, rules: ManagerRules, job_id: JobId, alias: JobId | None, request: SetupRequest) -> Job:
        directory = os.path.join(rules.staging_directory, job_id)
        present = self.store.find(rules.name, job_id)
        if present is not None and present.job_id == job_id and present.status.terminal:
            if self.store.draining_since() is not None:
                # Before its files are touched: its client may still want them.
                raise Draining
            rules.files.clear(directory)
        job = self.store.begin(rules.name, job_id, alias, directory, request.tool)
        rules.files.create(directory, request.tool)
        return job

    def _end(self, job: Job, wait_seconds: float) -> bool:
        """Ask the agent to end a job, and wait a while; tell whether it has ended."""
        self.request_cancel(job)
        deadline = self.clock() + wait_seconds
        pause = _FIRST_PAUSE_SECONDS
        while True:
            present = self.store.get(job.key)
            if present is None or present.status.terminal:
                return True
            if self.clock() >= deadline:
                return False
            self.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


def with_places(submission: Submission, directory: str) -> Submission:
    """Fill in the directories that a client could not know (protocol section 4.10)."""
    command_line = submission.command_line.replace("__PULSAR_JOBS_DIRECTORY__", os.path.dirname(directory))
    return attrs.evolve(submission, command_line=command_line.replace("__PULSAR_JOB_DIRECTORY__", directory))
