from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from benchmarks.connection import Connection
from benchmarks.failure import MeasurementFailed
from benchmarks.polling import is_whole

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"
CLOSING = b"HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno"


@contextmanager
def _server(connections: Sequence[Sequence[bytes]]) -> Iterator[int]:
    """Serve each connection its answers, one for each request without a body, and close it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(10)

        def serve() -> None:
            for answers in connections:
                accepted, _ = listening.accept()
                with accepted, accepted.makefile("rb") as requests:
                    for answer in answers:
                        while requests.readline() != b"\r\n":
                            pass
                        accepted.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            thread.join(10)


def test_answers_with_a_length_and_in_chunks_are_read_from_one_connection() -> None:
    with _server([[PLAIN, CHUNKED, PLAIN]]) as port, Connection(port) as connection:
        assert [connection.request("GET", "/").body for _ in range(3)] == [b"hello"] * 3


def test_a_closed_connection_is_opened_again() -> None:
    with _server([[CLOSING], [PLAIN]]) as port, Connection(port) as connection:
        assert [connection.request("GET", "/").status for _ in range(2)] == [404, 200]


def test_a_download_is_counted_without_its_framing() -> None:
    with _server([[CHUNKED, PLAIN, PLAIN]]) as port, Connection(port) as connection:
        assert [connection.fetch_and_discard("/") for _ in range(3)] == [5, 5, 5]


def test_an_answer_that_is_cut_off_is_an_error() -> None:
    with (
        _server([[PLAIN[:-1]]]) as port,
        Connection(port) as connection,
        pytest.raises(ConnectionResetError, match="before its answer was complete"),
    ):
        connection.request("GET", "/")


def test_polling_waits_for_the_whole_body() -> None:
    assert [is_whole(PLAIN[:20]), is_whole(PLAIN[:-1]), is_whole(PLAIN)] == [False, False, True]


def test_polling_refuses_an_error() -> None:
    with pytest.raises(MeasurementFailed, match="404 Not Found"):
        is_whole(CLOSING)
