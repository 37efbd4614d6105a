"""Jobs on this machine that run as their users, by way of the launcher."""

from __future__ import annotations

import signal
from collections.abc import Callable, Collection, Sequence
from functools import partial

from pulsar_runtime.domain.job import LaunchSpec
from pulsar_runtime.managers.batch.commands import Commands, run_call
from pulsar_runtime.managers.batch.dialect import CommandResult
from pulsar_runtime.managers.real_user.sudo import Sudo

#: What the launcher knows the start of a job by, and `managers.processes`.
JOB, END = "job", "end"

#: The request is the launcher's standard input; a here-document takes no other process.
_ASK = 'exec "$@" <<END\n$0\nEND\n'

#: Told the processes that are left; None if nobody can tell.
Told = Callable[[frozenset[int] | None], None]


class UserProcesses:
    """Starts jobs as their users, and ends them."""

    def __init__(self, sudo: Sudo, commands: Commands) -> None:
        self._sudo = sudo
        self._commands = commands

    def job(self, spec: LaunchSpec, mark: str) -> Sequence[str]:
        """Return the command that becomes the job, whose processes carry *mark*."""
        arguments = [mark, spec.working_directory, spec.script]
        call = self._sudo.call("become", spec.user, spec.job_directory, program=JOB, arguments=arguments)
        return ("/bin/sh", "-c", _ASK, call.stdin.strip(), *call.argv)

    def end(
        self, spec: LaunchSpec, mark: str, number: signal.Signals, spared: Collection[int], told: Told
    ) -> None:
        """Send a signal to all processes of a job but those to be spared."""
        arguments = [mark, int(number), *spared]
        call = self._sudo.call("run", spec.user, spec.job_directory, program=END, arguments=arguments)
        run_call(self._commands, call, partial(_heard, told))

    def close(self) -> None:
        """Tell nobody any more."""
        self._commands.close()


def _heard(told: Told, answer: CommandResult) -> None:
    told(frozenset(map(int, answer.stdout.split())) if answer.exit_code == 0 else None)
