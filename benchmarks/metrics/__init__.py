"""Everything that is measured, in the order of the table."""

from __future__ import annotations

from benchmarks.metric import Metric
from benchmarks.metrics import (
    idle_memory,
    large_file,
    no_op_jobs,
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
)
