"""The record of one launch: a small file, out of the job's sight, that says what became of it.

The file is created before the keeper starts and locked (flock(2)); the keeper inherits the very same
lock and drops it only by ending. So whoever can take the lock knows that no keeper lives, whatever
process has its pid by now. Lines: ``mark BOOT`` by the agent, then the keeper's pid, then ``exit CODE``
(``exit CODE told`` if the keeper was told to end before its job had), all within the file's first block, so
that a disk which fills up meanwhile does not lose them.
"""

from __future__ import annotations

import fcntl
import os
from functools import cache
from pathlib import Path

import attrs

from pulsar_runtime.managers import file_lock

#: A mark that no process carries.
_NO_MARK = "-"


@attrs.frozen(kw_only=True)
class LaunchRecord:
    """What a record says."""

    #: The value of `MARK_VARIABLE` in the environment of every process of the launch.
    mark: str
    #: The boot during which it was started.
    boot: str
    #: The keeper, once it started.
    pid: int | None = None
    exit_code: int | None = None
    #: Whether the keeper was told to end before its job had.
    told: bool = False


def create(path: str, mark: str) -> int:
    """Create and lock a record; return the descriptor that the keeper is to inherit.

    Raises `FileExistsError` if this launch was begun before.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.write(descriptor, f"{mark} {boot_identity()}\n".encode())
    except BaseException:
        os.close(descriptor)
        os.unlink(path)
        raise
    return descriptor


def read(path: str) -> LaunchRecord | None:
    """Read a record; None if there is none, or none that was begun properly."""
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            text = file.read()
    except FileNotFoundError:
        return None
    # A line without its end is still being written.
    lines = [line.split() for line in text.split("\n")[:-1]]
    if not lines:
        return None
    try:
        mark, boot = lines[0]
        pid = int(lines[1][0]) if len(lines) > 1 else None
        exit_code = int(lines[2][1]) if len(lines) > 2 else None  # noqa: PLR2004 - the third line
        told = exit_code is not None and lines[2][2:] == ["told"]
    except (ValueError, IndexError):
        # Damaged with its disk; the lock still tells whether a keeper lives.
        return LaunchRecord(mark=_NO_MARK, boot=boot_identity())
    return LaunchRecord(mark=mark, boot=boot, pid=pid, exit_code=exit_code, told=told)


def keeper_lives(path: str) -> bool:
    """Tell whether the keeper of this record is still there."""
    return file_lock.is_held(path)


def sweep(directory: Path, keep: frozenset[str]) -> None:
    """Remove the records of launches that nobody follows any more."""
    for path in directory.glob("*"):
        if path.name not in keep:
            path.unlink()


@cache
def boot_identity() -> str:
    """Name the present life of this host: it changes with a reboot, and with a restart of a container.

    A container keeps its host's boot id (random(4)) but gets a new process 1 (proc(5), field 22).
    """
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    try:
        first = Path("/proc/1/stat").read_text(encoding="utf-8")
    except OSError:
        # Hidden by ProtectProc= or hidepid=: then the boot id has to do.
        return boot
    return f"{boot}:{first.rpartition(')')[2].split()[19]}"
