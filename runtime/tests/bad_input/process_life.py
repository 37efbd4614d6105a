"""Which processes run."""

from __future__ import annotations

from pathlib import Path


def is_running(pid: int) -> bool:
    """Tell whether the process is there and no zombie."""
    return _state_and_session(pid)[0] not in ("", "Z")


def processes_of_session(session: int) -> list[int]:
    """Return the processes that run in a session."""
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [pid for pid in pids if is_running(pid) and _state_and_session(pid)[1] == str(session)]


def _state_and_session(pid: int) -> tuple[str, str]:
    """Return two fields of proc(5), or nothing for a process that is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "", ""
    return fields[0], fields[3]
