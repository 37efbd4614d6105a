"""Jobs of a DRMAA library that are submitted and ended by the user whom they run as."""

from __future__ import annotations

import json
from typing import Any

from pulsar_runtime.managers.batch.commands import Commands, run_call
from pulsar_runtime.managers.batch.dialect import CommandResult
from pulsar_runtime.managers.batch.host import Call
from pulsar_runtime.managers.drmaa import journal
from pulsar_runtime.managers.drmaa.door import Refused, Taken
from pulsar_runtime.managers.drmaa.launch import Launch, arguments, refusal
from pulsar_runtime.managers.real_user.sudo import Sudo

#: What the launcher knows `once` by.
PROGRAM = "drmaa"

#: The program's answer is in the journal when the agent is not there.
_INTO_JOURNAL = 'journal=$1; shift; exec "$@" >>"$journal"'


class UserDoor:
    """Implements `Door` with a process of the user for each request, by way of the launcher."""

    width = 4

    def __init__(
        self, *, sudo: Sudo, library: str, commands: Commands, taken: Taken, refused: Refused
    ) -> None:
        self._sudo = sudo
        self._library = library
        self._commands = commands
        self._taken = taken
        self._refused = refused

    def submit(self, launch: Launch, attributes: dict[str, str]) -> None:
        """Submit a launch as its user."""
        journal.note(launch.journal, begun=True, refused="", transient=None)
        call = self._call(launch, {"attributes": attributes, "arguments": arguments(launch)})
        keep = ("/bin/sh", "-c", _INTO_JOURNAL, "pulsar-launch", launch.journal)
        kept = Call(argv=(*keep, *call.argv), stdin=call.stdin)
        run_call(self._commands, kept, lambda answer: self._submitted(launch, answer))

    def _submitted(self, launch: Launch, answer: CommandResult) -> None:
        known = journal.read(launch.journal)
        if known.number is not None:
            self._taken(launch, known.number)
            return
        journal.note(launch.journal, begun=False)
        if known.transient is None:
            words = known.refused or answer.words
            self._refused(launch, f"the job cannot run as its user: {words}", False)  # noqa: FBT003 - as it is told
        else:
            self._refused(launch, refusal(known.refused), known.transient)

    def cancel(self, launch: Launch) -> None:
        """Have a job ended by its user; whoever follows it asks whether it did."""
        run_call(self._commands, self._call(launch, {"terminate": launch.number}), lambda _: None)

    def hear(self, answer: dict[str, Any]) -> bool:
        """Take nothing: the session submits no jobs."""
        del answer
        return False

    def forgotten(self) -> list[Launch]:
        """Return nothing: no answer depends on the session."""
        return []

    def close(self) -> None:
        """Listen to nobody any more; what runs goes on."""
        self._commands.close()

    def _call(self, launch: Launch, request: dict[str, Any]) -> Call:
        more = {"program": PROGRAM, "arguments": [self._library], "input": json.dumps(request)}
        return self._sudo.call("run", launch.spec.user, launch.spec.job_directory, **more)
