"""Many small files, up and down."""

from __future__ import annotations

import os

from benchmarks.crowd import CLIENTS, share_out
from benchmarks.deadline import Deadline
from benchmarks.failure import MeasurementFailed
from benchmarks.job_client import JobClient
from benchmarks.metric import Figures, Metric, Quantity, at_least_times
from benchmarks.server import Server
from benchmarks.stopwatch import Stopwatch, share_of_a_core

FILES = 2000
SIZE = 4096


def measure(server: Server, deadline: Deadline) -> Figures:
    """Upload all, then download all."""
    body = os.urandom(SIZE)
    names = [f"file-{number}.dat" for number in range(FILES)]
    with server.client() as client:
        outputs = client.setup("1")["outputs_directory"]

    def upload(client: JobClient, name: str) -> None:
        deadline.left()
        client.upload("1", name, body).rename(outputs / name)

    def download(client: JobClient, name: str) -> int:
        deadline.left()
        return client.download("1", name)

    with Stopwatch() as up:
        share_out(names, upload, port=server.site.port, token=server.site.token)
    with Stopwatch() as down:
        sizes = share_out(names, download, port=server.site.port, token=server.site.token)
    if sizes != [SIZE] * FILES:
        raise MeasurementFailed("not every file came back whole")
    return {
        "up": FILES / up.seconds,
        "down": FILES / down.seconds,
        "client_share": share_of_a_core(up, down),
    }


METRIC = Metric(
    name="small-files",
    method=(
        f"{FILES} files of {SIZE // 1024} KiB, one request each, shared out among {CLIENTS} clients with one "
        "keep-alive connection each: first all up, then all down. What came in is moved to the job's outputs "
        "for the way back. Job directories are on tmpfs, for the reason given above."
    ),
    quantities={
        "up": Quantity(title=f"{FILES} files of 4 KB up", unit="1/s", requirement=at_least_times(3)),
        "down": Quantity(title=f"{FILES} files of 4 KB down", unit="1/s", requirement=at_least_times(3)),
        "client_share": Quantity(title="the clients' share of a core, small files", unit="%"),
    },
    measure=measure,
    staging_in_memory=True,
)
