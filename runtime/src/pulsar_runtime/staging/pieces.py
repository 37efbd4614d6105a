"""Reading a file of a job piece by piece."""

from __future__ import annotations

import os
from collections.abc import Iterator
from io import RawIOBase

from pulsar_runtime.domain.errors import TransferInterrupted
from pulsar_runtime.staging.progress import Progress

#: Large enough that Python does not count, small enough that a stop is noticed soon.
PIECE_BYTES = 1024 * 1024


def size_of(stream: RawIOBase) -> int:
    """Return how many bytes a file has now."""
    return os.fstat(stream.fileno()).st_size


def pieces(stream: RawIOBase, offset: int, size: int, progress: Progress) -> Iterator[bytes]:
    """Yield *size* bytes from *offset* on; raises `TransferInterrupted` when there are fewer."""
    end = offset + size
    while offset < end:
        progress.require_wanted()
        piece = os.pread(stream.fileno(), min(PIECE_BYTES, end - offset), offset)
        if not piece:
            raise TransferInterrupted("the file became shorter while it was sent")
        offset += len(piece)
        yield piece
        progress.spend(len(piece))
