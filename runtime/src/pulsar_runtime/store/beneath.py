"""Opening files that are certain to lie below a directory, whatever links a job has made.

A path is opened first and judged afterwards, by where the kernel says the open file lies
(`/proc/self/fd`, proc(5)): between a check and an opening a running job could swap a link.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pulsar_runtime.domain.errors import FileNotThere, UnsafePath
from pulsar_runtime.domain.paths import RelativePath

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
#: Non-blocking, or a FIFO left by a job would hold us for ever.
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


@contextmanager
def parent_of(root: str, path: RelativePath, *, create_mode: int | None = None) -> Iterator[int]:
    """Give a descriptor of the directory that holds *path* below *root*.

    With *create_mode* missing directories are made; without, `FileNotThere` is raised for them.
    Raises `UnsafePath` when a link leads out of *root*.
    """
    if create_mode is not None:
        os.makedirs(root, mode=create_mode, exist_ok=True)
    real_root = _real(root)
    descriptor = _open_directory(root, path)
    try:
        _require_beneath(descriptor, real_root, path)
        for part in path.parts[:-1]:
            if create_mode is not None:
                with suppress(FileExistsError):
                    os.mkdir(part, create_mode, dir_fd=descriptor)
            below = _open_directory(part, path, parent=descriptor)
            os.close(descriptor)
            descriptor = below
            # At every step, or directories could be made outside.
            _require_beneath(descriptor, real_root, path)
        yield descriptor
    finally:
        os.close(descriptor)


def open_file(root: str, path: RelativePath) -> int:
    """Open a regular file below *root* for reading; raises `FileNotThere` or `UnsafePath`."""
    with parent_of(root, path) as parent:
        try:
            descriptor = os.open(path.name, _READ, dir_fd=parent)
        except OSError as exc:
            # ENXIO: a socket, or a FIFO of a job.
            raise FileNotThere(f"{str(path)!r} cannot be opened: {exc.strerror}") from exc
    try:
        _require_beneath(descriptor, _real(root), path)
        _require_regular(descriptor, path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _open_directory(name: str, path: RelativePath, parent: int | None = None) -> int:
    try:
        return os.open(name, _DIRECTORY, dir_fd=parent)
    except FileNotFoundError as exc:
        raise FileNotThere(f"{str(path)!r} does not exist") from exc
    except OSError as exc:
        if exc.errno in (errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG):
            raise UnsafePath(f"{str(path)!r} cannot be used: {exc.strerror}") from exc
        raise


def _require_beneath(descriptor: int, real_root: str, path: RelativePath) -> None:
    where = os.readlink(f"/proc/self/fd/{descriptor}")
    if where != real_root and not where.startswith(real_root + "/"):
        raise UnsafePath(f"{str(path)!r} leads out of its directory")


def _require_regular(descriptor: int, path: RelativePath) -> None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise FileNotThere(f"{str(path)!r} is not a regular file")


def _real(root: str) -> str:
    """Resolve everything above the last component, which a job may have replaced by a link."""
    parent, name = os.path.split(root)
    return os.path.join(os.path.realpath(parent), name)
