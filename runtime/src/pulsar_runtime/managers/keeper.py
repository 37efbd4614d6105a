"""The keeper: a tiny shell around a job that outlives the agent and records how the job ended."""

from __future__ import annotations

import os
import pwd
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Mapping, Sequence

import attrs

from pulsar_runtime.domain.job import LaunchSpec
from pulsar_runtime.managers import launch_record
from pulsar_runtime.managers.processes import MARK_VARIABLE

#: Standard input is the locked record. The job gets neither the record nor a way to it in its arguments,
#: and a signal to the whole session ends the job but not the one who records it. When the host goes down,
#: every process is told to end; then the record says that the keeper was told, too.
_KEEPER = """\
exec 3>&0 </dev/null
trap : HUP INT
trap told=told TERM
echo $$ >&3 || exit 125
"$@" 3>&-
echo "exit $? ${told-}" >&3
"""

#: O_NONBLOCK: without it, a FIFO that an earlier start of the job left would hold the agent for ever.
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

#: Makes the command that is a job, from its launch and its mark.
Job = Callable[[LaunchSpec, str], Sequence[str]]


@attrs.frozen
class Started:
    """A keeper that was just started, and the mark that all processes of its job carry."""

    process: subprocess.Popen[bytes]
    mark: str


def own_job(spec: LaunchSpec, _mark: str) -> Sequence[str]:
    """Return the command that is a job as the user whom we run as."""
    return ("/bin/bash", spec.script)


def start(
    spec: LaunchSpec,
    record: str,
    environ: Mapping[str, str],
    job: Job = own_job,
) -> Started:
    """Start the job of *spec* in a session of its own, under a keeper that writes to *record*.

    Raises `FileExistsError` if this launch was begun before, and `OSError` if it cannot be now; then
    nothing was started and no record stays.
    """
    mark = uuid.uuid4().hex
    lock = launch_record.create(record, mark)
    opened = [lock]
    try:
        opened.extend(os.open(stream, _CREATE, 0o666) for stream in (spec.stdout, spec.stderr))
        process = subprocess.Popen(
            ["/bin/sh", "-c", _KEEPER, "pulsar-keeper", *job(spec, mark)],
            stdin=lock,
            stdout=opened[1],
            stderr=opened[2],
            cwd=spec.working_directory,
            env={**job_environment(environ), MARK_VARIABLE: mark},
            start_new_session=True,
            # All descriptors of the agent close by themselves at exec (PEP 446).
            close_fds=False,
        )
    except BaseException:
        os.unlink(record)
        raise
    finally:
        for descriptor in opened:
            os.close(descriptor)
    return Started(process, mark)


def job_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return all that a local job sees of the server's environment (protocol section 8.2)."""
    return {
        "HOME": environ.get("HOME") or pwd.getpwuid(os.geteuid()).pw_dir,
        "PATH": environ.get("PATH") or os.defpath,
        "TMPDIR": environ.get("TMPDIR") or tempfile.gettempdir(),
        "LC_CTYPE": "C.UTF-8",
    }
