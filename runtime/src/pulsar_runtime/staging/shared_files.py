"""Files on a file system that this machine shares with Galaxy."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from io import RawIOBase

from pulsar_runtime.domain.errors import TransferInterrupted, TransferRefused
from pulsar_runtime.domain.paths import PARTIAL_PREFIX
from pulsar_runtime.domain.staging import SharedFile
from pulsar_runtime.staging.progress import Progress

#: Copied by the kernel at a time; a stop is noticed in between.
_PIECE_BYTES = 16 * 1024 * 1024


class SharedFiles:
    """Implements `Carrier` by copying."""

    def fetch(self, other: SharedFile, path: str, progress: Progress) -> None:
        """Copy the file to *path*."""
        try:
            # Not to wait for ever where somebody has left a FIFO.
            source = os.open(other.path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError, PermissionError) as exc:
            raise TransferRefused(
                f"{other.path} cannot be read here: {exc.strerror}; do both machines have its file system?"
            ) from exc
        try:
            if not stat.S_ISREG(os.fstat(source).st_mode):
                raise TransferRefused(f"{other.path} is not a regular file")
            with open(path, "wb", buffering=0) as target:
                _copy(source, target.fileno(), progress)
        finally:
            os.close(source)

    def send(self, other: SharedFile, stream: RawIOBase, progress: Progress) -> None:
        """Copy the file to where Galaxy wants it; what is there is replaced in one step."""
        parent, name = os.path.split(other.path)
        if not os.path.isabs(other.path) or not name:
            raise TransferRefused(f"{other.path!r} is not the absolute path of a file")
        partial = os.path.join(parent, PARTIAL_PREFIX + secrets.token_hex(8))
        try:
            os.makedirs(parent, exist_ok=True)
            with open(partial, "xb", buffering=0) as target:
                _copy(stream.fileno(), target.fileno(), progress)
            os.replace(partial, other.path)
        except PermissionError as exc:
            raise TransferRefused(f"{other.path} cannot be written here: {exc.strerror}") from exc
        finally:
            with suppress(FileNotFoundError, PermissionError, NotADirectoryError):
                os.unlink(partial)


def _copy(source: int, target: int, progress: Progress) -> None:
    size = os.fstat(source).st_size
    offset = 0
    while offset < size:
        progress.require_wanted()
        copied = os.sendfile(target, source, offset, min(_PIECE_BYTES, size - offset))
        if not copied:
            raise TransferInterrupted("the file became shorter while it was copied")
        offset += copied
