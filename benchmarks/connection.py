"""A small HTTP/1.1 client over one keep-alive connection, cheap enough not to be what is measured."""

from __future__ import annotations

import select
import socket
from typing import Self

import attrs

from benchmarks.answer import AnswerReader
from benchmarks.failure import MeasurementFailed

OK = 200
SOCKET_TIMEOUT_SECONDS = 60.0


@attrs.frozen
class Response:
    """A status code and a whole body."""

    status: int
    body: bytes


class Connection:
    """Send requests to one local port, one after the other; reconnect when the server has closed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._open: tuple[socket.socket, AnswerReader] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the socket; the next request opens another."""
        if self._open is not None:
            self._open[0].close()
            self._open = None

    def request(self, method: str, target: str, body: bytes = b"", *, repeat: int = 1) -> Response:
        """Send one request and read the whole answer, whatever its status code.

        The body is sent ``repeat`` times over, so that a large one need not be in memory.
        """
        connected, reader = self._connected()
        head = request_head(method, target, len(body) * repeat)
        connected.sendall(head + body)
        for _ in range(repeat - 1):
            connected.sendall(body)
        answer = reader.head()
        content = reader.body(answer)
        if not answer.keeps_alive:
            self.close()
        return Response(status=answer.status, body=content)

    def fetch_and_discard(self, target: str) -> int:
        """GET ``target``, which must answer 200, and return how many bytes its body had."""
        connected, reader = self._connected()
        connected.sendall(request_head("GET", target, 0))
        answer = reader.head()
        if answer.status != OK:
            raise MeasurementFailed(f"GET {target.partition('?')[0]}: status {answer.status}")
        size = reader.discard_body(answer)
        if not answer.keeps_alive:
            self.close()
        return size

    def _connected(self) -> tuple[socket.socket, AnswerReader]:
        """Return what is open, or a new connection where the server has closed the last."""
        if self._open is not None and _is_closed_by_peer(self._open[0]):
            self.close()
        if self._open is None:
            connected = connect(self._port)
            self._open = (connected, AnswerReader(connected))
        return self._open


def connect(port: int) -> socket.socket:
    """Open a socket to a local port that sends without delay."""
    connected = socket.create_connection(("127.0.0.1", port), SOCKET_TIMEOUT_SECONDS)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connected


def request_head(method: str, target: str, length: int) -> bytes:
    """Render the head of a request with a body of ``length`` bytes."""
    return f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {length}\r\n\r\n".encode()


def _is_closed_by_peer(connected: socket.socket) -> bool:
    """Say whether an idle connection has been closed: only then is there something to read."""
    readable, _, _ = select.select([connected], [], [], 0)
    return bool(readable)
