"""A connection on which a test says byte by byte what a client should not say."""

from __future__ import annotations

import contextlib
import http.client
import socket
import struct
from types import TracebackType
from typing import Self

from runtime.tests.bad_input.answers import Answer, read_answer
from runtime.tests.live_server import LiveServer


class RawConnection:
    """One connection to the server; every wait on it ends after *limit* seconds."""

    def __init__(self, server: LiveServer, limit: float = 10.0) -> None:
        host, _, port = server.bind.rpartition(":")
        self._socket = socket.create_connection((host, int(port)), timeout=limit)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def send(self, data: bytes) -> None:
        """Send bytes; a server that has said enough and closed is no error."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._socket.sendall(data)

    def receive(self, most: int = 65536) -> bytes:
        """Return what comes next; nothing when the server has closed the connection."""
        try:
            return self._socket.recv(most)
        except ConnectionResetError:
            return b""

    def answer(self) -> Answer:
        """Read one answer."""
        response = http.client.HTTPResponse(self._socket)
        response.begin()
        return read_answer(response)

    def send_no_more(self) -> None:
        """Close this side only; the server can still answer."""
        self._socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Leave without a farewell: the server's next read fails."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()
