"""One large file that the server gets from Galaxy's files API, and sends back there."""

from __future__ import annotations

import os
import time
from pathlib import Path

from benchmarks.deadline import Deadline
from benchmarks.directories import temporary_directory
from benchmarks.failure import MeasurementFailed
from benchmarks.galaxy import Task, running_galaxy
from benchmarks.metric import Figures, Metric, Quantity, at_least_times
from benchmarks.server import Server

BLOCK_SIZE = 1 << 20
BLOCKS = 512
SIZE = BLOCK_SIZE * BLOCKS
MEGABYTE = 1_000_000
NAME = "large.dat"


def measure(server: Server, deadline: Deadline) -> Figures:
    """Let a job make an input its output, and write down when it begins and ends."""
    begun, ended = (server.site.directory / name for name in ("begun", "ended"))
    with temporary_directory(in_memory=True) as memory, running_galaxy(server) as galaxy:
        given, made = memory / NAME, Path("/galaxy/outputs") / NAME
        block = os.urandom(BLOCK_SIZE)
        with given.open("wb") as file:
            for _ in range(BLOCKS):
                file.write(block)
        os.sync()  # what was written before is not to be flushed while this is measured
        task = Task(
            job_id="1",
            command=f"touch {begun}; mv ../inputs/{NAME} ../outputs/; sync ../outputs/{NAME}; touch {ended}",
            inputs=[given],
            outputs=[made],
        )
        campaign = galaxy.run([task], deadline, outstanding=1)
        (told,) = campaign.completed()
        moved = [(move.path, move.size) for move in galaxy.files.moves if move.size >= SIZE]
    if moved != [(str(given), SIZE), (str(made), SIZE)]:
        raise MeasurementFailed(f"a file of {SIZE} bytes was to come and go once, not {moved}")
    return {
        "pull": SIZE / MEGABYTE / (_monotonic(begun) - campaign.begun),
        "push": SIZE / MEGABYTE / (told - _monotonic(ended)),
    }


def _monotonic(mark: Path) -> float:
    """Return when a file was touched, by the clock of messages."""
    return mark.stat().st_mtime + time.monotonic() - time.time()


METHOD = (
    f"A job of one input of {BLOCKS} MiB, which its command moves to be its output and syncs to the "
    "disk, where the job directory is. The server gets it from Galaxy's files API, which has it on "
    "tmpfs, and sends it there, where it is counted and dropped (`remote_transfer`, HTTP over "
    "loopback). Pulling is from the job's message until its command begins, pushing from the end of the "
    "command until the library has been told that the job is complete. The reference is installed with "
    "its extra for messages and nothing else, ours as the role installs it."
)

METRIC = Metric(
    name="pull-large-file",
    method=METHOD,
    quantities={
        "pull": Quantity(title="pull staging: 512 MB pulled", unit="MB/s", requirement=at_least_times(1)),
        "push": Quantity(title="pull staging: 512 MB pushed", unit="MB/s", requirement=at_least_times(2)),
    },
    measure=measure,
    rounds=3,
    by_message=True,
)

WITH_CURL = Metric(
    name="pull-large-file-curl",
    method=("The same with pycurl beside the reference, which then takes it by itself; ours has it anyway."),
    quantities={
        "pull": Quantity(title="the same with pycurl beside the reference: 512 MB pulled", unit="MB/s"),
        "push": Quantity(title="the same with pycurl beside the reference: 512 MB pushed", unit="MB/s"),
    },
    measure=measure,
    rounds=3,
    by_message=True,
    curl=True,
)
