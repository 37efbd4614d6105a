"""Many jobs with many small files that the server gets from Galaxy's files API, and sends back there."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from benchmarks.deadline import Deadline
from benchmarks.directories import temporary_directory
from benchmarks.failure import MeasurementFailed
from benchmarks.galaxy import Task, running_galaxy
from benchmarks.metric import Figures, Metric, Quantity, at_least_times, at_most
from benchmarks.server import Server
from benchmarks.thread_watch import ThreadWatch

JOBS = 50
FILES = 10
SIZE = 4096


def measure(server: Server, deadline: Deadline) -> Figures:
    """Let each job make its inputs its outputs, and watch the threads of the server meanwhile."""
    body = os.urandom(SIZE)
    with temporary_directory(in_memory=True) as memory, running_galaxy(server) as galaxy:
        tasks = [_task(memory, str(number), body) for number in range(JOBS)]
        with ThreadWatch(server.processes()) as watch:
            campaign = galaxy.run(tasks, deadline, outstanding=JOBS)
        seconds = max(campaign.completed()) - campaign.begun
        moved = Counter((move.path, move.size) for move in galaxy.files.moves)
    if any(moved[str(path), SIZE] != 1 for task in tasks for path in (*task.inputs, *task.outputs)):
        raise MeasurementFailed("a file was not moved, or one was moved twice")
    return {"files_per_second": moved.total() / seconds, "threads": watch.most}


def _task(memory: Path, job_id: str, body: bytes) -> Task:
    directory = memory / job_id
    directory.mkdir()
    inputs = [directory / f"file-{number}.dat" for number in range(FILES)]
    for path in inputs:
        path.write_bytes(body)
    return Task(
        job_id=job_id,
        command="mv ../inputs/* ../outputs/",
        inputs=inputs,
        outputs=[Path("/galaxy/outputs") / job_id / path.name for path in inputs],
    )


METRIC = Metric(
    name="pull-small-files",
    method=(
        f"{JOBS} jobs, sent without waiting, each of {FILES} inputs of {SIZE // 1024} KiB, which its command "
        "moves to be its outputs. The server gets them from Galaxy's files API and sends them there "
        "(`remote_transfer`), one request each; the clock runs from the first job's message until the "
        "library has been told that the last one is complete. All files that were moved are counted, also "
        "those that the server itself adds to the outputs. Meanwhile the threads of the server "
        "(`/proc/PID/status`) are counted every few milliseconds."
    ),
    quantities={
        "files_per_second": Quantity(
            title=f"pull staging: {JOBS} jobs of {FILES} + {FILES} files of 4 KB",
            unit="files/s",
            requirement=at_least_times(4),
        ),
        "threads": Quantity(title="pull staging: threads at peak", unit="threads", requirement=at_most(24)),
    },
    measure=measure,
    staging_in_memory=True,
    by_message=True,
)

WITH_CURL = Metric(
    name="pull-small-files-curl",
    method="The same with pycurl beside the reference.",
    quantities={
        "files_per_second": Quantity(
            title=f"the same with pycurl beside the reference: {JOBS} jobs of {FILES} + {FILES} files",
            unit="files/s",
        ),
        "threads": Quantity(title="the same with pycurl beside the reference: threads", unit="threads"),
    },
    measure=measure,
    staging_in_memory=True,
    by_message=True,
    curl=True,
)
