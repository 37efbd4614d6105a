"""The server's own share of the staging: phases of jobs, file by file, in the threads of the pool."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from functools import partial

import attrs

from pulsar_runtime.domain.errors import (
    FileNotThere,
    NotWanted,
    PulsarRuntimeError,
    SourceMissing,
    StagingError,
    StoreError,
    UnsafePath,
)
from pulsar_runtime.domain.job import Job, Submission
from pulsar_runtime.domain.paths import Directory, JobFile, RelativePath
from pulsar_runtime.domain.staging import StageOutPlan, Text, Transfer, TransferRecord
from pulsar_runtime.ports import Clock, Ended, JobFiles, JobStore, Reactor
from pulsar_runtime.staging.collecting import collect
from pulsar_runtime.staging.mover import Mover
from pulsar_runtime.staging.pool import Task, TransferPool
from pulsar_runtime.staging.progress import Progress
from pulsar_runtime.staging.retries import RetryPolicy
from pulsar_runtime.staging.throttle import unlimited

logger = logging.getLogger(__name__)

#: Records of finished transfers are written together.
_SAVE_SECONDS = 0.05
_STORE_BUSY_SECONDS = 2.0
_PROBLEMS_SHOWN = 3


class Direction(Enum):
    """Which phase of a job."""

    IN = "in"
    OUT = "out"


@attrs.define(eq=False)
class _Phase:
    """One job that is being staged."""

    job: Job
    direction: Direction
    policy: RetryPolicy
    ended: Ended
    again: bool
    records: dict[str, TransferRecord]
    stop: threading.Event = attrs.field(factory=threading.Event)
    #: Tasks that have not come back; the search for outputs is one.
    outstanding: int = 0
    problems: list[str] = attrs.field(factory=list)
    #: Since the last one that succeeded.
    failures: int = 0
    attempts: Counter[str] = attrs.field(factory=Counter)
    first_failures: dict[str, float] = attrs.field(factory=dict)
    #: Tasks that wait for a pause to be over; None while there is none.
    held: list[Task] | None = None

    def name(self, transfer: Transfer) -> str:
        """Name a transfer, for its record."""
        other = hashlib.sha256(repr(attrs.astuple(transfer.counterpart)).encode()).hexdigest()[:16]
        return f"{self.direction.value} {transfer.file.directory}/{transfer.file.path} {other}"


class PooledStager:
    """Implements the port `Stager` for one manager; the pool may serve several."""

    def __init__(
        self,
        *,
        files: JobFiles,
        mover: Mover,
        pool: TransferPool,
        store: JobStore,
        reactor: Reactor,
        clock: Clock,
        policies: Mapping[Direction, RetryPolicy],
        spend: Callable[[int], None] = unlimited,
    ) -> None:
        self._files = files
        self._mover = mover
        self._pool = pool
        self._store = store
        self._reactor = reactor
        self._clock = clock
        self._policies = policies
        self._spend = spend
        self._phases: dict[int, _Phase] = {}
        self._unsaved: list[TransferRecord] = []

    def check(self, submission: Submission) -> None:
        """Raise `StagingError` for an action that this server cannot do."""
        plan = submission.staging
        problems = [
            problem
            for transfer in plan.stage_in
            if (problem := self._mover.impossible(transfer.counterpart)) is not None
        ]
        if plan.stage_out is not None:
            problems += plan.stage_out.routes.impossible
        if problems:
            raise StagingError(
                f"this server does not do the file action(s) {', '.join(dict.fromkeys(problems))}: set "
                "default_file_action and file_actions of the Galaxy destination to others"
            )

    def stage_in(self, job: Job, transfers: Sequence[Transfer], ended: Ended) -> None:
        """Bring in these files; of several for the same place, the last one."""
        wanted = list({transfer.file: transfer for transfer in transfers}.values())
        if all(isinstance(transfer.counterpart, Text) for transfer in wanted):
            # Neither a thread nor a record for what takes no time.
            for transfer in wanted:
                self._mover.fetch(job.directory, transfer, _AT_ONCE)
            ended(None)
            return
        phase = self._begin(job, Direction.IN, ended, again=False)
        self._add(phase, wanted)

    def stage_out(self, job: Job, plan: StageOutPlan, ended: Ended, *, again: bool) -> None:
        """Find the outputs of a job and send them."""
        phase = self._begin(job, Direction.OUT, ended, again=again)
        phase.outstanding = 1
        self._pool.add(job.key, partial(self._search, phase, plan))

    def stop(self, key: int) -> None:
        """End a job's phase, if it is in one; what runs is told to stop."""
        phase = self._phases.pop(key, None)
        if phase is not None:
            phase.stop.set()
            self._pool.drop(key)

    def close(self) -> None:
        """Tell everything that runs to stop, and write down what has ended."""
        for key in list(self._phases):
            self.stop(key)
        self._save()

    def _begin(self, job: Job, direction: Direction, ended: Ended, *, again: bool) -> _Phase:
        self.stop(job.key)
        phase = _Phase(
            job=job,
            direction=direction,
            policy=self._policies[direction],
            ended=ended,
            again=again,
            records=dict(self._store.transfers(job.key)),
        )
        self._phases[job.key] = phase
        return phase

    def _add(self, phase: _Phase, transfers: Sequence[Transfer]) -> None:
        """Queue what is not done yet; end the phase if that is nothing."""
        tasks = [
            partial(self._move, phase, name, transfer)
            for transfer in transfers
            if not ((record := phase.records.get(name := phase.name(transfer))) and record.done)
        ]
        phase.outstanding += len(tasks)
        if tasks:
            self._pool.add(phase.job.key, *tasks)
        else:
            self._end_if_over(phase)

    # --- in the threads of the pool ---------------------------------------------------------------------

    def _search(self, phase: _Phase, plan: StageOutPlan) -> None:
        directory = phase.job.directory
        outcome: Callable[[], None] = partial(self._searched, phase, [], "the search for outputs broke off")
        try:
            contents = {
                which: self._files.listing(directory, which)
                for which in (Directory.WORKING, Directory.METADATA, Directory.OUTPUTS, Directory.JOB)
            }
            realized = [
                self._files.read_text(
                    directory, JobFile(Directory.WORKING, RelativePath.parse(source.path)), None
                )
                for source in plan.expected.dynamic_sources
            ]
            outputs = collect(plan.expected, contents, [text for text in realized if text is not None])
            routed = [
                (each.file, plan.routes.counterpart(each.file.directory, each.target)) for each in outputs
            ]
            transfers = [Transfer(file, other) for file, other in routed if other is not None]
            outcome = partial(self._searched, phase, transfers, None)
        finally:
            self._reactor.post(outcome)

    def _move(self, phase: _Phase, name: str, transfer: Transfer) -> None:
        record = phase.records.get(name)
        progress = Progress(
            resume=record.resume if record else None,
            again=phase.again or phase.attempts[name] > 0,
            stopped=phase.stop.is_set,
            spend=self._spend,
            remember=lambda resume: self._reactor.post(
                partial(self._remember, phase, TransferRecord(key=phase.job.key, name=name, resume=resume))
            ),
        )
        move = self._mover.fetch if phase.direction is Direction.IN else self._mover.send
        # What is raised otherwise is a bug: it goes to the log, and the job does not wait for ever.
        problem: PulsarRuntimeError | None = StagingError(
            "it could not be moved; the log of the agent has why"
        )
        try:
            move(phase.job.directory, transfer, progress)
            problem = None
        except PulsarRuntimeError as exc:
            problem = exc
        finally:
            self._reactor.post(partial(self._moved, phase, name, transfer, problem))

    # --- in the thread of the reactor -------------------------------------------------------------------

    def _is_present(self, phase: _Phase) -> bool:
        return self._phases.get(phase.job.key) is phase

    def _searched(self, phase: _Phase, transfers: Sequence[Transfer], problem: str | None) -> None:
        if self._is_present(phase):
            phase.outstanding -= 1
            if problem is not None:
                phase.problems.append(problem)
            self._add(phase, transfers)

    def _remember(self, phase: _Phase, record: TransferRecord) -> None:
        if self._is_present(phase):
            phase.records[record.name] = record
            self._record(record)

    def _moved(
        self, phase: _Phase, name: str, transfer: Transfer, problem: PulsarRuntimeError | None
    ) -> None:
        if not self._is_present(phase):
            return
        if problem is None:
            phase.failures = 0
            phase.outstanding -= 1
            if phase.outstanding:
                self._record(TransferRecord(key=phase.job.key, name=name, done=True))
        elif problem.transient and self._may_repeat(phase, name):
            phase.failures += 1
            logger.warning("%s", _about(phase, transfer, problem), extra={"action": "transfer_repeated"})
            self._hold(phase, partial(self._move, phase, name, transfer))
        else:
            phase.outstanding -= 1
            tolerated = _is_tolerated(phase.direction, transfer, problem)
            about = _about(phase, transfer, problem)
            logger.warning(
                "%s", about, extra={"action": "transfer_tolerated" if tolerated else "transfer_failed"}
            )
            if not tolerated:
                phase.problems.append(f"{transfer.file.path}: {problem}")
        self._end_if_over(phase)

    def _may_repeat(self, phase: _Phase, name: str) -> bool:
        phase.attempts[name] += 1
        first = phase.first_failures.setdefault(name, self._clock())
        return phase.policy.allows(phase.attempts[name], self._clock() - first)

    def _hold(self, phase: _Phase, task: Task) -> None:
        """Let a job pause, for what one file met the next would meet too."""
        if phase.held is None:
            phase.held = self._pool.drop(phase.job.key)
            self._reactor.call_later(phase.policy.pause(phase.failures), partial(self._go_on, phase))
        phase.held.append(task)

    def _go_on(self, phase: _Phase) -> None:
        if self._is_present(phase) and phase.held is not None:
            held, phase.held = phase.held, None
            self._pool.add(phase.job.key, *held)

    def _end_if_over(self, phase: _Phase) -> None:
        # Without one of its inputs a job cannot start, so the others are of no use; outputs all are.
        if phase.outstanding and not (phase.problems and phase.direction is Direction.IN):
            return
        self.stop(phase.job.key)
        shown = "; ".join(phase.problems[:_PROBLEMS_SHOWN])
        if len(phase.problems) > _PROBLEMS_SHOWN:
            shown += f"; and {len(phase.problems) - _PROBLEMS_SHOWN} more"
        what = "input" if phase.direction is Direction.IN else "output"
        phase.ended(StagingError(f"{what} could not be moved: {shown}") if phase.problems else None)

    def _record(self, record: TransferRecord) -> None:
        if not self._unsaved:
            self._reactor.call_later(_SAVE_SECONDS, self._save)
        self._unsaved.append(record)

    def _save(self) -> None:
        if not self._unsaved:
            return
        try:
            self._store.record_transfers(self._unsaved)
        except StoreError as exc:
            if not exc.transient:
                raise
            self._reactor.call_later(_STORE_BUSY_SECONDS, self._save)
        else:
            self._unsaved = []


def _is_tolerated(direction: Direction, transfer: Transfer, problem: PulsarRuntimeError) -> bool:
    """Tell whether a job is as good without this file (protocol section 3.7)."""
    if direction is Direction.IN:
        return False
    missing = isinstance(problem, SourceMissing | FileNotThere | UnsafePath)
    return isinstance(problem, NotWanted) or (missing and transfer.file.directory is Directory.WORKING)


def _about(phase: _Phase, transfer: Transfer, problem: PulsarRuntimeError) -> str:
    return f"job {phase.job.job_id}: {transfer.file.path}: {problem}"


def _ignore(_resume: str) -> None:
    pass


#: For what is moved in one go.
_AT_ONCE = Progress(stopped=lambda: False, remember=_ignore)
