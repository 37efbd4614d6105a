"""Jobs that run as the user who asked for them (protocol section 8.2, ``queued_external_drmaa``)."""

from __future__ import annotations

import json
import os
import pwd
import re
from collections.abc import Callable
from functools import partial
from typing import Any

from pulsar_runtime.managers.batch.commands import Commands
from pulsar_runtime.managers.batch.dialect import CommandResult
from pulsar_runtime.managers.drmaa import journal
from pulsar_runtime.managers.drmaa.door import Refused, Taken
from pulsar_runtime.managers.drmaa.launch import Launch, arguments, refusal

#: As useradd(8) takes them.
_USER_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_.@-]{0,63}")

_RETRY_SECONDS = 5.0
_WORDS_SHOWN = 300

#: The launcher writes into the journal itself, which is there when the agent is not.
_INTO_JOURNAL = 'journal=$1; shift; exec "$@" >>"$journal"'


class UserDoor:
    """Implements `Door` with a launcher that has the privileges that the agent has not.

    *launcher* is the program that sudo lets the agent run as root. *mapping* is given the user from Galaxy
    and prints the user on this machine, within the limit of *mapping_commands*; without it, both are one.
    """

    width = 4

    def __init__(
        self,
        *,
        launcher: str,
        mapping: str | None,
        commands: Commands,
        mapping_commands: Commands,
        taken: Taken,
        refused: Refused,
    ) -> None:
        self._launcher = launcher
        self._mapping = mapping
        self._commands = commands
        self._mapping_commands = mapping_commands
        self._taken = taken
        self._refused = refused

    def submit(self, launch: Launch, attributes: dict[str, str]) -> None:
        """Find the job's user, hand its directory over, and submit it as that user."""
        wanted = launch.spec.submit_params.get("user", "")
        if not wanted:
            self._refuse(launch, "Galaxy's destination must say which: submit_user: $__user_name__")
        elif self._mapping is None:
            self._submit_as(launch, attributes, wanted)
        else:
            told = partial(self._mapped, launch, attributes, wanted)
            self._mapping_commands.run([self._mapping, "--", wanted], told)

    def _mapped(self, launch: Launch, attributes: dict[str, str], wanted: str, answer: CommandResult) -> None:
        if answer.exit_code == 0:
            self._submit_as(launch, attributes, answer.stdout.strip())
        else:
            self._refuse(launch, f"the user mapping script does not know {wanted!r}: {answer.words}")

    def _submit_as(self, launch: Launch, attributes: dict[str, str], user: str) -> None:
        problem = _problem_with(user)
        if problem:
            self._refuse(launch, problem)
            return
        journal.note(launch.journal, begun=True, user=user)
        request = {"attributes": attributes, "arguments": arguments(launch, umask="007")}
        self._launch(launch, {"action": "submit", **request}, partial(self._submitted, launch))

    def _submitted(self, launch: Launch, answer: CommandResult) -> None:
        known = journal.read(launch.journal)
        if known.number is not None:
            self._taken(launch, known.number)
            return
        journal.note(launch.journal, begun=False)
        if known.refused:
            # Then the launcher has given the directory back.
            journal.note(launch.journal, user=None, refused="", transient=None)
        words = known.refused or f"the launcher failed: {answer.words}"
        if known.transient is None:
            self._refuse(launch, words)
        else:
            self._refused(launch, refusal(words), known.transient)

    def cancel(self, launch: Launch) -> None:
        """Have a job ended by its user; whoever follows it asks whether it did."""
        self._launch(launch, {"action": "terminate", "number": launch.number}, lambda _: None)

    def leave(self, launch: Launch, done: Callable[[str], None]) -> None:
        """Make the directory ours again."""
        if journal.read(launch.journal).user is None:
            done("")
            return
        self._launch(launch, {"action": "take_back"}, partial(self._taken_back, done))

    @staticmethod
    def _taken_back(done: Callable[[str], None], answer: CommandResult) -> None:
        words = answer.stdout.strip() or answer.words
        done("" if answer.exit_code == 0 else f"its directory could not be taken back: {words}")

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
        self._mapping_commands.close()

    def _refuse(self, launch: Launch, words: str) -> None:
        self._refused(launch, f"the job cannot run as its user: {words}", False)  # noqa: FBT003 - as it is told

    def _launch(self, launch: Launch, request: dict[str, Any], told: Callable[[CommandResult], None]) -> None:
        user = journal.read(launch.journal).user
        text = json.dumps({**request, "user": user, "directory": launch.spec.job_directory})
        sudo = ("sudo", "-n", self._launcher)
        keep = ("/bin/sh", "-c", _INTO_JOURNAL, "pulsar-launch", launch.journal)
        stdin = os.memfd_create("request")
        try:
            os.write(stdin, text.encode())
            os.lseek(stdin, 0, os.SEEK_SET)
            argv = (*keep, *sudo) if request["action"] == "submit" else sudo
            self._commands.run(argv, told, stdin=stdin)
        finally:
            os.close(stdin)


def _problem_with(user: str) -> str:
    """Say why nobody's job can run as *user*, if that is so."""
    if not _USER_NAME.fullmatch(user):
        return f"{user[:_WORDS_SHOWN]!r} cannot be the name of a user"
    try:
        found = pwd.getpwnam(user)
    except KeyError:
        return f"there is no user {user!r} on this machine"
    return "jobs cannot run as root" if found.pw_uid == 0 else ""
