"""A body of known length goes from the socket to its file, and not a byte more of the connection."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from gunicorn.http.unreader import SocketUnreader

from pulsar_runtime.web.raw_body import RawBody

Ends = tuple[socket.socket, socket.socket]

#: What a client sends after the body: the beginning of its next request.
NEXT = b"GET /next HTTP/1.1\r\n\r\n"


@pytest.fixture
def ends() -> Iterator[Ends]:
    """Return the ends of a client and of the server."""
    client, server = socket.socketpair()
    client.settimeout(10)
    server.settimeout(10)
    with client, server:
        yield client, server


def poured(body: RawBody, tmp_path: Path, pauses: list[None] | None = None) -> bytes:
    path = tmp_path / "file"
    with path.open("wb") as file:
        length = body.pour(file.fileno(), lambda: None if pauses is None else pauses.append(None))
    data = path.read_bytes()
    assert length == len(data)
    return data


def left_over(unreader: SocketUnreader, server: socket.socket) -> bytes:
    """Return what the next request's head is read from."""
    server.setblocking(False)  # noqa: FBT003 - its only spelling
    data: bytes = unreader.take_buffered()
    try:
        return data + server.recv(1024)
    except BlockingIOError:
        return data


@pytest.mark.parametrize("length", [0, 1, 300_000])
@pytest.mark.parametrize("buffered", [0, 1, 10])
def test_the_body_is_poured_and_the_next_request_is_left(
    ends: Ends, tmp_path: Path, length: int, buffered: int
) -> None:
    """Whatever part of it had been read with the head."""
    client, server = ends
    sent = bytes(range(256)) * (length // 256) + b"x" * (length % 256) + NEXT
    sender = threading.Thread(target=client.sendall, args=(sent[buffered:],))
    sender.start()
    unreader = SocketUnreader(server)
    unreader.unread(sent[:buffered])
    assert poured(RawBody(unreader, length), tmp_path) == sent[:length]
    sender.join(10)
    assert left_over(unreader, server) == NEXT


@pytest.mark.parametrize("length", [0, 5, 20])
def test_the_body_can_be_read_too(ends: Ends, length: int) -> None:
    client, server = ends
    client.sendall(b"0123456789" * 2 + NEXT)
    body = RawBody(SocketUnreader(server), length)
    data = b""
    while part := body.read(7):
        assert len(part) <= 7
        data += part
    assert data == (b"0123456789" * 2)[:length]
    assert body.read() == b""


def test_a_body_that_was_begun_to_be_read_is_poured_to_its_end(ends: Ends, tmp_path: Path) -> None:
    client, server = ends
    client.sendall(b"0123456789" + NEXT)
    unreader = SocketUnreader(server)
    body = RawBody(unreader, 10)
    assert body.read(4) == b"0123"
    assert poured(body, tmp_path) == b"456789"
    assert left_over(unreader, server) == NEXT


def test_a_client_that_leaves_is_noticed(ends: Ends, tmp_path: Path) -> None:
    client, server = ends
    client.sendall(b"half")
    client.close()
    body = RawBody(SocketUnreader(server), 10)
    assert poured(body, tmp_path) == b"half"
    assert body.failed


def test_a_whole_body_has_not_failed(ends: Ends, tmp_path: Path) -> None:
    client, server = ends
    client.sendall(b"0123456789")
    body = RawBody(SocketUnreader(server), 10)
    poured(body, tmp_path)
    assert not body.failed


def test_a_client_that_stalls_is_not_waited_for_for_ever(ends: Ends, tmp_path: Path) -> None:
    client, server = ends
    client.sendall(b"half")
    server.settimeout(0.02)
    with pytest.raises(TimeoutError):
        poured(RawBody(SocketUnreader(server), 10), tmp_path)


def test_a_fast_client_lets_others_have_their_turn(ends: Ends, tmp_path: Path) -> None:
    client, server = ends
    length = 10_000_000
    sender = threading.Thread(target=client.sendall, args=(b"x" * length,))
    sender.start()
    pauses: list[None] = []
    assert len(poured(RawBody(SocketUnreader(server), length), tmp_path, pauses)) == length
    sender.join(10)
    assert pauses


def test_a_disk_that_takes_little_at_a_time_gets_all(
    ends: Ends, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """write(2) may take less than it is given."""
    client, server = ends
    client.sendall(b"0123456789" * 100)
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, bytes(data[:7])))
    unreader = SocketUnreader(server)
    unreader.unread(b"buffered: ")
    assert poured(RawBody(unreader, 1010), tmp_path) == b"buffered: " + b"0123456789" * 100


@pytest.mark.parametrize("body", [b"", b"body"])
def test_what_came_with_the_head_is_taken_without_waiting(ends: Ends, body: bytes) -> None:
    server = ends[1]
    unreader = SocketUnreader(server)
    unreader.unread(body + NEXT)
    raw = RawBody(unreader, len(body))
    assert raw.arrived() == body
    assert raw.read() == b""
    assert left_over(unreader, server) == NEXT


def test_of_a_body_that_is_still_coming_nothing_is_taken(ends: Ends, tmp_path: Path) -> None:
    client, server = ends
    unreader = SocketUnreader(server)
    unreader.unread(b"bo")
    raw = RawBody(unreader, 4)
    assert raw.arrived() is None
    client.sendall(b"dy")
    assert poured(raw, tmp_path) == b"body"
