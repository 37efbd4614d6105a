"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import tempfile
from pathlib import Path

import attrs

GIBIBYTE = 1 << 30


@attrs.frozen(kw_only=True)
class Machine:
    """What makes figures differ between machines; nothing that names this one."""

    processor: str
    cores: int
    memory_gib: int
    file_system: str
    kernel: str
    python: str


def describe() -> Machine:
    """Look at the machine that this runs on."""
    return Machine(
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        memory_gib=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIBIBYTE),
        file_system=_file_system(Path(tempfile.gettempdir()).resolve()),
        kernel=platform.release().partition("-")[0],
        python=platform.python_version(),
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _file_system(directory: Path) -> str:
    """Return the type of the file system that holds a directory: of the deepest mount point above it."""
    mounts = (line.split() for line in Path("/proc/mounts").read_text().splitlines())
    above = [(Path(point), kind) for _, point, kind, *_ in mounts if directory.is_relative_to(point)]
    return max(above, key=lambda mount: len(mount[0].parts))[1]
