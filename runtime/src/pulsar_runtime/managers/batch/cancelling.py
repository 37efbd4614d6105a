"""Ending jobs: one command for all that are to end, again until the batch system has taken it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from pulsar_runtime.managers.batch.commands import Commands, run_call
from pulsar_runtime.managers.batch.dialect import CommandResult, Dialect
from pulsar_runtime.managers.batch.host import Host
from pulsar_runtime.managers.batch.launch import Launch, Phase
from pulsar_runtime.ports import Reactor

#: A command line has room for many more.
_MOST_AT_A_TIME = 500


class Cancelling:
    """Ends launches that have a number; the others once they have one."""

    def __init__(
        self,
        *,
        dialect: Dialect,
        host: Host,
        reactor: Reactor,
        commands: Commands,
        retry_seconds: float,
        ended: Callable[[], None],
    ) -> None:
        self._dialect = dialect
        self._host = host
        self._reactor = reactor
        self._commands = commands
        self._retry_seconds = retry_seconds
        self._ended = ended
        self._waiting: list[Launch] = []
        self._planned = False

    def cancel(self, launch: Launch) -> None:
        """End a launch, now or when `number_known` is called."""
        if launch.number is not None and launch.phase is not Phase.ENDED:
            self._waiting.append(launch)
            self._plan(0.0)

    def number_known(self, launch: Launch) -> None:
        """End a launch after all, if somebody asked for that before it had a number."""
        if launch.cancelling:
            self.cancel(launch)

    def _plan(self, seconds: float) -> None:
        if not self._planned:
            self._planned = True
            self._reactor.call_later(seconds, self._run)

    def _run(self) -> None:
        first = self._waiting[0].spec
        # A command runs as one user, and may end the jobs of that user alone.
        now = [launch for launch in self._waiting if launch.spec.user == first.user][:_MOST_AT_A_TIME]
        chosen = frozenset(now)
        self._waiting = [launch for launch in self._waiting if launch not in chosen]
        numbers = [launch.number for launch in now if launch.number is not None]
        call = self._host.call(first, self._dialect.cancel(numbers))
        run_call(self._commands, call, partial(self._told, now))

    def _told(self, launches: Sequence[Launch], result: CommandResult) -> None:
        self._planned = False
        failed = result.exit_code != 0
        if failed:
            # Perhaps because one of them had ended; what the others did is seen in the next answer.
            self._waiting += [launch for launch in launches if launch.phase is not Phase.ENDED]
        if self._waiting:
            self._plan(self._retry_seconds if failed else 0.0)
        self._ended()
