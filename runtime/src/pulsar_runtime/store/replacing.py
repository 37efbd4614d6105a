"""Writing a file so that others see all of it or nothing."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pulsar_runtime.domain.paths import PARTIAL_PREFIX

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW


@contextmanager
def replacing(parent: int, name: str) -> Iterator[int]:
    """Give a descriptor to write to; *name* in the directory *parent* is it when the block ends well.

    What had the name, a link of a job too, is replaced in one step.
    """
    # Not O_TMPFILE, which would leave nothing behind when the server is killed: NFS does not have it. What is
    # left is in no listing, and goes with the job.
    partial = PARTIAL_PREFIX + secrets.token_hex(8)
    descriptor = os.open(partial, _CREATE, 0o666, dir_fd=parent)
    try:
        try:
            yield descriptor
        finally:
            os.close(descriptor)
        os.rename(partial, name, src_dir_fd=parent, dst_dir_fd=parent)
    except BaseException:
        # Gone already when the job was removed meanwhile.
        with suppress(FileNotFoundError):
            os.unlink(partial, dir_fd=parent)
        raise


@contextmanager
def placing(parent: int, name: str) -> Iterator[str]:
    """Give the path of a partial file, which gets its *name* in *parent* when the block ends well.

    It has the same name each time, so that after an error the next one finds what is there. The path leads
    through this process's descriptor: no link on the way to it counts, and child processes may use it too.
    """
    partial = PARTIAL_PREFIX + hashlib.sha256(os.fsencode(name)).hexdigest()[:32]
    yield f"/proc/{os.getpid()}/fd/{parent}/{partial}"
    os.rename(partial, name, src_dir_fd=parent, dst_dir_fd=parent)
