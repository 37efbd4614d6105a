"""The script that a batch system is given: it starts the job script with its streams where they belong.

So no path goes through the batch system's own options, where ``%``, ``$`` or ``:`` may mean something else,
and the streams are on the shared file system while the job runs.
"""

from __future__ import annotations

import shlex

from pulsar_runtime.domain.job import LaunchSpec


def launcher(spec: LaunchSpec, memory_mb: int | None) -> str:
    """Return the launcher of a job; *memory_mb* is what was asked for, where the job cannot find out."""
    lines = ["#!/bin/bash"]
    if memory_mb is not None:
        lines.append(f"export GALAXY_MEMORY_MB={memory_mb}")
    script, stdout, stderr = map(shlex.quote, (spec.script, spec.stdout, spec.stderr))
    lines.append(f"exec /bin/bash {script} </dev/null >{stdout} 2>{stderr}")
    return "\n".join(lines) + "\n"
