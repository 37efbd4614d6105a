"""The supervisor: the only one that advances jobs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from functools import partial

import attrs

from pulsar_runtime.domain.errors import PulsarRuntimeError, QueryError, StoreError
from pulsar_runtime.domain.ids import ExternalId, ManagerName
from pulsar_runtime.domain.job import Job, Observation, Submission, Transition
from pulsar_runtime.domain.staging import StageOutPlan
from pulsar_runtime.domain.status import FAILED_RETURN_CODE, JobStatus, SchedulerState
from pulsar_runtime.ports import JobManager, JobStore, LaunchPreparer, Reactor, Stager

logger = logging.getLogger(__name__)

#: How often a job is started when the host keeps going down under it.
_MOST_ATTEMPTS = 3

#: Pause before something that may succeed later is tried again.
_RETRY_SECONDS = 5.0

#: A job that is shorter is never seen running.
_SHORT_JOB_SECONDS = 0.05

#: How often the store and the managers are looked at without having been called.
_ROUND_SECONDS = 5.0


@attrs.frozen(kw_only=True)
class ManagerWorks:
    """What the supervisor needs of one manager."""

    manager: JobManager
    preparer: LaunchPreparer
    stager: Stager


class Supervisor:
    """Follows every active job from its submission to its end.

    Everything is called from the reactor's thread. What fails for the moment is tried again, by a timer
    or in the next round; a store that is damaged ends the agent, while the jobs go on.
    """

    def __init__(self, store: JobStore, works: Mapping[ManagerName, ManagerWorks], reactor: Reactor) -> None:
        self._store = store
        self._works = works
        self._reactor = reactor
        self._jobs: dict[int, Job] = {}
        self._keys: dict[tuple[ManagerName, ExternalId], int] = {}
        #: Submissions of jobs whose files have been brought in and that have not been prepared.
        self._staged_in: dict[int, Submission] = {}
        #: What is to be sent for jobs that were prepared by this agent; of others the store knows.
        self._plans: dict[int, StageOutPlan | None] = {}
        self._last_submitted = 0

    def round(self) -> None:
        """Look at everything, now and from time to time."""
        self.look()
        for name in self._works:
            self._observe(name, [external_id for manager, external_id in self._keys if manager == name])
        self._reactor.call_later(_ROUND_SECONDS, self.round)

    def look(self) -> None:
        """Take up what clients have written into the store."""
        try:
            for job in self._store.submitted_after(self._last_submitted):
                self._take(job)
            for job in self._store.cancel_requests():
                self._cancel(job)
        except StoreError as exc:
            if not exc.transient:
                raise
            logger.warning("%s", exc, extra={"action": "store_busy"})

    def changed(self, manager: ManagerName, external_id: ExternalId) -> None:
        """Hear that a manager knows something new about a job."""
        if (manager, external_id) in self._keys:
            self._observe(manager, [external_id], patient=True)

    def launch_ids(self) -> frozenset[str]:
        """Return the launches of all active jobs, also of those whose manager is not configured."""
        return frozenset(job.launch_id for job in self._store.submitted_after(0))

    def _take(self, job: Job) -> None:
        self._last_submitted = job.submitted
        if job.manager not in self._works:
            logger.error(
                "job %s belongs to manager %r, which is no longer configured: it waits until it is again",
                job.job_id,
                job.manager,
                extra={"action": "manager_missing"},
            )
            return
        self._jobs[job.key] = job
        self._advance(job.key)

    def _advance(self, key: int) -> None:
        """Bring a job to where its manager is the one who knows more, now or later."""
        job = self._jobs.get(key)
        if job is not None and not self._taken(self._forward, job):
            self._reactor.call_later(_RETRY_SECONDS, lambda: self._advance(key))

    def _taken(self, step: Callable[[Job], object], job: Job) -> bool:
        """Take a step with a job; tell whether it was taken. What fails for good fails the job."""
        try:
            try:
                step(job)
            except PulsarRuntimeError as exc:
                if exc.transient or isinstance(exc, StoreError):
                    raise
                # As it is now: the step may have brought it half of the way.
                self._fail(self._jobs.get(job.key, job), str(exc))
        except PulsarRuntimeError as exc:
            if not exc.transient:
                raise
            logger.warning("job %s waits: %s", job.job_id, exc, extra={"action": "job_waits"})
            return False
        return True

    def _forward(self, job: Job) -> None:
        if job.status is JobStatus.PREPROCESSING and not job.cancel_requested:
            if job.key in self._staged_in:
                self._prepare(job, self._staged_in[job.key])
            else:
                self._stage_in(job)
        elif job.status in (JobStatus.QUEUED, JobStatus.RUNNING):
            self._hand_over(job, self._store.submission(job.key))
        elif job.status is JobStatus.POSTPROCESSING:
            self._stage_out(job, again=True)

    def _stage_in(self, job: Job) -> None:
        works = self._works[job.manager]
        submission = self._store.submission(job.key)
        works.stager.check(submission)
        transfers = submission.staging.stage_in
        if transfers:
            works.stager.stage_in(job, transfers, partial(self._staging_in_ended, job.key, submission))
        else:
            self._prepare(job, submission)

    def _staging_in_ended(self, key: int, submission: Submission, problem: PulsarRuntimeError | None) -> None:
        job = self._jobs[key]
        if problem is None:
            self._staged_in[key] = submission
            self._advance(key)
        else:
            self._settle(key, partial(self._fail, job, str(problem)))

    def _prepare(self, job: Job, submission: Submission) -> None:
        self._works[job.manager].preparer.prepare(job, submission)
        # Written down before the manager is asked: what comes before is safe to repeat, the start is not.
        queued = self._move(job, JobStatus.QUEUED)
        if queued is not None:
            self._staged_in.pop(job.key, None)
            self._plans[job.key] = submission.staging.stage_out
            self._hand_over(queued, submission)

    def _hand_over(self, job: Job, submission: Submission) -> None:
        works = self._works[job.manager]
        external_id = works.manager.submit(works.preparer.spec(job, submission))
        self._jobs[job.key] = attrs.evolve(job, external_id=external_id)
        self._keys[job.manager, external_id] = job.key
        self._observe(job.manager, [external_id])

    def _observe(self, name: ManagerName, ids: Collection[ExternalId], *, patient: bool = False) -> None:
        try:
            observations = self._works[name].manager.observe(ids)
        except QueryError as exc:
            logger.warning("manager %s: %s", name, exc, extra={"action": "observation_failed"})
            return
        for external_id, observation in observations.items():
            job = self._jobs.get(self._keys.get((name, external_id), 0))
            if job is None:
                continue
            if patient and observation.state is SchedulerState.RUNNING:
                # It may end before anybody would ask; then its start and its end are written as one.
                self._reactor.call_later(_SHORT_JOB_SECONDS, partial(self._observe, name, [external_id]))
            else:
                # If it cannot be taken now, the next round observes the same again.
                self._taken(partial(self._judge, observation), job)

    def _judge(self, observation: Observation, job: Job) -> None:
        state, code, reason = observation.state, observation.exit_code, observation.reason
        if state is SchedulerState.PENDING:
            if job.status is JobStatus.RUNNING:
                self._move(job, JobStatus.QUEUED, reason=reason)
        elif state is SchedulerState.RUNNING:
            if job.status is JobStatus.QUEUED:
                self._move(job, JobStatus.RUNNING, reason=reason)
        elif job.cancel_requested:
            self._move(job, JobStatus.CANCELLED, return_code=code, reason="cancelled")
        elif state is SchedulerState.INTERRUPTED:
            self._start_again(job, reason)
        elif state is SchedulerState.VANISHED:
            self._move(job, JobStatus.LOST, reason=reason)
        elif code is None:
            self._fail(job, reason)
        else:
            self._finish(job, code, reason)

    def _finish(self, job: Job, code: int, reason: str) -> None:
        """Write down that a job's processes have ended, and have its outputs sent if that is our part."""
        if self._plan(job) is None:
            self._move(job, JobStatus.POSTPROCESSING, JobStatus.COMPLETE, return_code=code, reason=reason)
            return
        ended = self._move(job, JobStatus.POSTPROCESSING, return_code=code, reason=reason)
        if ended is not None:
            # Its end is in the store: the manager has done its part.
            self._forget(ended)
            self._stage_out(ended, again=False)

    def _plan(self, job: Job) -> StageOutPlan | None:
        """Say what is to be sent for a job, if anything."""
        if job.key not in self._plans:
            self._plans[job.key] = self._store.submission(job.key).staging.stage_out
        return self._plans[job.key]

    def _stage_out(self, job: Job, *, again: bool) -> None:
        plan = self._plan(job)
        if plan is None:
            self._move(job, JobStatus.COMPLETE, return_code=job.return_code)
        else:
            stager = self._works[job.manager].stager
            stager.stage_out(job, plan, partial(self._staging_out_ended, job.key), again=again)

    def _staging_out_ended(self, key: int, problem: PulsarRuntimeError | None) -> None:
        job = self._jobs[key]
        if problem is None:
            self._settle(key, lambda: self._move(job, JobStatus.COMPLETE))
        else:
            # The tool's return code stays.
            self._settle(key, lambda: self._move(job, JobStatus.FAILED, reason=str(problem)))

    def _settle(self, key: int, step: Callable[[], object]) -> None:
        """Take the last step of a phase, now or when the store is there again."""
        job = self._jobs.get(key)
        if job is not None and not self._taken(lambda _: step(), job):
            self._reactor.call_later(_RETRY_SECONDS, lambda: self._settle(key, step))

    def _start_again(self, job: Job, reason: str) -> None:
        if job.attempt >= _MOST_ATTEMPTS:
            self._fail(job, f"{reason}, {job.attempt} times; it is not started again")
            return
        works = self._works[job.manager]
        # The script may not have reached the disk before the power was gone.
        works.preparer.prepare(job, self._store.submission(job.key))
        way = (
            (JobStatus.QUEUED,) if job.status is JobStatus.RUNNING else (JobStatus.RUNNING, JobStatus.QUEUED)
        )
        queued = self._move(job, *way, attempt=job.attempt + 1, reason=f"{reason}; it starts again")
        if queued is not None:
            # Only now: an agent that is killed before this finds the old launch, and comes here again.
            self._forget(job)
            self._jobs[job.key] = attrs.evolve(queued, external_id=None)
            self._advance(job.key)

    def _cancel(self, job: Job) -> None:
        tracked = self._jobs.get(job.key)
        if tracked is not None and tracked.status is JobStatus.POSTPROCESSING:
            self._move(tracked, JobStatus.CANCELLED, reason="cancelled while its outputs were being sent")
        elif tracked is not None and tracked.external_id is not None:
            self._jobs[job.key] = attrs.evolve(tracked, cancel_requested=True)
            self._works[job.manager].manager.cancel(tracked.external_id)
        elif tracked is not None or not job.submitted:
            self._move(tracked or job, JobStatus.CANCELLED, reason="cancelled before it was started")

    def _fail(self, job: Job, reason: str) -> None:
        logger.warning("job %s failed: %s", job.job_id, reason, extra={"action": "job_failed"})
        self._works[job.manager].preparer.explain(job, reason)
        self._move(job, JobStatus.FAILED, return_code=FAILED_RETURN_CODE, reason=reason)

    def _move(
        self,
        job: Job,
        *targets: JobStatus,
        return_code: int | None = None,
        attempt: int | None = None,
        reason: str = "",
    ) -> Job | None:
        """Write a job's way through *targets*; return it as it is then, or None when it is over or gone."""
        way = zip((job.status, *targets), targets, strict=False)
        written = self._store.apply(
            [
                Transition(
                    key=job.key,
                    source=source,
                    target=target,
                    external_id=job.external_id,
                    attempt=attempt,
                    return_code=return_code,
                    reason=reason,
                )
                for source, target in way
            ]
        )
        if job.key not in written or targets[-1].terminal:
            # Not written: a client has removed it, or begun it anew.
            self._jobs.pop(job.key, None)
            self._drop(job)
            return None
        moved = attrs.evolve(
            self._jobs.get(job.key, job), status=targets[-1], attempt=attempt or job.attempt, reason=reason
        )
        self._jobs[job.key] = moved
        return moved

    def _drop(self, job: Job) -> None:
        """Let go of everything that is kept about a job that is over."""
        self._staged_in.pop(job.key, None)
        self._plans.pop(job.key, None)
        self._forget(job)
        if job.manager in self._works:
            self._works[job.manager].stager.stop(job.key)

    def _forget(self, job: Job) -> None:
        if job.external_id is not None:
            self._keys.pop((job.manager, job.external_id), None)
            self._works[job.manager].manager.forget(job.external_id)
