"""The record of one submission: a file that is the submitting command's standard input.

It is locked (flock(2)) by that command: while it is locked, an agent that finds it cannot know yet what
became of the submission. Its last line is the batch system's number of the job, once the agent knows that.
"""

from __future__ import annotations

import fcntl
import os
import re
from contextlib import suppress

from pulsar_runtime.managers import file_lock

_NUMBER = re.compile(r"^# submitted as (.+)$", re.MULTILINE)


def create(path: str, text: str) -> int:
    """Write a record; return a locked descriptor at its beginning, for the command and then to be closed."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with open(descriptor, "w", encoding="utf-8", errors="surrogateescape", closefd=False) as file:
            file.write(text)
        os.lseek(descriptor, 0, os.SEEK_SET)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def being_submitted(path: str) -> bool:
    """Tell whether a command of an earlier agent still submits the job."""
    return file_lock.is_held(path)


def note_number(path: str, number: str) -> None:
    """Write down the number of a job."""
    # Without it, the job is found again by its name.
    with suppress(OSError), open(path, "a", encoding="utf-8") as file:
        file.write(f"# submitted as {number}\n")


def read_number(path: str) -> str | None:
    """Return the number that was written down, if there is one."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            found = _NUMBER.findall(file.read())
    except FileNotFoundError:
        return None
    return found[-1] if found else None


def begun_at(path: str) -> float | None:
    """Return when the record was last written, in seconds since the epoch."""
    try:
        return os.stat(path).st_mtime
    except FileNotFoundError:
        return None


def remove(path: str) -> None:
    """Remove a record."""
    with suppress(FileNotFoundError):
        os.unlink(path)
