"""Everything that is measured, in the order of the table."""

from __future__ import annotations

from benchmarks.metric import Metric
from benchmarks.metrics import (
    batch_load,
    idle_memory,
    large_file,
    message_burst,
    message_kills,
    message_latency,
    message_load,
    no_op_jobs,
    pull_large_file,
    pull_small_files,
    restart,
    small_files,
    start,
    status_polls,
    threads,
)

METRICS: tuple[Metric, ...] = (
    no_op_jobs.METRIC,
    status_polls.METRIC,
    large_file.METRIC,
    small_files.METRIC,
    start.METRIC,
    idle_memory.METRIC,
    threads.METRIC,
    restart.KILLED,
    restart.TERMINATED,
    message_burst.METRIC,
    message_latency.METRIC,
    pull_large_file.METRIC,
    pull_small_files.METRIC,
    pull_large_file.WITH_CURL,
    pull_small_files.WITH_CURL,
    message_load.METRIC,
    message_kills.METRIC,
    batch_load.METRIC,
)
