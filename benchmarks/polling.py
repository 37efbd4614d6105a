"""As many status requests as a server answers, from one thread that does nothing else."""

from __future__ import annotations

import selectors
import socket
import time

from benchmarks.connection import connect, request_head
from benchmarks.failure import MeasurementFailed

READ_SIZE = 1 << 16


def poll(port: int, target: str, *, connections: int, seconds: float) -> int:
    """GET ``target`` over keep-alive connections that each send the next request on the answer.

    Return the number of answers.
    """
    request = request_head("GET", target, 0)
    opened = [connect(port) for _ in range(connections)]
    try:
        with selectors.DefaultSelector() as selector:
            return _poll(selector, opened, request, seconds)
    finally:
        for connected in opened:
            connected.close()


def _poll(
    selector: selectors.BaseSelector, opened: list[socket.socket], request: bytes, seconds: float
) -> int:
    answers = 0
    partial: dict[int, bytes] = {}
    connected: socket.socket
    for connected in opened:
        selector.register(connected, selectors.EVENT_READ, connected)
        connected.sendall(request)
    end = time.monotonic() + seconds
    while (now := time.monotonic()) < end:
        for key, _ in selector.select(timeout=end - now):
            connected = key.data
            received = connected.recv(READ_SIZE)
            if not received:
                raise MeasurementFailed("the server closed a connection that was in use")
            answer = partial.pop(key.fd, b"") + received
            if is_whole(answer):
                answers += 1
                connected.sendall(request)
            else:
                partial[key.fd] = answer
    return answers


def is_whole(answer: bytes) -> bool:
    """Say whether an answer is complete; one that is not 200 or has no length is a failed measurement."""
    head, blank, body = answer.partition(b"\r\n\r\n")
    if not blank:
        return False
    _, found, rest = head.lower().partition(b"content-length:")
    if not head.startswith(b"HTTP/1.1 200 ") or not found:
        raise MeasurementFailed(f"a status request was answered by {head.partition(bytes([13]))[0]!r}")
    return len(body) >= int(rest.partition(b"\r\n")[0])
