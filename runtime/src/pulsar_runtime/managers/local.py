"""Jobs on this machine: ``queued_python`` with a limit, ``unqueued`` without."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from enum import Enum
from functools import partial
from pathlib import Path

import attrs

from pulsar_runtime.domain.ids import ExternalId
from pulsar_runtime.domain.job import LaunchSpec, Observation
from pulsar_runtime.domain.status import SchedulerState
from pulsar_runtime.managers import keeper, launch_record, processes
from pulsar_runtime.managers.real_user.user_processes import UserProcesses
from pulsar_runtime.ports import Reactor

#: Why a start may succeed later: the machine is out of something, or its disk does not answer. Anything
#: else is wrong with the one job, which must not hold up the others.
_PASSING = frozenset(
    {
        errno.EAGAIN,
        errno.ENOMEM,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EIO,
        errno.ESTALE,
    }
)
_RETRY_SECONDS = 2.0

#: How soon a keeper that an earlier agent had just started is looked at again.
_SETTLE_SECONDS = 0.05

#: Pauses while processes are being ended: short at first, as most obey at once.
_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 5.0


class _Phase(Enum):
    WAITING = "waiting"
    RUNNING = "running"
    ENDED = "ended"


_PENDING = Observation(state=SchedulerState.PENDING)


@attrs.define(kw_only=True)
class _Launch:
    spec: LaunchSpec
    phase: _Phase = _Phase.WAITING
    observation: Observation = _PENDING
    #: What will be observed once its last process is gone.
    verdict: Observation = _PENDING
    #: What all its processes carry.
    mark: str = ""
    #: The keeper, while it lives.
    pid: int | None = None
    pidfd: int | None = None
    #: The keeper as our child, if this agent started it.
    process: subprocess.Popen[bytes] | None = None
    #: Whether its processes are being ended.
    ending: bool = False
    #: The processes that were asked to end.
    asked: set[int] = attrs.field(factory=set)


class LocalManager:
    """Implements the port `JobManager` with processes that go on when the agent ends.

    *limit* jobs run at once, first come first served; None means no limit. *records* is a directory of
    its own, out of the jobs' reach. *changed* is called with the id of a job whose observation changed.
    With *user_processes*, each job runs as its user.
    """

    def __init__(
        self,
        *,
        limit: int | None,
        records: Path,
        reactor: Reactor,
        changed: Callable[[ExternalId], None],
        environ: Mapping[str, str],
        kill_after_seconds: float = 5.0,
        user_processes: UserProcesses | None = None,
    ) -> None:
        self._limit = limit
        self._records = str(records)
        self._reactor = reactor
        self._changed = changed
        self._environ = environ
        self._kill_after = kill_after_seconds
        self._user_processes = user_processes
        self._job = keeper.own_job if user_processes is None else user_processes.job
        self._launches: dict[ExternalId, _Launch] = {}
        self._waiting: deque[ExternalId] = deque()
        #: Which launches may have been started, by an agent that was killed at once; until that is known,
        #: nothing else is started in what may be their place.
        self._unsettled: set[ExternalId] = set()
        self._running = 0
        self._start_planned = False

    def submit(self, spec: LaunchSpec) -> ExternalId:
        """Queue the job, or find it again if an earlier agent started it."""
        external_id = ExternalId(spec.launch_id)
        if external_id not in self._launches:
            self._launches[external_id] = _Launch(spec=spec)
            if os.path.exists(self._record(external_id)):
                self._adopt(external_id)
            elif spec.external_id == external_id:
                reason = "its launch record was removed: whether it still runs is not known"
                self._end(external_id, Observation(state=SchedulerState.VANISHED, reason=reason))
            else:
                self._queue(external_id)
        return external_id

    def observe(self, ids: Collection[ExternalId]) -> Mapping[ExternalId, Observation]:
        """Say what is known of these jobs."""
        return {known: self._launches[known].observation for known in ids if known in self._launches}

    def cancel(self, external_id: ExternalId) -> None:
        """Begin to end a job: TERM to all its processes, KILL to those that are left after a while."""
        launch = self._launches.get(external_id)
        if launch is None or launch.ending or launch.phase is _Phase.ENDED:
            return
        if external_id in self._unsettled:
            self._reactor.call_later(_SETTLE_SECONDS, lambda: self.cancel(external_id))
        elif launch.phase is _Phase.WAITING:
            self._waiting.remove(external_id)
            self._end(external_id, Observation(state=SchedulerState.ENDED, reason="it never started"))
        else:
            launch.ending = True
            self._press(external_id, elapsed=0.0, pause=_FIRST_PAUSE_SECONDS)

    def forget(self, external_id: ExternalId) -> None:
        """Drop the record of a job whose end is in the store."""
        if self._launches.pop(external_id, None) is not None:
            with suppress(FileNotFoundError):
                os.unlink(self._record(external_id))

    def close(self) -> None:
        """Stop observing; running jobs go on."""
        for launch in self._launches.values():
            self._unwatch(launch)
        if self._user_processes is not None:
            self._user_processes.close()

    def _queue(self, external_id: ExternalId) -> None:
        self._waiting.append(external_id)
        # Not on the spot: after a restart, all running jobs are found again before the first new one starts.
        self._plan_start(0.0)

    def _plan_start(self, seconds: float) -> None:
        if not self._start_planned:
            self._start_planned = True
            self._reactor.call_later(seconds, self._start_waiting)

    def _start_waiting(self) -> None:
        self._start_planned = False
        if self._unsettled:
            return
        while self._waiting and (self._limit is None or self._running < self._limit):
            external_id = self._waiting[0]
            try:
                started = keeper.start(
                    self._launches[external_id].spec, self._record(external_id), self._environ, self._job
                )
            except OSError as exc:
                if exc.errno in _PASSING:
                    self._plan_start(_RETRY_SECONDS)
                    return
                self._waiting.popleft()
                reason = f"the job could not be started: {exc.filename}: {exc.strerror}"
                self._end(external_id, Observation(state=SchedulerState.ENDED, reason=reason))
            else:
                self._waiting.popleft()
                self._launches[external_id].process = started.process
                self._follow(external_id, started.process.pid, started.mark)

    def _adopt(self, external_id: ExternalId) -> None:
        """Take up a launch that an earlier agent began."""
        path = self._record(external_id)
        self._unsettled.discard(external_id)
        # In this order: a keeper that ends in between has written its last line before it let go.
        lives = launch_record.keeper_lives(path)
        record = launch_record.read(path)
        if record is None or (record.pid is None and not lives):
            with suppress(FileNotFoundError):
                os.unlink(path)
            if self._launches[external_id].spec.external_id == external_id:
                reason = "the host went down while it ran, and its launch record with it"
                self._end(external_id, Observation(state=SchedulerState.INTERRUPTED, reason=reason))
            else:
                # The earlier agent did not get as far as starting it.
                self._queue(external_id)
        elif record.pid is None:
            self._unsettled.add(external_id)
            self._reactor.call_later(_SETTLE_SECONDS, lambda: self._adopt(external_id))
        elif lives:
            self._follow(external_id, record.pid, record.mark)
        else:
            self._occupy(external_id, record.mark)
            self._judge(external_id, _last_observation(record))
        self._plan_start(0.0)

    def _follow(self, external_id: ExternalId, pid: int, mark: str) -> None:
        """Wait for the end of a living keeper."""
        launch = self._occupy(external_id, mark)
        launch.pid = pid
        launch.observation = Observation(state=SchedulerState.RUNNING)
        try:
            launch.pidfd = os.pidfd_open(pid)
        except ProcessLookupError:
            # It ended since its lock was tried.
            self._reactor.call_later(0.0, lambda: self._keeper_ended(external_id))
        else:
            self._reactor.watch(launch.pidfd, lambda: self._keeper_ended(external_id))
        self._changed(external_id)

    def _occupy(self, external_id: ExternalId, mark: str) -> _Launch:
        launch = self._launches[external_id]
        launch.phase, launch.mark = _Phase.RUNNING, mark
        self._running += 1
        return launch

    def _keeper_ended(self, external_id: ExternalId) -> None:
        launch = self._launches[external_id]
        self._unwatch(launch)
        launch.pid = None
        status = launch.process.wait() if launch.process is not None else 0
        record = launch_record.read(self._record(external_id))
        if record is None:
            verdict = Observation(state=SchedulerState.VANISHED, reason="its launch record was removed")
        elif record.exit_code is None and status < 0:
            reason = f"its keeper was ended by signal {-status}"
            verdict = Observation(state=SchedulerState.ENDED, exit_code=status, reason=reason)
        else:
            verdict = _last_observation(record)
        self._judge(external_id, verdict)

    def _judge(self, external_id: ExternalId, verdict: Observation) -> None:
        """Take note of how a launch without a keeper ended; its last process may still have to go."""
        launch = self._launches[external_id]
        launch.verdict = verdict
        # A job that ended by itself may leave a process behind; a job that lost its keeper may not.
        orderly = verdict.exit_code is not None and verdict.exit_code >= 0
        if (orderly and not launch.ending) or not self._may_have_processes(launch):
            self._finish(external_id)
        elif not launch.ending:
            launch.ending = True
            self._press(external_id, elapsed=0.0, pause=_FIRST_PAUSE_SECONDS)

    def _may_have_processes(self, launch: _Launch) -> bool:
        # Those of other users are seen by these users alone.
        return self._user_processes is not None or bool(processes.members(launch.mark, None))

    def _press(self, external_id: ExternalId, *, elapsed: float, pause: float) -> None:
        """Signal what is left of a launch, again and again, until nothing is."""
        launch = self._launches.get(external_id)
        if launch is None or launch.phase is _Phase.ENDED:
            return
        if self._user_processes is not None:
            kill = elapsed >= self._kill_after
            number, spared = (signal.SIGKILL, set[int]()) if kill else (signal.SIGTERM, launch.asked)
            told = partial(self._pressed, external_id, elapsed, pause)
            self._user_processes.end(launch.spec, launch.mark, number, spared, told)
            return
        left = processes.members(launch.mark, launch.pid)
        if not left and launch.pid is None:
            self._finish(external_id)
            return
        if elapsed < self._kill_after:
            # Each is asked once; one that was forked since the last look is asked now.
            processes.send(left - launch.asked, signal.SIGTERM, launch.mark, launch.pid)
            launch.asked |= left
        else:
            processes.send(left, signal.SIGKILL, launch.mark, launch.pid)
        self._press_again(external_id, elapsed, pause)

    def _pressed(
        self, external_id: ExternalId, elapsed: float, pause: float, left: frozenset[int] | None
    ) -> None:
        """Hear which processes of a user are left."""
        launch = self._launches.get(external_id)
        if launch is None or launch.phase is _Phase.ENDED:
            return
        if not left and launch.pid is None:
            self._finish(external_id)
            return
        launch.asked |= left or frozenset()
        self._press_again(external_id, elapsed, pause)

    def _press_again(self, external_id: ExternalId, elapsed: float, pause: float) -> None:
        if elapsed < self._kill_after:
            pause = min(pause, self._kill_after - elapsed)
        later = elapsed + pause
        following = _FIRST_PAUSE_SECONDS if later >= self._kill_after > elapsed else pause * 2
        self._reactor.call_later(
            pause,
            lambda: self._press(external_id, elapsed=later, pause=min(following, _LONGEST_PAUSE_SECONDS)),
        )

    def _finish(self, external_id: ExternalId) -> None:
        self._running -= 1
        self._end(external_id, self._launches[external_id].verdict)
        self._plan_start(0.0)

    def _end(self, external_id: ExternalId, observation: Observation) -> None:
        launch = self._launches[external_id]
        launch.phase = _Phase.ENDED
        launch.observation = observation
        self._changed(external_id)

    def _unwatch(self, launch: _Launch) -> None:
        if launch.pidfd is not None:
            self._reactor.unwatch(launch.pidfd)
            os.close(launch.pidfd)
            launch.pidfd = None

    def _record(self, external_id: ExternalId) -> str:
        return f"{self._records}/{external_id}"


def _last_observation(record: launch_record.LaunchRecord) -> Observation:
    """Say what the record of a launch without a keeper means."""
    went_down = record.boot != launch_record.boot_identity()
    # A host that goes down tells every process to end, the keeper too; then the job was cut off.
    if record.exit_code is not None and not (went_down and record.told):
        return Observation(state=SchedulerState.ENDED, exit_code=record.exit_code)
    if went_down:
        return Observation(state=SchedulerState.INTERRUPTED, reason="the host went down while it ran")
    return Observation(state=SchedulerState.VANISHED, reason="its keeper ended without a word")
