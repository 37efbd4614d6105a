"""Hear when files are written to, by way of inotify(7).

Not in Python's standard library as of 3.14; https://man7.org/linux/man-pages/man7/inotify.7.html.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Callable
from contextlib import suppress

from pulsar_runtime.ports import Reactor

_MODIFY = 0x00000002
#: So much happened that some of it was dropped.
_OVERFLOW = 0x00004000

#: The number of the watch, and how long the name is that follows.
_EVENT = struct.Struct("iIII")
_BUFFER_BYTES = 64 * 1024

_libc = ctypes.CDLL(None, use_errno=True)
_libc.inotify_init1.argtypes = (ctypes.c_int,)
_libc.inotify_add_watch.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_uint32)
_libc.inotify_rm_watch.argtypes = (ctypes.c_int, ctypes.c_int)


class FileWatch:
    """Calls back when one of its files was written to, by somebody on this host.

    A file that cannot be watched, because the kernel allows no more watches, is left out: who needs to
    know also looks from time to time.
    """

    def __init__(self, reactor: Reactor) -> None:
        self._reactor = reactor
        self._descriptor: int | None = None
        self._callbacks: dict[int, Callable[[], None]] = {}

    def add(self, path: str, callback: Callable[[], None]) -> int | None:
        """Call *callback* from now on; return the number of the watch if there is one."""
        if self._descriptor is None:
            self._descriptor = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
            if self._descriptor < 0:
                self._descriptor = None
                return None
            self._reactor.watch(self._descriptor, self._tell)
        number: int = _libc.inotify_add_watch(self._descriptor, os.fsencode(path), _MODIFY)
        if number < 0:
            return None
        self._callbacks[number] = callback
        return number

    def remove(self, number: int) -> None:
        """Stop watching."""
        if self._callbacks.pop(number, None) is not None:
            # Fails when the file is gone: then the kernel has removed the watch.
            _libc.inotify_rm_watch(self._descriptor, number)

    def close(self) -> None:
        """Stop watching everything."""
        self._callbacks.clear()
        if self._descriptor is not None:
            self._reactor.unwatch(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None

    def _tell(self) -> None:
        numbers: set[int] = set()
        with suppress(BlockingIOError):
            while self._descriptor is not None:
                data = os.read(self._descriptor, _BUFFER_BYTES)
                place = 0
                while place < len(data):
                    number, mask, _cookie, length = _EVENT.unpack_from(data, place)
                    place += _EVENT.size + length
                    numbers.update(self._callbacks if mask & _OVERFLOW else [number])
        for number in numbers:
            if number in self._callbacks:
                self._callbacks[number]()
