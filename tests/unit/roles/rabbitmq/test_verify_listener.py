"""The program that looks at a broker, on sockets that answer as brokers do, or not."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from roles.rabbitmq.files import verify_listener
from tests.unit.scripted_server import self_signed

#: How RabbitMQ 4.0.5 begins its answer to the protocol header: connection.start.
START = bytes.fromhex("010000000002000a000a0009")

#: proc(5), as the kernel of a test host wrote it: the broker's uid is 100, that of epmd 101.
TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1
   1: 0100007F:64{} 00000000:0000 0A 00000000:00000000 00:00000000 00000000   100        0 222 1
   2: 0100007F:1111 00000000:0000 0A 00000000:00000000 00:00000000 00000000   101        0 333 1
   3: 0B03590A:9C4A 0A03590A:1111 01 00000000:00000000 00:00000000 00000000   100        0 444 1
   4: {}:{} 00000000:0000 0A 00000000:00000000 00:00000000 00000000   100        0 555 1
"""


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    path = tmp_path / "certificate.pem"
    path.write_bytes(self_signed())
    return path


@contextmanager
def broker(context: ssl.SSLContext | None, answer: bytes = START) -> Iterator[int]:
    """Serve connections one after the other, each with one answer; the port is the value."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    try:
                        spoken = context.wrap_socket(connection, server_side=True) if context else connection
                        with spoken:
                            spoken.recv(8)
                            spoken.sendall(answer)
                    except OSError:
                        continue

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(timeout=10)


def encrypted(pem: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def test_a_broker_that_speaks_tls_alone_is_well(pem: Path) -> None:
    with broker(encrypted(pem)) as port:
        assert list(verify_listener.with_tls("127.0.0.1", port, str(pem))) == []
        assert list(verify_listener.without_tls(port)) == []


def test_a_broker_that_speaks_to_anybody_is_not(pem: Path) -> None:
    with broker(None) as port:
        (problem,) = verify_listener.without_tls(port)
        assert "speaks AMQP without TLS" in problem
        (problem,) = verify_listener.with_tls("127.0.0.1", port, str(pem))
        assert "does not speak TLS" in problem


@pytest.mark.parametrize("authority", ["", "the certificate"])
def test_a_certificate_that_clients_would_not_take_is_told(pem: Path, authority: str) -> None:
    """For another name, or from an authority that nobody knows."""
    trusted = str(pem) if authority else str(pem.with_name("missing"))
    with broker(encrypted(pem)) as port:
        (problem,) = verify_listener.with_tls("broker.example.org", port, trusted)
    assert "clients of broker.example.org would not take the broker's certificate" in problem


def test_what_is_not_a_broker_is_told(pem: Path) -> None:
    with broker(encrypted(pem), b"HTTP/1.1 400") as port:
        (problem,) = verify_listener.with_tls("127.0.0.1", port, str(pem))
    assert "does not answer with AMQP" in problem


def test_a_broker_that_is_not_there_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    (problem,) = verify_listener.without_tls(port)
    assert f"nothing listens on port {port}" in problem


@pytest.mark.parametrize(
    ("address", "number", "well"),
    [
        ("00000000", "1627", True),
        ("00000000000000000000000000000000", "1627", True),
        ("00000000000000000000000001000000", "1628", True),
        ("00000000", "1628", False),
        ("00000000000000000000000000000000", "3D18", False),
    ],
)
def test_a_listener_that_other_hosts_reach_is_told(
    tmp_path: Path,
    address: str,
    number: str,
    well: bool,  # noqa: FBT001 - a table
) -> None:
    table = tmp_path / "tcp"
    table.write_text(TABLE.format("54", address, number))
    found = list(verify_listener.listeners(5671, [table], {100, 101}))
    assert bool(found) is not well
    assert well or str(int(number, 16)) in found[0]
