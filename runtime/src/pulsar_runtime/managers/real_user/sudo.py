"""What is asked of the launcher, which sudo(8) runs as root."""

from __future__ import annotations

import json

import attrs

from pulsar_runtime.managers.batch.dialect import CommandResult
from pulsar_runtime.managers.batch.host import Call

#: What they say then begins so.
_REFUSALS = ("pulsar-runtime-launcher: ", "sudo: ")


@attrs.frozen
class Sudo:
    """Makes calls of the launcher at this path."""

    launcher: str

    def call(self, action: str, user: str, directory: str, **more: object) -> Call:
        """Return the call that has an action done for a user, and for the job with this directory."""
        request = {"action": action, "user": user, "directory": directory, **more}
        return Call(argv=("sudo", "-n", self.launcher), stdin=f"{json.dumps(request)}\n")


def is_refusal(answer: CommandResult) -> bool:
    """Tell whether the launcher, or sudo, did not even run the command."""
    return answer.exit_code not in (None, 0) and answer.stderr.startswith(_REFUSALS)
