"""Submissions: a few commands at a time, and none for a job that the batch system may have already."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path

import attrs

from pulsar_runtime.managers.batch import record
from pulsar_runtime.managers.batch.commands import Commands
from pulsar_runtime.managers.batch.dialect import CommandResult, Dialect
from pulsar_runtime.managers.batch.host import Host
from pulsar_runtime.managers.batch.launch import Launch, Phase
from pulsar_runtime.managers.batch.launcher import launcher
from pulsar_runtime.managers.batch.outage import Outages
from pulsar_runtime.managers.real_user.sudo import is_refusal
from pulsar_runtime.ports import Reactor

#: How soon a submission of an earlier agent is looked at again.
_SETTLE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 60.0

#: What ssh and shells say when the command itself was not even started.
_NOT_REACHED = re.compile(
    r"connection (refused|timed out|closed|reset)|host key verification failed|could not resolve hostname"
    r"|no route to host|network is unreachable|kex_exchange|broken pipe|permission denied \(|client_loop"
    r"|command not found",
    re.IGNORECASE,
)


@attrs.frozen(kw_only=True)
class Fates:
    """Who is told what became of a submission."""

    #: The batch system has the job, by this number.
    taken: Callable[[Launch, str], None]
    #: It does not want it, for this reason.
    refused: Callable[[Launch, str], None]
    #: The next good answer about all jobs tells.
    unsure: Callable[[Launch], None]


class Submitting:
    """Submits what is queued, in its order, and pauses while that fails."""

    def __init__(
        self,
        *,
        dialect: Dialect,
        host: Host,
        records: Path,
        reactor: Reactor,
        commands: Commands,
        fates: Fates,
        outages: Outages,
        workers: int,
        retry_seconds: float,
    ) -> None:
        self._dialect = dialect
        self._host = host
        self._records = str(records)
        self._reactor = reactor
        self._commands = commands
        self._fates = fates
        self._workers = workers
        self._retry_seconds = retry_seconds
        self._pause = retry_seconds
        self._waiting: deque[Launch] = deque()
        self._busy = 0
        self._start_planned = False
        self._paused = False
        self._outage = outages.of(f"{dialect.title} takes no jobs")

    def path(self, launch: Launch) -> str:
        """Return where the record of a launch is."""
        return f"{self._records}/{launch.spec.launch_id}"

    def queue(self, launch: Launch) -> None:
        """Submit a launch of which it is certain that it was not."""
        launch.phase = Phase.WAITING
        self._waiting.append(launch)
        self._plan_start()

    def withdraw(self, launch: Launch) -> None:
        """Take back a launch that waits."""
        self._waiting.remove(launch)

    def settle(self, launch: Launch) -> None:
        """Say that a launch is unsure, once no command of an earlier agent submits it any more."""
        if launch.phase is not Phase.UNSURE:
            return
        if record.being_submitted(self.path(launch)):
            self._reactor.call_later(_SETTLE_SECONDS, partial(self.settle, launch))
        else:
            self._fates.unsure(launch)

    def took(self) -> None:
        """Hear that a job was taken, though the command that submitted it did not say so."""
        self._outage.over()

    def _plan_start(self) -> None:
        if not self._start_planned:
            self._start_planned = True
            self._reactor.call_later(0.0, self._start)

    def _start(self) -> None:
        self._start_planned = False
        workers = 1 if self._outage.lasts else self._workers
        while self._waiting and self._busy < workers and not self._paused:
            self._submit(self._waiting.popleft())

    def _submit(self, launch: Launch) -> None:
        text = launcher(launch.spec, launch.request.memory_mb)
        call = self._host.call(launch.spec, self._dialect.submit(launch.request), text)
        try:
            descriptor = record.create(self.path(launch), call.stdin)
        except OSError as exc:
            self._waiting.appendleft(launch)
            self._fail(f"{exc.filename or self.path(launch)}: {exc.strerror}")
            return
        launch.phase = Phase.SUBMITTING
        self._busy += 1
        self._commands.run(call.argv, partial(self._answered, launch), stdin=descriptor)
        os.close(descriptor)

    def _answered(self, launch: Launch, result: CommandResult) -> None:
        self._busy -= 1
        number = self._dialect.read_number.search(result.stdout) if result.exit_code == 0 else None
        if number is not None:
            self._outage.over()
            self._pause = self._retry_seconds
            self._fates.taken(launch, number[1])
        elif not is_refusal(result) and (result.exit_code in (None, 0) or self._passing(result.words)):
            self._fail(result.words)
            launch.phase = Phase.UNSURE
            self.settle(launch)
        else:
            self._fates.refused(launch, self._refusal(result.words))
        self._plan_start()

    def _passing(self, words: str) -> bool:
        return bool(self._dialect.outage.search(words) or _NOT_REACHED.search(words))

    def _refusal(self, words: str) -> str:
        option = self._dialect.hint(words)
        look = f"; look at {option}, in the manager's options or the job's submit_native_specification"
        return f"{self._dialect.title} refused the job: {words}{look if option else ''}"

    def _fail(self, words: str) -> None:
        self._outage.met(words)
        if not self._paused:
            self._paused = True
            self._reactor.call_later(self._pause, self._try_again)
            self._pause = min(2 * self._pause, _LONGEST_PAUSE_SECONDS)

    def _try_again(self) -> None:
        self._paused = False
        self._start()
