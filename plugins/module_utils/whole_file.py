"""Text files that are read and replaced whole. Private to the collection."""

from __future__ import annotations

import contextlib
import os
import tempfile


def read(path: str) -> str:
    """Return the text of a file; nothing if it is not there."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def replace(path: str, text: str, *, new_mode: int) -> None:
    """Write a file, down to the disk, so that no reader finds half of it; a link to it stays one.

    Owner, group and permissions stay as they are; a new file has *new_mode*.
    """
    target = os.path.realpath(path)
    descriptor, candidate = tempfile.mkstemp(dir=os.path.dirname(target), prefix=".galaxyops-")
    try:
        with open(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            try:
                there = os.stat(target)
            except FileNotFoundError:
                os.fchmod(descriptor, new_mode)
            else:
                os.fchown(descriptor, there.st_uid, there.st_gid)
                os.fchmod(descriptor, there.st_mode & 0o7777)
            file.flush()
            os.fsync(descriptor)
        os.rename(candidate, target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(candidate)
        raise
