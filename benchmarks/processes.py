"""What Linux tells about the processes that a server consists of (proc(5))."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

PROC = Path("/proc")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def server_processes(root: int) -> list[int]:
    """Return ``root`` and its descendants that run the same program, a Python interpreter.

    Jobs run other programs (a shell), so neither they nor what they start is counted.
    """
    program = _program(root)
    if program is None:
        return []
    children = defaultdict(list)
    for pid in _pids():
        stat = _stat(pid)
        if stat is not None:
            children[int(stat[1])].append(pid)
    found = []
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        if _program(pid) == program:
            found.append(pid)
            waiting += children[pid]
    return found


def is_running(pid: int) -> bool:
    """Say whether a process exists and is not a zombie."""
    stat = _stat(pid)
    return stat is not None and stat[0] != "Z"


def cpu_seconds(pids: list[int]) -> float:
    """Sum the user and system time of processes that run; their ended children are not in it."""
    total = 0
    for pid in pids:
        stat = _stat(pid)
        if stat is None:
            raise ProcessLookupError(f"process {pid} of the server has ended during the measurement")
        total += int(stat[11]) + int(stat[12])
    return total / TICKS_PER_SECOND


def proportional_memory(pids: list[int]) -> int:
    """Sum the proportional set sizes (PSS) in bytes: shared pages count once, divided by who has them."""
    return sum(_field(pid, "smaps_rollup", "Pss:") for pid in pids) * 1024


def threads(pids: list[int]) -> int:
    """Sum the threads."""
    return sum(_field(pid, "status", "Threads:") for pid in pids)


def _pids() -> list[int]:
    return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]


def _program(pid: int) -> Path | None:
    try:
        return (PROC / str(pid) / "exe").readlink()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None


def _stat(pid: int) -> list[str] | None:
    """Return the fields from the state on, which is behind a program name that may hold anything."""
    try:
        content = (PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return content.rpartition(")")[2].split()


def _field(pid: int, file: str, name: str) -> int:
    for line in (PROC / str(pid) / file).read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    raise KeyError(f"/proc/{pid}/{file} has no {name}")
