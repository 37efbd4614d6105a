"""Jobs that run while everything the server consists of is killed and started again."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import attrs

from benchmarks import processes
from benchmarks.crowd import share_out
from benchmarks.deadline import Deadline
from benchmarks.gate import Gate
from benchmarks.job_client import JobClient
from benchmarks.metric import Bound, Figures, Metric, Quantity, Requirement
from benchmarks.server import Server

JOBS = 200
POLL_SECONDS = 0.1

R = TypeVar("R")

#: How long jobs may take to be reported as ended, after the last one has been let go.
END_SECONDS = 30.0


@attrs.frozen
class _Job:
    number: int
    marks: Path
    gate: Gate

    @property
    def job_id(self) -> str:
        return str(self.number)

    @property
    def return_code(self) -> int:
        """A number that nobody would guess."""
        return 1 + self.number % 250

    @property
    def command(self) -> str:
        """Leave a mark, wait, and end like the command lines of Galaxy do (protocol section 3.5)."""
        return f"echo $$ >> '{self.marks}'; {self.gate.wait_command()}; sh -c 'exit {self.return_code}'"

    def runs(self) -> list[int]:
        """Return the process ids of the shells that ran it."""
        return [int(line) for line in self.marks.read_text().split()] if self.marks.exists() else []


def measure(number: signal.Signals, server: Server, deadline: Deadline) -> Figures:
    """Let half of the jobs end while the server is away and half when it is back; count the right ends."""
    marks = server.site.directory / "marks"
    marks.mkdir()
    gates = [Gate(server.site.directory / name) for name in ("gate-away", "gate-back")]
    jobs = [_Job(index, marks / str(index), gates[index % 2]) for index in range(JOBS)]
    try:
        _crowd(server, jobs, lambda client, job: client.setup(job.job_id))
        _crowd(server, jobs, lambda client, job: client.submit(job.job_id, job.command))
        _crowd(server, jobs, partial(_see_running, deadline=deadline))
        server.end(number)
        gates[0].let_go(JOBS // 2)
        deadline.until(lambda: not any(map(_runs_now, jobs[::2])), every=POLL_SECONDS)
        server.start()
        gates[1].let_go(JOBS // 2)
        end = time.monotonic() + END_SECONDS
        right = _crowd(server, jobs, partial(_ends_right, end=end))
    finally:
        for gate in gates:
            gate.let_go(JOBS)
            gate.close()
    return {"ended_right": sum(right)}


def _crowd(server: Server, jobs: list[_Job], work: Callable[[JobClient, _Job], R]) -> list[R]:
    return share_out(jobs, work, port=server.site.port, token=server.site.token)


def _see_running(client: JobClient, job: _Job, *, deadline: Deadline) -> None:
    client.wait_until(job.job_id, "running", deadline, every=POLL_SECONDS)
    deadline.until(lambda: bool(job.runs()), every=POLL_SECONDS)


def _runs_now(job: _Job) -> bool:
    return any(processes.is_running(pid) for pid in job.runs())


def _ends_right(client: JobClient, job: _Job, *, end: float) -> bool:
    status = client.status(job.job_id)
    while not status.ended and time.monotonic() < end:
        time.sleep(POLL_SECONDS)
        status = client.status(job.job_id)
    return (status.word, status.return_code, len(job.runs())) == ("complete", job.return_code, 1)


def _metric(name: str, number: signal.Signals, words: str) -> Metric:
    return Metric(
        name=name,
        method=(
            f"{JOBS} jobs run and wait for a pipe. Every process of the server (none of the jobs) gets "
            f"{number.name} ({words}); half of the jobs are let go and end while the server is away; it is "
            "started again, and the other half is let go. A job has ended right when its status is "
            f"`complete` within {END_SECONDS:g} s, its return code is its own, and its command ran once."
        ),
        quantities={
            "ended_right": Quantity(
                title=f"{JOBS} running jobs, {number.name}, restart: end right",
                unit="jobs",
                requirement=Requirement(bound=Bound.AT_LEAST, limit=JOBS, of_ratio=False),
            )
        },
        measure=partial(measure, number),
        rounds=1,
        limit_seconds=180,
        concurrent_jobs=JOBS,
    )


KILLED = _metric("restart-killed", signal.SIGKILL, "as if it had crashed")
TERMINATED = _metric("restart-terminated", signal.SIGTERM, "as a service manager stops it")
