"""Whether another process holds a file's lock (flock(2)), as those that write a record do until they end."""

from __future__ import annotations

import fcntl
import os


def is_held(path: str) -> bool:
    """Tell whether a process has the file locked; nobody has one that is not there."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
