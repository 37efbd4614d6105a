"""Opening what is certain to lie in its directory of a job, whatever links the job has made.

The kernel judges the way while it goes it (`openat2`): between a check and an opening a running job could
swap a link.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pulsar_runtime.domain.errors import FileNotThere, UnsafePath
from pulsar_runtime.domain.paths import Directory, JobFile
from pulsar_runtime.store.openat2 import BENEATH, NO_SYMLINKS, openat2

#: A place to go on from, whatever its mode says.
_PLACE = os.O_PATH | os.O_DIRECTORY
#: Non-blocking, or a FIFO left by a job would hold us for ever.
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY

#: NAME_MAX, and PATH_MAX without its NUL (limits.h of Linux).
_LONGEST_PART_BYTES = 255
_LONGEST_PATH_BYTES = 4095


@contextmanager
def directory_of(job_directory: str, which: Directory) -> Iterator[int]:
    """Give a descriptor of one directory of a job; raises `FileNotThere` or `UnsafePath`."""
    with _judging(which.value or "the job directory"):
        descriptor = _open_root(job_directory, which, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def parent_of(job_directory: str, file: JobFile, *, create_mode: int | None = None) -> Iterator[int]:
    """Give a descriptor of the directory that holds *file*.

    With *create_mode* missing directories are made; without, `FileNotThere` is raised for them.
    Raises `UnsafePath` when a link leads out, or the name is too long.
    """
    _require_short(job_directory, file)
    with _judging(str(file.path)):
        descriptor = _open_parent(job_directory, file, create_mode)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def open_file(job_directory: str, file: JobFile) -> int:
    """Open a regular file for reading; raises `FileNotThere` or `UnsafePath`."""
    name = str(file.path)
    with _judging(name):
        root = _open_root(job_directory, file.directory, _PLACE)
        try:
            descriptor = _open_inside(root, name, _READ)
        finally:
            os.close(root)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotThere(f"{name!r} is not a regular file")
    return descriptor


def require_no_link_out(job_directory: str, file: JobFile, parent: int) -> None:
    """Raise `UnsafePath` when *file* in the directory *parent* is a link that leads out, or nowhere."""
    name = str(file.path)
    with _judging(name):
        root = _open_root(job_directory, file.directory, _PLACE)
        try:
            os.close(_open_inside(root, name, os.O_PATH))
        except FileNotFoundError:
            with suppress(FileNotFoundError):
                os.lstat(file.path.name, dir_fd=parent)
                raise UnsafePath(f"{name!r} is a link that leads nowhere") from None
        finally:
            os.close(root)


def _open_parent(job_directory: str, file: JobFile, create_mode: int | None) -> int:
    if create_mode is None:
        descriptor = _open_root(job_directory, file.directory, _PLACE)
    else:
        descriptor = _make_root(job_directory, file.directory, create_mode)
    parts = file.path.parts[:-1]
    if not parts:
        return descriptor
    try:
        if create_mode is not None:
            _make_way(descriptor, parts, create_mode)
        return _open_inside(descriptor, "/".join(parts), _PLACE)
    finally:
        os.close(descriptor)


def _open_inside(root: int, name: str, flags: int) -> int:
    """Open something below *root*; links are followed as long as they end below it."""
    try:
        return openat2(root, name, flags, BENEATH)
    except OSError as exc:
        if exc.errno != errno.EXDEV:
            raise
    # A link on the way is absolute, as tools make them, and may still lead back inside. What it leads to is
    # only looked at until that is known, for opening a device can do things.
    place = os.open(name, os.O_PATH | os.O_CLOEXEC, dir_fd=root)
    try:
        where, inside = (os.readlink(f"/proc/self/fd/{each}") for each in (place, root))
        if not where.startswith(inside + "/"):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), name)
        return os.open(f"/proc/self/fd/{place}", flags | os.O_CLOEXEC)
    finally:
        os.close(place)


def _open_root(job_directory: str, which: Directory, flags: int) -> int:
    """Open a directory of a job; only the way to the staging directory may have links in it."""
    staging, job = os.path.split(job_directory)
    descriptor = os.open(staging, _PLACE | os.O_CLOEXEC)
    try:
        return openat2(descriptor, f"{job}/{which.value}", flags | os.O_DIRECTORY, NO_SYMLINKS)
    finally:
        os.close(descriptor)


def _make_root(job_directory: str, which: Directory, mode: int) -> int:
    try:
        return _open_root(job_directory, which, _PLACE)
    except FileNotFoundError:
        os.makedirs(job_directory, mode, exist_ok=True)
        with directory_of(job_directory, Directory.JOB) as job, suppress(FileExistsError):
            os.mkdir(which.value, mode, dir_fd=job)
        return _open_root(job_directory, which, _PLACE)


def _make_way(root: int, parts: tuple[str, ...], mode: int) -> None:
    """Make the directories that are missing on the way."""
    for depth in range(len(parts)):
        try:
            above = _open_inside(root, "/".join(parts[:depth]) or ".", _PLACE)
        except FileNotFoundError:
            # A link that leads nowhere; opening the whole way tells.
            return
        try:
            with suppress(FileExistsError):
                os.mkdir(parts[depth], mode, dir_fd=above)
        finally:
            os.close(above)


def _require_short(job_directory: str, file: JobFile) -> None:
    path = f"{job_directory}/{file.directory.value}/{file.path}"
    if len(os.fsencode(path)) > _LONGEST_PATH_BYTES or any(
        len(os.fsencode(part)) > _LONGEST_PART_BYTES for part in file.path.parts
    ):
        raise UnsafePath(
            f"the name is too long: at most {_LONGEST_PART_BYTES} bytes for each part of it, and "
            f"{_LONGEST_PATH_BYTES} for the path of the file on the server"
        )


@contextmanager
def _judging(name: str) -> Iterator[None]:
    """Turn what the kernel says about the way to *name* into our errors."""
    try:
        yield
    except (FileNotFoundError, PermissionError) as exc:
        raise FileNotThere(f"{name!r} cannot be opened: {exc.strerror}") from exc
    except OSError as exc:
        if exc.errno == errno.EXDEV:
            raise UnsafePath(f"{name!r} leads out of its directory") from exc
        if exc.errno in (errno.ENOTDIR, errno.ELOOP):
            raise UnsafePath(f"{name!r} cannot be used: {exc.strerror}") from exc
        if exc.errno == errno.ENXIO:
            # A socket, or a device without a driver, left by a job.
            raise FileNotThere(f"{name!r} is not a regular file") from exc
        raise
