"""Removing jobs that have ended: after some time, or for the space that they take."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

import attrs

from pulsar_runtime.domain.errors import Conflict, FileNotThere, RemovalFailed
from pulsar_runtime.domain.job import Job
from pulsar_runtime.ports import Clock, JobFiles, JobStore


class Reason(StrEnum):
    """Why a job is removed."""

    AGE = "age"
    SPACE = "space"


@attrs.frozen(kw_only=True)
class Removal:
    """One job that was due for removal."""

    job: Job
    reason: Reason
    #: What its directory occupied, about.
    size_bytes: int
    #: Why it is still there; empty if it is not, or if nothing was to be removed.
    problem: str = ""


@attrs.frozen(kw_only=True)
class Retention:
    """Removes jobs that have ended, whether or not their clients have cleaned up, and never an active one."""

    store: JobStore
    files: JobFiles
    clock: Clock
    #: How long ago a job may have ended; None for any time.
    longest_seconds: float | None
    #: What shall be free where job directories are; 0 if that is no reason.
    minimum_free_bytes: int

    def prune(self, *, dry_run: bool = False) -> Iterator[Removal]:
        """Remove what is due, oldest end first; yield each job when it is removed, or could not be.

        With *dry_run* nothing is removed, and those are yielded that would be.
        """
        # By device. Not measured again: some file systems give space back later, and far too much would go.
        free: dict[int, int] = {}
        ended = [job for job in self.store.jobs() if job.status.terminal]
        for job in sorted(ended, key=lambda job: (job.changed_at, job.key)):
            old = self.longest_seconds is not None and self.clock() - job.changed_at > self.longest_seconds
            try:
                volume = self.files.volume(job.directory)
            except FileNotThere as exc:
                if old:
                    # Where its directory was there may be one again when everything is mounted.
                    yield Removal(job=job, reason=Reason.AGE, size_bytes=0, problem=str(exc))
                continue
            free.setdefault(volume.device, volume.free_bytes)
            if not old and free[volume.device] >= self.minimum_free_bytes:
                continue
            reason = Reason.AGE if old else Reason.SPACE
            removal = Removal(job=job, reason=reason, size_bytes=self.files.size(job.directory))
            done = removal if dry_run else self._remove(removal)
            if done is not None:
                free[volume.device] += 0 if done.problem else done.size_bytes
                yield done

    def _remove(self, removal: Removal) -> Removal | None:
        """Remove one job, and return what came of it; None if the job is gone or has begun anew meanwhile."""
        job = removal.job
        try:
            self.files.clear(job.directory, lambda: self._require_ended(job))
        except Conflict:
            return None
        except RemovalFailed as exc:
            return attrs.evolve(removal, problem=str(exc))
        self.store.remove(job.key)
        return removal

    def _require_ended(self, job: Job) -> None:
        present = self.store.get(job.key)
        if present is None or not present.status.terminal:
            raise Conflict(f"job {job.job_id!r} is gone or has begun anew")
