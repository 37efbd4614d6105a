"""Request lines and headers that are too long, and bytes that are no HTTP."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable

import pytest

from runtime.tests.bad_input.answers import Answer, assert_refused
from runtime.tests.bad_input.api import Api, ask, job_path, new_id
from runtime.tests.bad_input.raw_connection import RawConnection
from runtime.tests.live_server import LiveServer

MEBIBYTE = 1024 * 1024
#: The default limit for the whole request line (issue 2).
LIMIT = 8 * MEBIBYTE


def test_a_command_of_almost_the_limit_runs(api: Api) -> None:
    """Galaxy sends whole command lines in the query string (protocol.md section 11, trap 2)."""
    job_id = new_id()
    api.setup(job_id)
    padding = "x" * int(7.9 * MEBIBYTE)
    assert api.submit(job_id, f"exit 3 # {padding}").code == 200
    assert api.wait(job_id)["returncode"] == 3


def test_the_limit_is_exact(server: LiveServer) -> None:
    """The request line without its end counts."""
    longest = _line_of(server, LIMIT)
    assert len(longest) == LIMIT
    assert _said(server, longest + b"\r\nHost: x\r\n\r\n").code == 200
    assert_refused(_said(server, _line_of(server, LIMIT + 1) + b"\r\nHost: x\r\n\r\n"), 414)


@pytest.mark.parametrize("prefix", [b"", b"\r\n"])
def test_a_request_line_over_the_limit_is_refused_before_it_has_ended(
    server: LiveServer, prefix: bytes
) -> None:
    """Without an end, or a token, or anything else that could be parsed."""
    started = time.monotonic()
    with RawConnection(server) as connection:
        connection.send(prefix + b"GET /" + b"x" * (LIMIT + 65536))
        assert_refused(connection.answer(), 414)
    assert time.monotonic() - started < 2


def test_a_request_line_far_over_the_limit_is_not_read_to_its_end(server: LiveServer) -> None:
    with RawConnection(server) as connection:
        block = b"x" * MEBIBYTE
        for _ in range(20):
            connection.send(block)
        assert_refused(connection.answer(), 414)


def test_reading_a_request_line_takes_time_in_proportion_to_its_length(server: LiveServer) -> None:
    """Twice the length takes about twice the processor time; were it the square, it would be four times."""

    def cost(megabytes: int) -> float:
        line = _line_of(server, megabytes * MEBIBYTE)

        def ask_some_times() -> None:
            for _ in range(6):
                assert _said(server, line + b"\r\nHost: x\r\n\r\n").code == 200

        return _processor_seconds(server, ask_some_times)

    cost(1)
    shorter, longer = cost(3), cost(6)
    assert longer < 3 * shorter + 0.1
    assert longer / 6 < 1.0


def test_refusing_a_request_line_takes_less_than_reading_it(server: LiveServer) -> None:
    def refuse() -> None:
        for _ in range(6):
            with RawConnection(server) as connection:
                connection.send(b"GET /" + b"x" * (LIMIT + 65536))
                assert connection.answer().code == 414

    assert _processor_seconds(server, refuse) / 6 < 0.25


def test_a_request_line_in_tiny_pieces_is_read(server: LiveServer) -> None:
    with RawConnection(server) as connection:
        for byte in _line_of(server, 300) + b"\r\nHost: x\r\n\r\n":
            connection.send(bytes([byte]))
        assert connection.answer().code == 200


@pytest.mark.parametrize(
    "headers",
    [
        b"X: " + b"y" * 70_000 + b"\r\n",
        b"X: " + b"y" * 10_000_000,
        b"".join(b"X-%d: y\r\n" % number for number in range(10_000)),
        b"".join(b"X-%d: y\r\n" % number for number in range(500)),
        b"X" * 70_000 + b": y\r\n",
    ],
    ids=["one long", "one endless", "very many", "many", "a long name"],
)
def test_headers_that_are_too_large_are_refused(server: LiveServer, headers: bytes) -> None:
    assert_refused(_said(server, b"GET /readyz HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n"), 431)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\0\0\0\0\r\n\r\n",
        b"hello\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /readyz\r\n\r\n",
        b"GET  /readyz HTTP/1.1\r\n\r\n",
        b" GET /readyz HTTP/1.1\r\n\r\n",
        b"GET /readyz HTTP/1.1 x\r\n\r\n",
        b"GET /ready z HTTP/1.1\r\n\r\n",
        b"GET /readyz HTTP/9.9\r\n\r\n",
        b"GET /readyz http/1.1\r\n\r\n",
        b"get /readyz HTTP/1.1\r\n\r\n",
        b"G\0T /readyz HTTP/1.1\r\n\r\n",
        b"GET /ready\0z HTTP/1.1\r\n\r\n",
        b"GET /ready\x7fz HTTP/1.1\r\n\r\n",
        b"GET /readyz HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET /readyz HTTP/1.1\r\n: no name\r\n\r\n",
        b"GET /readyz HTTP/1.1\r\nName : x\r\n\r\n",
        b"GET /readyz HTTP/1.1\r\nX: a\0b\r\n\r\n",
        b"GET /readyz HTTP/1.1\r\nX: a\r\n folded\r\n\r\n",
        b"GET /readyz HTTP/1.1\r\nX: a\rb\r\n\r\n",
        b"GET /readyz HTTP/1.1\nHost: x\n\n",
        b"GET /readyz HTTP/1.1\r\nHost: x\nY: z\r\n\r\n",
        b"GET /readyz HTTP/1.1\n\r\n\r\n",
        b"\n\n\n\n\r\n\r\n",
        b"\r\n\r\n\r\n\r\n",
        b"x\r\n\r\n",
        b"\n\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"GET /readyz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"GET /readyz HTTP/1.1\r\nExpect: something-else\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused_and_the_connection_ended(
    server: LiveServer, request_bytes: bytes
) -> None:
    with RawConnection(server) as connection:
        connection.send(request_bytes)
        answer = connection.answer()
        assert answer.code in (400, 404, 417, 505), answer
        if answer.code != 404:
            assert connection.receive() == b""
    assert ask(server, "GET", "/readyz").code == 200


def test_random_bytes_do_no_harm(server: LiveServer) -> None:
    noise = random.Random(8913)  # noqa: S311 - the same bytes each time, so that a failure can be repeated
    for size in (*range(1, 40), 1000, 100_000):
        with RawConnection(server) as connection:
            connection.send(noise.randbytes(size).replace(b"\r", b"x") + b"\r\n\r\n")
            assert 400 <= connection.answer().code < 500
    assert ask(server, "GET", "/readyz").code == 200


def test_requests_that_are_sent_together_are_answered_in_their_order(api: Api, server: LiveServer) -> None:
    job_id = new_id()
    api.setup(job_id)
    with RawConnection(server) as connection:
        targets = ["/readyz", "/nope", f"{job_path(job_id)}/status?private_token={server.token}", "/readyz"]
        connection.send("".join(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n" for target in targets).encode())
        received = b""
        while received.count(b"HTTP/1.1 ") < 4 or not received.endswith(b"}"):
            more = connection.receive()
            assert more, received
            received += more
    codes = [part.split()[0] for part in received.split(b"HTTP/1.1 ")[1:]]
    assert codes == [b"200", b"404", b"200", b"200"]


def _line_of(server: LiveServer, length: int) -> bytes:
    start, end = f"GET /healthz?private_token={server.token}&x=".encode(), b" HTTP/1.1"
    return start + b"x" * (length - len(start) - len(end)) + end


def _said(server: LiveServer, request: bytes) -> Answer:
    with RawConnection(server) as connection:
        connection.send(request)
        return connection.answer()


def _processor_seconds(server: LiveServer, work: Callable[[], None]) -> float:
    """Return the processor time that the server's processes spend on *work*: other load does not count."""

    def spent() -> float:
        ticks = 0
        for pid in server.processes():
            with open(f"/proc/{pid}/stat") as file:
                ticks += sum(map(int, file.read().rpartition(")")[2].split()[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")

    before = spent()
    work()
    return spent() - before
