"""The stand-in of an HTCondor pool, as a test has it: its commands, and a hand on its jobs."""

from __future__ import annotations

import json
import shlex
import sys
from collections import Counter
from pathlib import Path

from pulsar_runtime.managers.condor.queue import COMMANDS
from runtime.tests.batch_system.cluster import Job
from runtime.tests.batch_system.condor_pool import CondorPool

PROGRAM = Path(__file__).with_name("condor_pool.py")

#: More than any test has jobs.
_NO_LIMIT = 1000


class InstalledCondor:
    """A pool, with commands that can be run; `tick` lets its daemons do what is due."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "pool"
        self.commands = directory / "bin"
        self.pool = CondorPool(self.directory)
        self.directory.mkdir()
        self.commands.mkdir()
        self.limit(None)
        for name in COMMANDS:
            program = self.commands / name
            words = [sys.executable, "-I", "-S", str(PROGRAM), str(self.directory), name]
            program.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
            program.chmod(0o755)

    def limit(self, slots: int | None) -> None:
        """Let so many jobs run at once."""
        (self.directory / "slots").write_text(str(_NO_LIMIT if slots is None else slots))

    def fault(self, **faults: str) -> None:
        """Let commands do something else: fail, refuse, hang, say nothing, say nonsense."""
        (self.directory / "faults.json").write_text(json.dumps(faults))

    def be_silent(self) -> None:
        """Write nothing into logs any more, as with a full disk."""
        (self.directory / "silent").touch()

    def tick(self) -> None:
        """Start what can be started, and write down what has ended."""
        with self.pool.jobs():
            pass

    def end(self, name: str, state: str) -> None:
        """End a job: cancelled or vanished."""
        with self.pool.jobs() as jobs:
            self.pool.end(_job(jobs, name), state)

    def hold(self, name: str, why: str, code: int) -> None:
        """Stop a job and keep it in the queue."""
        with self.pool.jobs() as jobs:
            job = _job(jobs, name)
            job.update(why=why, hold=code)
            self.pool.end(job, "held")

    def requeue(self, name: str) -> None:
        """Kill a running job and put it back into the queue, or release one that is held."""
        with self.pool.jobs() as jobs:
            self.pool.end(_job(jobs, name), "pending")

    def state(self, name: str) -> str:
        """Return the state of a job."""
        with self.pool.jobs() as jobs:
            return str(_job(jobs, name)["state"])

    def names(self) -> list[str]:
        """Return the names of all jobs that were ever submitted."""
        with self.pool.jobs() as jobs:
            return [job["name"] for job in jobs.values()]

    def counts(self) -> Counter[str]:
        """Return how often each command was run."""
        path = self.directory / "commands"
        return Counter(path.read_text().split()) if path.exists() else Counter()

    def end_everything(self) -> None:
        """Kill what still runs."""
        self.limit(0)
        with self.pool.jobs() as jobs:
            for job in jobs.values():
                self.pool.end(job, "vanished")


def _job(jobs: dict[str, Job], name: str) -> Job:
    return next(job for job in reversed(jobs.values()) if job["name"] == name)
