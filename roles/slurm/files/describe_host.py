"""Print, as JSON, what Slurm has to be told of this host: ``describe_host.py CPUS MEGABYTES``.

They are what jobs may have of it; 0 stands for what there is. Sent to the host and run by its Python.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

#: What Slurm needs to confine jobs, of what the kernel offers: https://slurm.schedmd.com/cgroup_v2.html
CONTROLLERS = frozenset(("cpu", "cpuset", "memory"))
OFFERED = Path("/sys/fs/cgroup/cgroup.controllers")


def main(cpus: int, memory_mb: int) -> None:
    """Print the description."""
    has_cpus = len(os.sched_getaffinity(0))
    has_memory_mb = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 1048576
    offered = OFFERED.read_text().split() if OFFERED.exists() else []
    # A tenth is its system's.
    for_cpus, for_memory_mb = cpus or has_cpus, memory_mb or has_memory_mb * 9 // 10
    description = {
        "name": socket.gethostname().partition(".")[0],
        "cpus": for_cpus,
        "memory_mb": for_memory_mb,
        "mb_per_cpu": for_memory_mb // for_cpus,
        "confines": CONTROLLERS.issubset(offered),
        "problems": [
            *too_much("slurm_node_cpus", cpus, has_cpus),
            *too_much("slurm_node_memory_mb", memory_mb, has_memory_mb),
        ],
    }
    sys.stdout.write(json.dumps(description) + "\n")


def too_much(variable: str, wanted: int, there: int) -> Iterator[str]:
    """Tell whether jobs are promised what is not there; Slurm would not use such a node."""
    if not 0 <= wanted <= there:
        yield f"{variable} is {wanted}, and this host has {there}: choose one from 1 to {there}"


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
