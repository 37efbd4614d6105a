"""File descriptors of files in memory (memfd_create(2))."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def with_contents(data: bytes) -> int:
    """Return a descriptor, of the caller's own, from which *data* can be read."""
    descriptor = os.memfd_create("contents")
    with open(descriptor, "wb", closefd=False) as file:
        file.write(data)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


@contextmanager
def received(keep: Callable[[bytes], None]) -> Iterator[int]:
    """Give a descriptor to write to, and what was written to *keep* when the block ends without an error."""
    descriptor = os.memfd_create("received")
    try:
        yield descriptor
        with open(descriptor, "rb", closefd=False) as file:
            file.seek(0)
            keep(file.read())
    finally:
        os.close(descriptor)
