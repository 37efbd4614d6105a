"""Directories that are there for one measurement."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

#: A file system in memory, on every Linux (shm_overview(7)).
MEMORY = Path("/dev/shm")  # noqa: S108 - the directories made there have random names


@contextmanager
def temporary_directory(*, in_memory: bool) -> Iterator[Path]:
    """Make a directory for as long as the block lasts, on the disk or in memory."""
    parent = MEMORY if in_memory else None
    # Should the measurement fail, jobs may still be writing there.
    with TemporaryDirectory(prefix="bench-", dir=parent, ignore_cleanup_errors=True) as directory:
        yield Path(directory)
