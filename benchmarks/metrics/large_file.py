"""One large file, up and down."""

from __future__ import annotations

import os

from benchmarks.deadline import Deadline
from benchmarks.failure import MeasurementFailed
from benchmarks.metric import Figures, Metric, Quantity, at_least_times
from benchmarks.server import Server
from benchmarks.stopwatch import Stopwatch, share_of_a_core

BLOCK_SIZE = 1 << 20
BLOCKS = 512
MEGABYTE = 1_000_000
NAME = "large.dat"


def measure(server: Server, deadline: Deadline) -> Figures:
    """Upload a file from memory, and download it into nothing."""
    size = BLOCK_SIZE * BLOCKS
    block = os.urandom(BLOCK_SIZE)
    with server.client() as client:
        directories = client.setup("1")
        os.sync()  # what was written before is not to be flushed while this is measured
        with Stopwatch() as up:
            path = client.upload_repeated("1", NAME, block, BLOCKS)
        if path.stat().st_size != size:
            raise MeasurementFailed(f"{path.stat().st_size} bytes of {size} have arrived")
        path.rename(directories["outputs_directory"] / NAME)
        deadline.left()
        os.sync()
        with Stopwatch() as down:
            received = client.download("1", NAME)
    if received != size:
        raise MeasurementFailed(f"{received} bytes of {size} came back")
    return {
        "up": size / MEGABYTE / up.seconds,
        "down": size / MEGABYTE / down.seconds,
        "client_share": share_of_a_core(up, down),
    }


METRIC = Metric(
    name="large-file",
    method=(
        f"One file of {BLOCKS} MiB on one connection, sent from a block in memory and received with "
        "`MSG_TRUNC`, which drops what has arrived without copying it; the file system is synced before each "
        "direction, and the size is checked on both sides. What came in is moved to the job's outputs for "
        "the way back. "
        "1 MB is 1 000 000 bytes."
    ),
    quantities={
        "up": Quantity(title="512 MB up", unit="MB/s", requirement=at_least_times(8)),
        "down": Quantity(title="512 MB down", unit="MB/s", requirement=at_least_times(10)),
        "client_share": Quantity(title="the client's share of a core, large file", unit="%"),
    },
    measure=measure,
)
