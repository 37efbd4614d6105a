"""A batch system in a directory: real processes, one file that says what is known of each job.

A program of its own, run by the commands that `install` makes: ``cluster.py DIRECTORY DIALECT COMMAND ...``.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: Where this program finds the modules beside it.
_ROOT = Path(__file__).parents[3]

#: Runs a job's script, and leaves its exit code in one step.
_RUN = 'cd / && /bin/bash "$1"; echo $? > "$2.part" && mv "$2.part" "$2"'

Job = dict[str, Any]


class Cluster:
    """What all commands of all dialects do."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @contextlib.contextmanager
    def jobs(self) -> Iterator[dict[str, Job]]:
        """Give all jobs by their numbers, as they are now; changes are kept."""
        with (self.directory / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            path = self.directory / "jobs.json"
            jobs: dict[str, Job] = json.loads(path.read_text()) if path.exists() else {}
            self._tick(jobs)
            yield jobs
            self._tick(jobs)
            # In one step: a process may end in the middle.
            part = path.with_name("jobs.json.part")
            part.write_text(json.dumps(jobs))
            part.replace(path)

    def submit(self, name: str, script: str) -> str:
        """Queue a job; return its number."""
        with self.jobs() as jobs:
            number = str(len(jobs) + 1)
            (self.directory / f"{number}.sh").write_text(script)
            jobs[number] = {"number": number, "name": name, "state": "pending", "code": None}
        return number

    def cancel(self, numbers: list[str]) -> bool:
        """End jobs; tell whether all of them were there and had not ended."""
        with self.jobs() as jobs:
            there = [jobs[number] for number in numbers if number in jobs and not _ended(jobs[number])]
            for job in there:
                self.end(job, "cancelled")
        return len(there) == len(numbers)

    def end(self, job: Job, state: str) -> None:
        """Kill a job, for the reason that its state is."""
        if job["state"] == "running":
            with contextlib.suppress(ProcessLookupError):
                os.killpg(job["pid"], signal.SIGKILL)
        job.update(state=state, code=None)

    def _tick(self, jobs: dict[str, Job]) -> None:
        for number, job in jobs.items():
            left = self.directory / f"{number}.exit"
            if job["state"] == "running" and left.exists():
                job.update(state="done", code=int(left.read_text()))
        slots = int((self.directory / "slots").read_text())
        running = sum(job["state"] == "running" for job in jobs.values())
        waiting = [job for job in jobs.values() if job["state"] == "pending"]
        for job in waiting[: max(0, slots - running)]:
            number = job["number"]
            (self.directory / f"{number}.exit").unlink(missing_ok=True)
            arguments = [str(self.directory / f"{number}.sh"), str(self.directory / f"{number}.exit")]
            nothing = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_RDWR, 0) for stream in (0, 1, 2)]
            # Nobody waits for it, least of all a command that has to end.
            pid = os.posix_spawn(
                "/bin/sh",
                ["/bin/sh", "-c", _RUN, "job", *arguments],
                os.environ,
                file_actions=nothing,
                setsid=True,
            )
            job.update(state="running", pid=pid)


def _ended(job: Job) -> bool:
    return job["state"] not in ("pending", "running")


def misbehave(directory: Path, command: str, dialect: str) -> bool:
    """Do what a test asked for in place of the command; tell whether there was anything."""
    path = directory / "faults.json"
    faults: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    match faults.get(command):
        case "fail":
            sys.stderr.write(f"{command}: error: {dialect}: Connection refused\n")
            sys.exit(1)
        case "refuse":
            sys.stderr.write(f"{command}: error: invalid partition or queue specified: nope\n")
            sys.exit(1)
        case "hang":
            time.sleep(60)
        case "say nothing":
            return True
        case "say nonsense":
            sys.stdout.write("<html>502 Bad Gateway</html>\n")
            return True
    return False


def main() -> None:
    """Be one command of one dialect."""
    sys.path.insert(0, str(_ROOT))
    from runtime.tests.batch_system import words  # noqa: PLC0415 - found only now

    directory, dialect, command, *arguments = sys.argv[1:]
    cluster = Cluster(Path(directory))
    with (cluster.directory / "commands").open("a") as log:
        log.write(f"{command}\n")
    if not misbehave(cluster.directory, command, dialect):
        words.SPEAKERS[dialect](cluster, command, arguments)


if __name__ == "__main__":
    main()
