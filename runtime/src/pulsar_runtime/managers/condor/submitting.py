"""Submissions to HTCondor: a few at a time, each once, and none while it does not answer."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from string import Template

from pulsar_runtime.domain.errors import SubmitRejected
from pulsar_runtime.managers.batch import record
from pulsar_runtime.managers.batch.commands import Commands
from pulsar_runtime.managers.batch.dialect import CommandResult
from pulsar_runtime.managers.batch.host import Host
from pulsar_runtime.managers.batch.outage import Outages
from pulsar_runtime.managers.batch.pace import Pace
from pulsar_runtime.managers.condor import queue
from pulsar_runtime.managers.condor.launch import Launch
from pulsar_runtime.managers.condor.submit_description import submit_description
from pulsar_runtime.managers.real_user.sudo import is_refusal
from pulsar_runtime.ports import Reactor

#: The longest pause between attempts at what an outage prevents.
_LONGEST_RETRY_SECONDS = 60.0


class Submitting:
    """The line of launches that are to be submitted.

    *taken* hears of one that got a number, *refused* why one never will, and *unsure* of one that may have
    been taken or not. *settings* go into every submit description.
    """

    def __init__(
        self,
        *,
        commands: Commands,
        host: Host,
        reactor: Reactor,
        records: str,
        settings: Mapping[str, str],
        environment: Mapping[str, str],
        name_template: str,
        outages: Outages,
        workers: int,
        retry_seconds: float,
        taken: Callable[[Launch, int], None],
        refused: Callable[[Launch, str], None],
        unsure: Callable[[Launch], None],
    ) -> None:
        self._commands = commands
        self._host = host
        self._reactor = reactor
        self._records = records
        self._settings = settings
        self._environment = environment
        self._name = Template(name_template)
        self._workers = workers
        self._taken = taken
        self._refused = refused
        self._unsure = unsure
        #: The first one first; the values mean nothing.
        self._line: dict[Launch, None] = {}
        self._busy = 0
        self._paused = False
        self._outage = outages.of("condor_submit")
        self._retry = Pace(retry_seconds, _LONGEST_RETRY_SECONDS)

    def queue(self, launch: Launch) -> None:
        """Submit a launch when its turn comes."""
        self._line[launch] = None
        self._reactor.call_later(0.0, self._next)

    def withdraw(self, launch: Launch) -> bool:
        """Take a launch out of the line; tell whether it was still there."""
        if launch not in self._line:
            return False
        del self._line[launch]
        return True

    def took(self) -> None:
        """Hear that a job was taken, though the command that submitted it did not say so."""
        self._outage.over()

    def _next(self) -> None:
        while self._line and self._busy < self._workers and not self._paused:
            launch = next(iter(self._line))
            del self._line[launch]
            self._submit(launch)

    def _submit(self, launch: Launch) -> None:
        try:
            description = submit_description(
                launch.spec,
                records=self._records,
                log=launch.log.path,
                name=self._name.safe_substitute(job_id=launch.spec.job_id),
                environment=self._environment,
                settings=self._settings,
            )
            launch.log.make(for_user=bool(launch.spec.user))
            call = self._host.call(launch.spec, queue.SUBMIT, description)
            locked = record.create(launch.record, call.stdin)
        except SubmitRejected as exc:
            self._refused(launch, str(exc))
            return
        except OSError as exc:
            self._refused(launch, f"the job cannot be described to HTCondor: {exc.filename}: {exc.strerror}")
            return
        self._busy += 1
        try:
            self._commands.run(call.argv, partial(self._answered, launch), stdin=locked)
        finally:
            # The command has its own; the lock is free when that ends.
            os.close(locked)

    def _answered(self, launch: Launch, answer: CommandResult) -> None:
        self._busy -= 1
        cluster = queue.submitted(answer)
        if cluster is not None:
            self._outage.over()
            self._retry.quicken()
            record.note_number(launch.record, str(cluster))
            self._taken(launch, cluster)
        elif queue.is_outage(answer) and not is_refusal(answer):
            self._outage.met(answer.words)
            self._pause()
            self._unsure(launch)
        else:
            self._refused(launch, f"HTCondor does not take it: {answer.words}; look at its submit_* settings")
        self._next()

    def _pause(self) -> None:
        if not self._paused:
            self._paused = True
            self._reactor.call_later(self._retry.seconds, self._resume)
            self._retry.slow_down()

    def _resume(self) -> None:
        self._paused = False
        self._next()
