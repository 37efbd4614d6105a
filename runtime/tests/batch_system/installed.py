"""The stand-in of a batch system, as a test has it: its commands in a directory, and a hand on its jobs."""

from __future__ import annotations

import json
import shlex
import sys
from collections import Counter
from pathlib import Path

from pulsar_runtime.managers.batch.dialects.registry import DIALECTS
from runtime.tests.batch_system.cluster import Cluster, Job

PROGRAM = Path(__file__).with_name("cluster.py")

#: More than any test has jobs.
_NO_LIMIT = 1000

#: Those that keep the books have a command more than a manager must find.
_BOOKKEEPERS = {"Slurm": "sacct", "GridEngine": "qacct"}


class InstalledBatchSystem:
    """A cluster of one dialect, with commands that can be run."""

    def __init__(self, directory: Path, dialect: str) -> None:
        self.dialect = dialect
        self.directory = directory / "cluster"
        self.commands = directory / "bin"
        self._cluster = Cluster(self.directory)
        self.directory.mkdir(exist_ok=True)
        self.commands.mkdir(exist_ok=True)
        self.limit(None)
        for name in [*DIALECTS[dialect].commands, *filter(None, [_BOOKKEEPERS.get(dialect)])]:
            program = self.commands / name
            # Without what a site adds to Python, for its start is most of what a command costs.
            words = [sys.executable, "-I", "-S", str(PROGRAM), str(self.directory), dialect, name]
            program.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
            program.chmod(0o755)

    def limit(self, slots: int | None) -> None:
        """Let so many jobs run at once."""
        (self.directory / "slots").write_text(str(_NO_LIMIT if slots is None else slots))

    def fault(self, **faults: str) -> None:
        """Let commands do something else: fail, refuse, hang, say nothing, say nonsense."""
        (self.directory / "faults.json").write_text(json.dumps(faults))

    def forget_ended_jobs(self) -> None:
        """Let the status command not show jobs any more that have ended."""
        (self.directory / "forgets").touch()

    def keep_no_books(self) -> None:
        """Let there be no accounting."""
        (self.directory / "no_books").touch()

    def end(self, name: str, state: str) -> None:
        """End the job whose name begins so: cancelled, timeout, memory, node, or vanished."""
        with self._cluster.jobs() as jobs:
            self._cluster.end(self._job(jobs, name), state)

    def requeue(self, name: str) -> None:
        """Kill a running job and put it back into the queue."""
        with self._cluster.jobs() as jobs:
            job = self._job(jobs, name)
            self._cluster.end(job, "pending")

    def hold(self, name: str, reason: str) -> None:
        """Say why a job is pending."""
        with self._cluster.jobs() as jobs:
            self._job(jobs, name)["reason"] = reason

    def state(self, name: str) -> str:
        """Return the state of a job."""
        with self._cluster.jobs() as jobs:
            return str(self._job(jobs, name)["state"])

    def names(self) -> list[str]:
        """Return the names of all jobs that were ever submitted."""
        with self._cluster.jobs() as jobs:
            return [job["name"] for job in jobs.values()]

    def counts(self) -> Counter[str]:
        """Return how often each command was run."""
        path = self.directory / "commands"
        return Counter(path.read_text().split()) if path.exists() else Counter()

    def end_everything(self) -> None:
        """Kill what still runs."""
        self.limit(0)
        with self._cluster.jobs() as jobs:
            for job in jobs.values():
                self._cluster.end(job, "cancelled")

    @staticmethod
    def _job(jobs: dict[str, Job], name: str) -> Job:
        return next(job for job in reversed(jobs.values()) if job["name"].startswith(f"{name}."))
