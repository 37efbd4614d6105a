"""A host without Slurm's commands, where a program asks the REST API in their place."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence

import attrs

from pulsar_runtime.domain.job import LaunchSpec
from pulsar_runtime.managers.batch.dialects import slurm
from pulsar_runtime.managers.batch.host import Call
from pulsar_runtime.managers.slurmrestd.program import NO_ANSWER

#: What Slurm is told and answers, by way of the program. The books have an API that needs a database of
#: Slurm's; the controller tells of jobs for some minutes after their end, and return codes do for ever.
DIALECT = attrs.evolve(
    slurm.DIALECT,
    commands=(),
    accounting=None,
    read_accounting=None,
    outage=re.compile(f"^{NO_ANSWER}: |{slurm.DIALECT.outage.pattern}", slurm.DIALECT.outage.flags),
)

_PROGRAM = (sys.executable, "-I", "-m", "pulsar_runtime.managers.slurmrestd.program")


@attrs.frozen(kw_only=True)
class SlurmrestdHost:
    """Implements `Host` with the program, which runs here."""

    url: str
    user: str
    token_file: str | None
    #: That of jobs, for the API hands on none.
    environment: Mapping[str, str]

    def argv(self, command: Sequence[str]) -> list[str]:
        """Return the program with a command as its argument."""
        return [*_PROGRAM, json.dumps(attrs.asdict(self)), *command]

    def call(self, spec: LaunchSpec, command: Sequence[str], stdin: str = "") -> Call:
        """Return the same for a command that reads something."""
        del spec
        return Call(argv=self.argv(command), stdin=stdin)
