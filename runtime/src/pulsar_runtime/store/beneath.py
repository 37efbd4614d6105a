"""Opening what is certain to lie in its directory of a job, whatever links the job has made.

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
from pulsar_runtime.domain.paths import Directory, JobFile

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
#: Non-blocking, or a FIFO left by a job would hold us for ever.
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY

#: NAME_MAX, and PATH_MAX without its NUL (limits.h of Linux).
_LONGEST_PART_BYTES = 255
_LONGEST_PATH_BYTES = 4095


@contextmanager
def directory_of(job_directory: str, which: Directory) -> Iterator[int]:
    """Give a descriptor of one directory of a job; raises `FileNotThere` or `UnsafePath`."""
    with _walk(job_directory, which, ()) as descriptor:
        yield descriptor


@contextmanager
def parent_of(job_directory: str, file: JobFile, *, create_mode: int | None = None) -> Iterator[int]:
    """Give a descriptor of the directory that holds *file*.

    With *create_mode* missing directories are made; without, `FileNotThere` is raised for them.
    Raises `UnsafePath` when a link leads out, or the name is too long.
    """
    path = _root(job_directory, file.directory) + "/" + str(file.path)
    if len(os.fsencode(path)) > _LONGEST_PATH_BYTES or any(
        len(os.fsencode(part)) > _LONGEST_PART_BYTES for part in file.path.parts
    ):
        raise UnsafePath(
            f"the name is too long: at most {_LONGEST_PART_BYTES} bytes for each part of it, and "
            f"{_LONGEST_PATH_BYTES} for the path of the file on the server"
        )
    with _walk(job_directory, file.directory, file.path.parts[:-1], create_mode) as descriptor:
        yield descriptor


def open_file(job_directory: str, file: JobFile) -> int:
    """Open a regular file for reading; raises `FileNotThere` or `UnsafePath`."""
    name = str(file.path)
    with parent_of(job_directory, file) as parent:
        try:
            descriptor = os.open(file.path.name, _READ, dir_fd=parent)
        except OSError as exc:
            # ENXIO: a socket, or a FIFO of a job.
            raise FileNotThere(f"{name!r} cannot be opened: {exc.strerror}") from exc
    try:
        _require_beneath(descriptor, _root(job_directory, file.directory), name)
        _require_regular(descriptor, name)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def require_no_link_out(job_directory: str, file: JobFile, parent: int) -> None:
    """Raise `UnsafePath` when *file* in the directory *parent* is a link that leads out, or nowhere."""
    try:
        descriptor = os.open(file.path.name, os.O_PATH | os.O_CLOEXEC, dir_fd=parent)
    except FileNotFoundError:
        if file.path.name in os.listdir(parent):
            raise UnsafePath(f"{str(file.path)!r} is a link that leads nowhere") from None
        return
    try:
        _require_beneath(descriptor, _root(job_directory, file.directory), str(file.path))
    finally:
        os.close(descriptor)


@contextmanager
def _walk(
    job_directory: str, which: Directory, parts: tuple[str, ...], create_mode: int | None = None
) -> Iterator[int]:
    """Go down to a directory step by step, and see at every step whether it still lies where it should."""
    name = "/".join((which.value or "the job directory", *parts))
    root = _root(job_directory, Directory.JOB)
    descriptor = _open_directory(job_directory, name)
    try:
        _require_beneath(descriptor, root, name)
        for part in (which.value, *parts) if which else parts:
            if create_mode is not None:
                with suppress(FileExistsError):
                    os.mkdir(part, create_mode, dir_fd=descriptor)
            below = _open_directory(part, name, parent=descriptor)
            os.close(descriptor)
            descriptor = below
            root = _root(job_directory, which)
            _require_beneath(descriptor, root, name)
        yield descriptor
    finally:
        os.close(descriptor)


def _open_directory(path: str, name: str, parent: int | None = None) -> int:
    try:
        return os.open(path, _DIRECTORY, dir_fd=parent)
    except (FileNotFoundError, PermissionError) as exc:
        raise FileNotThere(f"{name!r} cannot be opened: {exc.strerror}") from exc
    except OSError as exc:
        if exc.errno in (errno.ENOTDIR, errno.ELOOP):
            raise UnsafePath(f"{name!r} cannot be used: {exc.strerror}") from exc
        raise


def _require_beneath(descriptor: int, root: str, name: str) -> None:
    where = os.readlink(f"/proc/self/fd/{descriptor}")
    if where != root and not where.startswith(root + "/"):
        raise UnsafePath(f"{name!r} leads out of its directory")


def _require_regular(descriptor: int, name: str) -> None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise FileNotThere(f"{name!r} is not a regular file")


def _root(job_directory: str, which: Directory) -> str:
    """Return where a directory of a job really is: only the staging directory may have links in its path."""
    staging, job = os.path.split(job_directory)
    return "/".join((os.path.realpath(staging), job, which.value)).rstrip("/")
