"""A job store that forgets everything when the process ends."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence

import attrs

from pulsar_runtime.domain.announcement import StatusUpdate
from pulsar_runtime.domain.errors import Conflict, Draining, UnknownJob
from pulsar_runtime.domain.ids import JobId, ManagerName
from pulsar_runtime.domain.job import Job, JobEvent, Submission, Tool, Transition
from pulsar_runtime.domain.staging import TransferRecord
from pulsar_runtime.domain.status import JobStatus, advance
from pulsar_runtime.ports import Clock
from pulsar_runtime.testing.faults import Faults
from pulsar_runtime.testing.outbox import InMemoryOutbox

#: The phases that have transfers.
_STAGING = (JobStatus.PREPROCESSING, JobStatus.POSTPROCESSING)


class InMemoryJobStore:
    """Implements the port `JobStore`."""

    def __init__(self, clock: Clock) -> None:
        self.faults = Faults()
        self.outbox = InMemoryOutbox(clock)
        self._clock = clock
        self._keys = itertools.count(1)
        self._sequence = itertools.count(1)
        self._jobs: dict[int, Job] = {}
        self._submissions: dict[int, Submission] = {}
        self._events: dict[int, list[JobEvent]] = {}
        self._transfers: dict[int, dict[str, TransferRecord]] = {}
        self._announced: set[int] = set()
        self._draining_since: float | None = None

    def find(self, manager: ManagerName, job_id: JobId) -> Job | None:
        """Return the job of this id, or the newest one whose alias it is."""
        self.faults.meet(self.find)
        jobs = [job for job in reversed(self._jobs.values()) if job.manager == manager]
        by_id = (job for job in jobs if job.job_id == job_id)
        by_alias = (job for job in jobs if job.alias == job_id)
        return next(itertools.chain(by_id, by_alias), None)

    def get(self, key: int) -> Job | None:
        """Return the job of this key."""
        self.faults.meet(self.get)
        return self._jobs.get(key)

    def jobs(self) -> Sequence[Job]:
        """Return jobs in the order in which they were created."""
        self.faults.meet(self.jobs)
        return list(self._jobs.values())

    def events(self, key: int) -> Sequence[JobEvent]:
        """Return a job's history, oldest first."""
        self.faults.meet(self.events)
        return list(self._events.get(key, ()))

    def begin(
        self, manager: ManagerName, job_id: JobId, alias: JobId | None, directory: str, tool: Tool
    ) -> Job:
        """Create a job, in place of an ended one of the same id; return an active one unchanged."""
        self.faults.meet(self.begin)
        for job in list(self._jobs.values()):
            if (job.manager, job.job_id) == (manager, job_id):
                if not job.status.terminal:
                    return job
                self._require_open()
                self._drop(job.key)
                self.outbox.withdraw(job.key)
        self._require_open()
        if any(job.directory == directory for job in self._jobs.values()):
            raise Conflict(f"{directory} belongs to another job")
        now = self._clock()
        begun = Job(
            key=next(self._keys),
            manager=manager,
            job_id=job_id,
            alias=alias,
            directory=directory,
            tool=tool,
            created_at=now,
            changed_at=now,
        )
        self._jobs[begun.key] = begun
        self._record(begun, "set up")
        return begun

    def submit(self, key: int, submission: Submission, *, announced: bool = False) -> bool:
        """Keep *submission* and give the job its place in the order; tell whether this call did."""
        self.faults.meet(self.submit)
        job = self._jobs.get(key)
        if job is None or job.submitted or job.status.terminal:
            return False
        self._submissions[key] = submission
        if announced:
            self._announced.add(key)
        self._keep(attrs.evolve(job, submitted=next(self._sequence)), "submitted")
        return True

    def submission(self, key: int) -> Submission:
        """Return what was submitted; raises `UnknownJob` when nothing was."""
        self.faults.meet(self.submission)
        try:
            return self._submissions[key]
        except KeyError:
            raise UnknownJob(f"job with key {key} was never submitted") from None

    def request_cancel(self, key: int) -> None:
        """Ask for the end of an active job; nothing happens to one that has ended."""
        self.faults.meet(self.request_cancel)
        job = self._jobs.get(key)
        if job is not None and not job.status.terminal and not job.cancel_requested:
            self._jobs[key] = attrs.evolve(job, cancel_requested=True)
            self._record(job, "cancel requested")

    def submitted_after(self, sequence: int) -> Sequence[Job]:
        """Return active jobs submitted after *sequence*, first submitted first."""
        self.faults.meet(self.submitted_after)
        return sorted((job for job in self._active() if job.submitted > sequence), key=_submitted)

    def count_active(self) -> int:
        """Return how many jobs were submitted and have not ended."""
        self.faults.meet(self.count_active)
        return sum(job.submitted > 0 for job in self._active())

    def counts(self) -> Mapping[tuple[ManagerName, JobStatus], int]:
        """Return how many jobs each manager has in each status in which it has any."""
        self.faults.meet(self.counts)
        return Counter((job.manager, job.status) for job in self._jobs.values())

    def cancel_requests(self) -> Sequence[Job]:
        """Return active jobs that are to be cancelled."""
        self.faults.meet(self.cancel_requests)
        return [job for job in self._active() if job.cancel_requested]

    def apply(self, transitions: Sequence[Transition]) -> frozenset[int]:
        """Write transitions with their events; return the keys of those whose job stood where they start."""
        self.faults.meet(self.apply)
        for change in transitions:
            advance(change.source, change.target)
        done = set()
        for change in transitions:
            job = self._jobs.get(change.key)
            if job is None or job.status is not change.source:
                continue
            moved = attrs.evolve(
                job,
                status=change.target,
                external_id=change.external_id or job.external_id,
                attempt=change.attempt or job.attempt,
                return_code=job.return_code if change.return_code is None else change.return_code,
                reason=change.reason,
            )
            self._keep(moved, change.reason)
            if moved.status is not JobStatus.POSTPROCESSING:
                self._transfers.pop(job.key, None)
            if job.key in self._announced and change.target.announced:
                self.outbox.announce(_update(moved))
            done.add(change.key)
        return frozenset(done)

    def transfers(self, key: int) -> Mapping[str, TransferRecord]:
        """Return what is known of the transfers of the phase that a job is in, by their names."""
        self.faults.meet(self.transfers)
        return dict(self._transfers.get(key, {}))

    def record_transfers(self, records: Sequence[TransferRecord]) -> None:
        """Keep these in place of earlier ones of the same names."""
        self.faults.meet(self.record_transfers)
        for record in records:
            job = self._jobs.get(record.key)
            if job is not None and job.status in _STAGING:
                self._transfers.setdefault(record.key, {})[record.name] = record

    def remove(self, key: int) -> None:
        """Forget a job that has ended or was never submitted."""
        self.faults.meet(self.remove)
        job = self._jobs.get(key)
        if job is not None and (job.status.terminal or not job.submitted):
            self._drop(key)

    def drain(self) -> bool:
        """Take no new jobs; tell whether this call changed that."""
        self.faults.meet(self.drain)
        changed = self._draining_since is None
        if changed:
            self._draining_since = self._clock()
        return changed

    def resume(self) -> bool:
        """Take new jobs again; tell whether this call changed that."""
        self.faults.meet(self.resume)
        changed = self._draining_since is not None
        self._draining_since = None
        return changed

    def draining_since(self) -> float | None:
        """Return when it was last said to `drain`, or None while new jobs are taken."""
        self.faults.meet(self.draining_since)
        return self._draining_since

    def close(self) -> None:
        """Keep everything: there is nothing to release."""

    def _require_open(self) -> None:
        if self._draining_since is not None:
            raise Draining

    def _active(self) -> list[Job]:
        return [job for job in self._jobs.values() if not job.status.terminal]

    def _keep(self, job: Job, reason: str) -> None:
        self._jobs[job.key] = attrs.evolve(job, changed_at=self._clock())
        self._record(job, reason)

    def _record(self, job: Job, reason: str) -> None:
        event = JobEvent(at=self._clock(), status=job.status, reason=reason)
        self._events.setdefault(job.key, []).append(event)

    def _drop(self, key: int) -> None:
        for table in (self._jobs, self._submissions, self._events, self._transfers):
            table.pop(key, None)


def _update(job: Job) -> StatusUpdate:
    return StatusUpdate(
        manager=job.manager,
        job_id=job.job_id,
        status=job.status,
        key=job.key,
        return_code=job.return_code,
        reason=job.reason,
    )


def _submitted(job: Job) -> int:
    return job.submitted
