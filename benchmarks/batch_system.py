"""A stand-in of Slurm: commands that take as long as Slurm's own, and jobs that run for ever."""

from __future__ import annotations

import shlex
from pathlib import Path

import attrs

#: What Slurm's own took on a machine with a controller and a node, with 500 and with 5000 jobs.
SUBMIT_SECONDS = 0.006
LIST_SECONDS = 0.006

#: The number of a job is in its name, before the mark of the server.
_SUBMIT = """\
#!/bin/sh
sleep {seconds}
for word; do
  case $word in --job-name=*) name=${{word#*=}} ;; esac
done
number=${{name#pulsar_}}
number=${{number%%.*}}
echo "$number|$name|RUNNING|None" >>{jobs}
echo "$number"
"""
_LIST = """\
#!/bin/sh
echo >>{questions}
sleep {seconds}
echo 'JOBID|NAME|STATE|REASON'
exec cat {jobs}
"""
_CANCEL = "#!/bin/sh\n"
_NO_BOOKS = "#!/bin/sh\necho 'Slurm accounting storage is disabled' >&2\nexit 1\n"


@attrs.frozen
class BatchSystem:
    """What of it is in a directory."""

    directory: Path

    @classmethod
    def installed(cls, directory: Path) -> BatchSystem:
        """Write the commands, and no job."""
        made = cls(directory)
        made.commands.mkdir(parents=True)
        made._jobs.touch()
        made._questions.touch()
        jobs, questions = shlex.quote(str(made._jobs)), shlex.quote(str(made._questions))
        for name, text in {
            "sbatch": _SUBMIT.format(seconds=SUBMIT_SECONDS, jobs=jobs),
            "squeue": _LIST.format(seconds=LIST_SECONDS, jobs=jobs, questions=questions),
            "scancel": _CANCEL,
            "sacct": _NO_BOOKS,
        }.items():
            command = made.commands / name
            command.write_text(text)
            command.chmod(0o755)
        return made

    @property
    def commands(self) -> Path:
        """Where the commands are."""
        return self.directory / "bin"

    def jobs(self) -> int:
        """Count the jobs."""
        return len(self._jobs.read_bytes().splitlines())

    def questions(self) -> int:
        """Count how often it was asked for its jobs."""
        return self._questions.stat().st_size

    @property
    def _jobs(self) -> Path:
        return self.directory / "jobs"

    @property
    def _questions(self) -> Path:
        return self.directory / "questions"
