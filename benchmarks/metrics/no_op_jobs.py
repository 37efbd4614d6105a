"""Jobs that do nothing, from setup to clean: all that is left is the server's own work."""

from __future__ import annotations

import time

from benchmarks import processes
from benchmarks.crowd import CLIENTS, share_out
from benchmarks.deadline import Deadline
from benchmarks.failure import MeasurementFailed
from benchmarks.job_client import JobClient
from benchmarks.metric import Figures, Metric, Quantity, at_least_times, at_most_times
from benchmarks.samples import percentile
from benchmarks.server import Server
from benchmarks.stopwatch import Stopwatch, share_of_a_core

JOBS = 200
POLL_SECONDS = 0.01
SETTLE_SECONDS = 1.0


def measure(server: Server, deadline: Deadline) -> Figures:
    """Run ``JOBS`` jobs with ``CLIENTS`` clients."""

    def run(client: JobClient, number: int) -> float:
        job_id = str(number)
        client.setup(job_id)
        begun = time.monotonic()
        client.submit(job_id, "true")
        status = client.wait_until(job_id, "complete", deadline, every=POLL_SECONDS)
        taken = time.monotonic() - begun
        if status.return_code != 0:
            raise MeasurementFailed(f"job {job_id} ended with return code {status.return_code}")
        client.clean(job_id)
        return taken

    pids = server.processes()
    cpu_before = processes.cpu_seconds(pids)
    with Stopwatch() as watch:
        latencies = share_out(range(1, JOBS + 1), run, port=server.site.port, token=server.site.token)
    deadline.pause(SETTLE_SECONDS)  # what a server puts off until after its answers counts too
    cpu = processes.cpu_seconds(server.processes()) - cpu_before
    return {
        "jobs_per_second": JOBS / watch.seconds,
        "latency_p50": percentile(latencies, 50) * 1000,
        "latency_p99": percentile(latencies, 99) * 1000,
        "cpu_per_job": cpu / JOBS * 1000,
        "client_share": share_of_a_core(watch),
    }


METRIC = Metric(
    name="no-op-jobs",
    method=(
        f"{JOBS} jobs with the command `true`, shared out among {CLIENTS} clients, each with one keep-alive "
        f"connection: setup, submit, status every {POLL_SECONDS * 1000:g} ms until it is `complete`, clean. "
        "The time to complete begins with the submit request and ends with the status answer that says so. "
        "The CPU time is the user and system time of the server's own processes (`utime` and `stime` of "
        f"`/proc/PID/stat`) from before the first job until {SETTLE_SECONDS:g} s after the last. "
        "Job scripts, and the shell that keeps a job, are processes of their own and not in it, nor is "
        "`cutime`, which would add them when they are reaped. Job directories are on tmpfs, everything else "
        "is on the disk: ext4 without a journal, as on virtual machines like this one, looks again at all "
        "inodes that were freed lately whenever it takes one (`recently_deleted` in `fs/ext4/ialloc.c`), and "
        "so charges the server that gets more done."
    ),
    quantities={
        "jobs_per_second": Quantity(
            title=f"{JOBS} no-op jobs, {CLIENTS} clients", unit="jobs/s", requirement=at_least_times(4)
        ),
        "latency_p50": Quantity(title="submit to complete, p50", unit="ms", requirement=at_most_times(1 / 4)),
        "latency_p99": Quantity(title="submit to complete, p99", unit="ms", requirement=at_most_times(1 / 4)),
        "cpu_per_job": Quantity(
            title="server CPU per job, job script excluded", unit="ms", requirement=at_most_times(1 / 3)
        ),
        "client_share": Quantity(title="the clients' share of a core, no-op jobs", unit="%"),
    },
    measure=measure,
    rounds=5,
    staging_in_memory=True,
)
