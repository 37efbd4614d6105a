"""From a submission to the files that a manager starts."""

from __future__ import annotations

import contextlib
import errno
import os

import attrs

from pulsar_runtime.domain.environment import EnvironmentStatement
from pulsar_runtime.domain.errors import DiskFull, SubmitRejected
from pulsar_runtime.domain.job import Job, LaunchSpec, Submission
from pulsar_runtime.domain.paths import Directory
from pulsar_runtime.managers.job_script import JobScript, render

_SCRIPT_NAME = "command.sh"


@attrs.frozen(kw_only=True)
class ScriptPreparer:
    """Implements the port `LaunchPreparer` with a job script (protocol section 8.3)."""

    #: The manager's own statements, after the job's.
    environment: tuple[EnvironmentStatement, ...] = ()
    galaxy_home: str | None = None
    galaxy_virtual_env: str | None = None
    #: A shell expression; None for a directory of the job's own.
    tmp_dir: str | None = None
    #: Whether what a job makes is open to the group of its directory, and closed to everybody else.
    shared_with_group: bool = False

    def prepare(self, job: Job, submission: Submission) -> None:
        """Write the job script; raises `SubmitRejected` or `DiskFull`."""
        setup = submission.setup
        text = render(
            JobScript(
                job_directory=job.directory,
                command_line=submission.command_line,
                environment=submission.environment + self.environment,
                preserve_galaxy_environment=setup is not None and setup.preserve_galaxy_environment,
                galaxy_home=self.galaxy_home,
                galaxy_virtual_env=self.galaxy_virtual_env,
                tmp_dir=self.tmp_dir,
                headers=("umask 007",) if self.shared_with_group else (),
            )
        )
        try:
            for name in ("home", "tmp"):
                with contextlib.suppress(FileExistsError):
                    os.mkdir(os.path.join(job.directory, name), 0o700)
            _write(os.path.join(job.directory, _SCRIPT_NAME), text, 0o700)
        except OSError as exc:
            if exc.errno in (errno.ENOSPC, errno.EDQUOT):
                raise DiskFull(f"no space left for the job script of job {job.job_id}") from exc
            raise SubmitRejected(f"the job script cannot be written: {exc.filename}: {exc.strerror}") from exc

    def spec(self, job: Job, submission: Submission) -> LaunchSpec:
        """Return what a manager needs to start the prepared job."""
        metadata = os.path.join(job.directory, Directory.METADATA)
        return LaunchSpec(
            launch_id=job.launch_id,
            script=os.path.join(job.directory, _SCRIPT_NAME),
            working_directory=os.path.join(job.directory, Directory.WORKING),
            stdout=os.path.join(metadata, "job_stdout"),
            stderr=os.path.join(metadata, "job_stderr"),
            external_id=job.external_id,
            job_id=job.job_id,
            job_directory=job.directory,
            submit_params=submission.submit_params,
        )

    def explain(self, job: Job, reason: str) -> None:
        """Leave the reason of a failure in the job directory, if that is possible."""
        # The same reason is in the store; a directory that is gone or full must not stop the failure.
        with contextlib.suppress(OSError):
            _write(os.path.join(job.directory, "stderr"), reason + "\n", 0o600)


def _write(path: str, text: str, mode: int) -> None:
    """Replace a file; a link that a job left in its place is not followed."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with open(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
