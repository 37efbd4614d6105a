"""openat2(2): open a path, and let the kernel see to it that it stays where it belongs.

Not in Python's `os` as of 3.14; https://man7.org/linux/man-pages/man2/openat2.2.html (Linux 5.6).
"""

from __future__ import annotations

import ctypes
import errno
import os
from functools import lru_cache

from pulsar_runtime.domain.errors import UnfitHost

#: Nothing on the way may be a symbolic link.
NO_SYMLINKS = 0x04
#: Links may be followed as long as the way never leaves the directory it begins at.
BENEATH = 0x08

#: The same on every architecture (asm-generic/unistd.h).
_NUMBER = 437

#: A rename somewhere on the way makes the kernel ask for another try; a job may rename all the time.
_TRIES = 16


class _OpenHow(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


_syscall = ctypes.CDLL(None, use_errno=True).syscall
_syscall.restype = ctypes.c_long
_syscall.argtypes = (
    ctypes.c_long,
    ctypes.c_int,
    ctypes.c_char_p,
    ctypes.POINTER(_OpenHow),
    ctypes.c_size_t,
)


@lru_cache
def _how(flags: int, resolve: int) -> _OpenHow:
    """Return what the kernel only reads."""
    return _OpenHow(flags=flags, resolve=resolve)


def openat2(directory: int, path: str, flags: int, resolve: int) -> int:
    """Open *path* below the open *directory*; raises `OSError`.

    `errno.EXDEV` says that the way would leave the directory, `errno.ELOOP` that a link is in it.
    """
    how = _how(flags | os.O_CLOEXEC, resolve)
    number = errno.EAGAIN
    for _ in range(_TRIES):
        descriptor: int = _syscall(_NUMBER, directory, os.fsencode(path), how, ctypes.sizeof(how))
        if descriptor >= 0:
            return descriptor
        number = ctypes.get_errno()
        if number not in (errno.EAGAIN, errno.EINTR):
            break
    raise OSError(number, os.strerror(number), path)


def require_openat2() -> None:
    """Raise `UnfitHost` if the kernel does not have it, or does not let us use it."""
    directory = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.close(openat2(directory, ".", os.O_PATH, BENEATH))
    except OSError as exc:
        raise UnfitHost(
            f"the system call openat2 cannot be used here ({exc.strerror}): it takes Linux 5.6 or later, "
            "and in a container a seccomp profile that lets it pass"
        ) from exc
    finally:
        os.close(directory)
