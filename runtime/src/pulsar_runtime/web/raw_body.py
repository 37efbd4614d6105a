"""A request body of known length that can go straight from the socket to a file."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Protocol

_BUFFER_BYTES = 256 * 1024

#: A fast client gets so much before others have a turn.
_BYTES_PER_TURN = 4 * 1024 * 1024


class _Unreader(Protocol):
    sock: socket.socket

    def read(self, size: int | None = None, read_ahead: int | None = None) -> bytes: ...
    def take_buffered(self) -> bytes: ...
    def unread(self, data: bytes) -> None: ...


class RawBody:
    """The ``wsgi.input`` of requests with a Content-Length; gunicorn's own copies each byte several times."""

    def __init__(self, unreader: _Unreader, length: int) -> None:
        self._unreader = unreader
        self._left = length
        #: Asked by gunicorn before the connection is used again.
        self.failed = False

    def read(self, size: int | None = None) -> bytes:
        """Return up to *size* bytes, fewer only at the end of the body or of the connection."""
        wanted = self._left if size is None or size < 0 else min(size, self._left)
        data = self._unreader.read(wanted) if wanted else b""
        self._left -= len(data)
        return data

    def arrived(self) -> bytes | None:
        """Return the rest of the body if it is here already, or None; waits for nothing."""
        buffered = self._unreader.take_buffered()
        whole = len(buffered) >= self._left
        self._unreader.unread(buffered[self._left :] if whole else buffered)
        if not whole:
            return None
        body, self._left = buffered[: self._left], 0
        return body

    def pour(self, descriptor: int, pause: Callable[[], None]) -> int:
        """Write the rest of the body to *descriptor*; return its length, less if the client left.

        Raises `TimeoutError` and `ConnectionError`. *pause* is called now and then.
        """
        poured = 0
        buffered = self._unreader.take_buffered()
        if buffered:
            self._unreader.unread(buffered[self._left :])
            poured += self._write(descriptor, memoryview(buffered)[: self._left])
        buffer = memoryview(bytearray(min(_BUFFER_BYTES, self._left))) if self._left else memoryview(b"")
        pause_at = _BYTES_PER_TURN
        while self._left and (received := self._unreader.sock.recv_into(buffer[: self._left])):
            poured += self._write(descriptor, buffer[:received])
            if poured >= pause_at:
                pause()
                pause_at = poured + _BYTES_PER_TURN
        self.failed = self._left > 0
        return poured

    def _write(self, descriptor: int, data: memoryview) -> int:
        self._left -= len(data)
        write_all(descriptor, data)
        return len(data)


def write_all(descriptor: int, data: memoryview) -> None:
    """Write every byte, however few of them the system takes at a time."""
    while data:
        data = data[os.write(descriptor, data) :]
