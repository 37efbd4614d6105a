"""Reads HTTP/1.1 answers from a socket, with as little work as will do."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import attrs

BUFFER_SIZE = 1 << 20


@attrs.frozen
class Head:
    """What a client has to know of an answer to read its body."""

    status: int
    length: int | None
    """Bytes of the body, or ``None`` when it is chunked."""
    keeps_alive: bool


class AnswerReader:
    """Read one answer after the other: its head, then its body."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._bytes = bytearray(BUFFER_SIZE)
        self._view = memoryview(self._bytes)
        self._start = self._end = 0

    def head(self) -> Head:
        """Read the status line and the header fields."""
        status = int(self._line().split(b" ", 2)[1])
        length: int | None = None
        keeps_alive = True
        while line := self._line():
            name, _, value = line.lower().partition(b":")
            if name == b"content-length":
                length = int(value)
            elif name == b"connection":
                keeps_alive = value.strip() != b"close"
        return Head(status, length, keeps_alive)

    def body(self, head: Head) -> bytes:
        """Read a body that fits into memory."""
        if head.length is not None:
            return self._read(head.length)
        return b"".join(self._read(size) for size in self._chunks())

    def discard_body(self, head: Head) -> int:
        """Let a body of any size pass, and return its size."""
        if head.length is not None:
            self._discard(head.length)
            return head.length
        total = 0
        for size in self._chunks():
            self._discard(size)
            total += size
        return total

    def _chunks(self) -> Iterator[int]:
        """Yield the size of each chunk, which the caller then reads (RFC 9112 section 7.1)."""
        while size := int(self._line(), 16):
            yield size
            self._line()
        self._line()

    def _line(self) -> bytes:
        while True:
            found = self._bytes.find(b"\r\n", self._start, self._end)
            if found >= 0:
                line = bytes(self._view[self._start : found])
                self._start = found + 2
                return line
            self._receive()

    def _read(self, count: int) -> bytes:
        parts = []
        while count:
            if self._start == self._end:
                self._receive()
            taken = min(count, self._end - self._start)
            parts.append(bytes(self._view[self._start : self._start + taken]))
            self._start += taken
            count -= taken
        return b"".join(parts)

    def _discard(self, count: int) -> None:
        buffered = min(count, self._end - self._start)
        self._start += buffered
        count -= buffered
        while count:
            # MSG_TRUNC lets the kernel drop the bytes without copying them (tcp(7)).
            count -= _some(self._socket.recv_into(self._view, min(count, BUFFER_SIZE), socket.MSG_TRUNC))

    def _receive(self) -> None:
        """Add what the server has sent to what is still in the buffer."""
        kept = self._end - self._start
        if kept == 0 or self._end == BUFFER_SIZE:
            self._view[:kept] = bytes(self._view[self._start : self._end])
            self._start, self._end = 0, kept
        self._end += _some(self._socket.recv_into(self._view[self._end :]))


def _some(received: int) -> int:
    if not received:
        raise ConnectionResetError("the server closed the connection before its answer was complete")
    return received
