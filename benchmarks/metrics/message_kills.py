"""Jobs by messages while everything the server consists of is killed at a random moment."""

from __future__ import annotations

import os
import random
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.deadline import Deadline
from benchmarks.galaxy import ENDS, Course, Task, running_galaxy
from benchmarks.metric import Bound, Figures, Metric, Quantity, Requirement
from benchmarks.server import Server

JOBS = 300
LOOK_SECONDS = 0.02

#: How long the ends of all jobs may take, the restart and a server's own patience included.
END_SECONDS = 60.0


def measure(server: Server, deadline: Deadline) -> Figures:
    """Kill the server when some number of jobs has begun, start it again, and count the right ends."""
    marks = server.site.directory / "marks"
    marks.mkdir()
    tasks = [
        Task(
            job_id=str(number), command=f"echo run >> '{marks}/{number}'; sh -c 'exit {_return_code(number)}'"
        )
        for number in range(JOBS)
    ]
    moment = random.randrange(1, JOBS)  # noqa: S311 - nobody has to be unable to guess it
    with running_galaxy(server) as galaxy, ThreadPoolExecutor(1) as pool:
        campaign = pool.submit(
            galaxy.run, tasks, Deadline(END_SECONDS, "the ends of all jobs"), outstanding=JOBS
        )
        deadline.until(lambda: len(os.listdir(marks)) >= moment, every=LOOK_SECONDS)
        server.end(signal.SIGKILL)
        server.start()
        courses = campaign.result().courses
    return {
        "ended_right": sum(_ended_right(int(job_id), course, marks) for job_id, course in courses.items())
    }


def _return_code(number: int) -> int:
    """Return a number that nobody would guess."""
    return 1 + number % 250


def _ended_right(number: int, course: Course, marks: Path) -> bool:
    end = course.first(*ENDS)
    mark = marks / str(number)
    told = None if end is None else (end.status, end.return_code)
    return told == ("complete", _return_code(number)) and mark.exists() and mark.read_text() == "run\n"


METRIC = Metric(
    name="message-kills",
    method=(
        f"{JOBS} jobs are sent without waiting. When a random number of them has begun, every process of the "
        "server (none of the jobs) gets SIGKILL, and it is started again at once. A job has ended right when "
        f"Galaxy has been told within {END_SECONDS:g} s of the first message that it is complete, with its "
        "own return code, and nothing else before, and its command ran once. (The same, with the broker "
        "killed too: `ROUNDS=20 JOBS=300` before the tests of `runtime/tests/resilience/test_messages.py`.)"
    ),
    quantities={
        "ended_right": Quantity(
            title=f"AMQP: {JOBS} jobs, SIGKILL at a random moment, restart: end right",
            unit="jobs",
            requirement=Requirement(bound=Bound.AT_LEAST, limit=JOBS, of_ratio=False),
        )
    },
    measure=measure,
    rounds=5,
    limit_seconds=180,
    staging_in_memory=True,
    by_message=True,
)
