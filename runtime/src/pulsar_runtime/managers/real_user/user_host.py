"""This host, where the commands about a job run as the job's user."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from pulsar_runtime.domain.job import LaunchSpec
from pulsar_runtime.managers.batch.host import Call
from pulsar_runtime.managers.real_user.sudo import Sudo


@attrs.frozen
class UserHost:
    """Implements `Host`; questions about all jobs are asked as the agent."""

    sudo: Sudo

    def argv(self, command: Sequence[str]) -> list[str]:
        """Return the command as it is."""
        return list(command)

    def call(self, spec: LaunchSpec, command: Sequence[str], stdin: str = "") -> Call:
        """Return how to run a command as the job's user."""
        program, *arguments = command
        return self.sudo.call(
            "run", spec.user, spec.job_directory, program=program, arguments=arguments, input=stdin
        )
