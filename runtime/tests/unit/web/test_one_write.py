"""A small answer is one write; what cannot wait is sent at once."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

import gevent
import pytest

from pulsar_runtime.web.one_write import OneWrite


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Return a server's and a client's end; the client's keeps writes apart."""
    server, client = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    client.setblocking(False)  # noqa: FBT003 - socket's only spelling
    with server, client:
        yield server, client


def writes(client: socket.socket) -> list[bytes]:
    seen = []
    try:
        while True:
            seen.append(client.recv(1024 * 1024))
    except BlockingIOError:
        return seen


def test_pieces_are_sent_together(ends: tuple[socket.socket, socket.socket]) -> None:
    server, client = ends
    output = OneWrite(server)
    output.sendall(b"head ")
    output.sendall(b"body")
    assert writes(client) == []
    output.flush()
    assert writes(client) == [b"head body"]
    output.flush()
    assert writes(client) == []


def test_much_is_not_held_back(ends: tuple[socket.socket, socket.socket]) -> None:
    server, client = ends
    output = OneWrite(server)
    output.sendall(b"x" * 60_000)
    output.sendall(b"x" * 10_000)
    assert [len(data) for data in writes(client)] == [70_000]


def test_what_a_client_waits_for_is_sent_at_once(ends: tuple[socket.socket, socket.socket]) -> None:
    """Without ``100 Continue`` no body comes."""
    server, client = ends
    assert OneWrite(server).send(b"HTTP/1.1 100 Continue\r\n\r\n") == 25
    assert writes(client) == [b"HTTP/1.1 100 Continue\r\n\r\n"]


def test_the_head_goes_before_the_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"0123456789")
    server, client = socket.socketpair()
    with server, client, FileIO(tmp_path / "file") as file:
        output = OneWrite(server)
        output.sendall(b"head ")
        output.sendfile(file, offset=2, count=5)
        server.close()
        data = b""
        while chunk := client.recv(1024):
            data += chunk
    assert data == b"head 23456"


def test_a_client_that_reads_slowly_gets_the_whole_file(tmp_path: Path) -> None:
    """The socket is full again and again; gevent's sockets do not block."""
    data = bytes(range(256)) * 20_000
    (tmp_path / "file").write_bytes(data)
    server, client = socket.socketpair()
    got: list[bytes] = []

    def read() -> None:
        while chunk := client.recv(100_000):
            got.append(chunk)

    reader = threading.Thread(target=read)
    with server, client, FileIO(tmp_path / "file") as file:
        server.settimeout(10)
        reader.start()
        with gevent.Timeout(10):
            assert OneWrite(server).sendfile(file, offset=100, count=len(data) - 100) == len(data) - 100
        server.shutdown(socket.SHUT_WR)
        reader.join(10)
    assert b"".join(got) == data[100:]


def test_a_file_that_was_cut_off_meanwhile_ends_the_connection(tmp_path: Path) -> None:
    """The client was told a length, and must not take what comes next for the rest."""
    (tmp_path / "file").write_bytes(b"0123456789")
    server, client = socket.socketpair()
    with (
        server,
        client,
        FileIO(tmp_path / "file") as file,
        pytest.raises(ConnectionAbortedError, match="10 of 20 bytes"),
    ):
        OneWrite(server).sendfile(file, offset=0, count=20)
