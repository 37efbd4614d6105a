"""Jobs submitted by several clients at once, each with an input, an output and a return code of its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from runtime.tests.live_server import LiveServer, wait_until
from runtime.tests.resilience.guarantee import AcceptedJob, check_each_ran_once
from runtime.tests.resilience.patient_client import PatientClient, patient_client

CLIENTS = 4
STARTED_LIMIT = 30.0
END_LIMIT = 30.0


class Workload:
    """The jobs of one server, which remembers those that were accepted."""

    def __init__(self, server: LiveServer) -> None:
        self._server = server
        self._numbers = itertools.count(1)
        self._runs = server.directory / "runs"
        self._runs.mkdir()
        self.accepted: list[AcceptedJob] = []

    def submit(self, count: int, *commands: str) -> None:
        """Submit *count* jobs, the first with the first of *commands*, and so on in turn."""
        with self.submitting(count, *commands):
            pass

    @contextmanager
    def submitting(self, count: int, *commands: str) -> Iterator[None]:
        """Submit while the block runs; every job is accepted when it ends."""
        turns = itertools.cycle(commands or ("true",))
        jobs = [(number, next(turns)) for number in itertools.islice(self._numbers, count)]
        with ThreadPoolExecutor(CLIENTS) as pool:
            submissions = [pool.submit(self._submit_all, jobs[first::CLIENTS]) for first in range(CLIENTS)]
            yield
        for submission in submissions:
            submission.result()

    def wait_for_runs(self, count: int) -> None:
        """Wait until *count* jobs have begun to run."""
        wait_until(lambda: self.started() >= count, STARTED_LIMIT, f"{count} jobs have started", self._server)

    def started(self) -> int:
        """Return how many jobs have begun to run."""
        return len(list(self._runs.iterdir()))

    def check_each_ran_once(self) -> None:
        """Assert the guarantee for all jobs that were accepted."""
        assert self.accepted
        check_each_ran_once(self._server, self.accepted, END_LIMIT)

    def _submit_all(self, jobs: Sequence[tuple[int, str]]) -> None:
        with patient_client(self._server) as client:
            for number, command in jobs:
                self.accepted.append(submit_job(client, f"job-{number:04}", self._runs, number % 5, command))


def submit_job(client: PatientClient, job_id: str, runs: Path, return_code: int, command: str) -> AcceptedJob:
    """Submit a job that copies its input to its output and does *command* in between."""
    job = AcceptedJob(
        job_id=job_id,
        runs=runs / job_id,
        output=f"the output of {job_id}\n".encode(),
        return_code=return_code,
    )
    client.setup(job_id)
    client.upload(job_id, "input", "in", job.output)
    client.submit(
        job_id, f"echo run >> {job.runs}\n{command}\ncat ../inputs/in > ../outputs/out\n(exit {return_code})"
    )
    return job
