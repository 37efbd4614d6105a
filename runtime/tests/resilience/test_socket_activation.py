"""The web server at a socket that outlives it: whoever connects is answered, now or by the next server."""

from __future__ import annotations

import signal
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from runtime.tests.live_server import START_LIMIT, LiveServer, wait_until
from runtime.tests.resilience.patient_client import patient_client
from runtime.tests.resilience.steady_connections import SteadyConnections
from runtime.tests.service_manager import ServiceManager, service_manager

#: More than fit into the accept queue at a time would be refused by the kernel.
BACKLOG = 1024


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=BACKLOG) as listener:
        yield listener


@pytest.fixture
def unit_server(tmp_path: Path, listener: socket.socket) -> LiveServer:
    """Provide a server whose address is that of the listener; its workers can all be told to stop at once."""
    server = LiveServer(tmp_path / "unit-server", {"web": {"workers": 1}})
    server.bind = f"127.0.0.1:{listener.getsockname()[1]}"
    server.url = f"http://{server.bind}/"
    return server


@pytest.fixture
def manager(unit_server: LiveServer, tmp_path: Path) -> Iterator[ServiceManager]:
    with service_manager(unit_server, tmp_path) as manager:
        yield manager


@pytest.fixture
def load(unit_server: LiveServer, listener: socket.socket) -> SteadyConnections:
    return SteadyConnections(listener.getsockname(), unit_server.token)


def begin_to_stop(process: subprocess.Popen[bytes], listener: socket.socket) -> None:
    """Ask for the end, and wait until the worker knows: then it closes a connection that is idle."""
    with socket.create_connection(listener.getsockname(), timeout=10) as idle:
        idle.sendall(b"GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b"Connection: keep-alive" in idle.recv(1000)
        process.send_signal(signal.SIGTERM)
        assert idle.recv(1000) == b""


def test_the_socket_of_the_manager_is_used_and_no_other(
    manager: ServiceManager, unit_server: LiveServer, listener: socket.socket, load: SteadyConnections
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        # If it were bound the server would end: it is in use.
        settings = yaml.safe_load(unit_server.config.read_text())
        settings["web"] = {"bind": f"127.0.0.1:{taken.getsockname()[1]}"}
        unit_server.config.write_text(yaml.safe_dump(settings))
        process = manager.start("web", listener)
        assert load.ask() == "HTTP/1.1 200 OK"
        assert manager.stop(process) == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_no_connection_is_refused_or_reset_while_generations_change(
    manager: ServiceManager,
    unit_server: LiveServer,
    listener: socket.socket,
    load: SteadyConnections,
    workers: int,
) -> None:
    settings = yaml.safe_load(unit_server.config.read_text()) | {"web": {"workers": workers}}
    unit_server.config.write_text(yaml.safe_dump(settings))
    process = manager.start("web", listener)
    with load.running():
        for _ in range(4):
            before = load.outcomes.total()
            wait_until(lambda: load.outcomes.total() >= before + 50, START_LIMIT, "more answers", unit_server)  # noqa: B023 - called before the next turn
            assert manager.stop(process) == 0
            process = manager.start("web", listener)
    assert set(load.outcomes) == {"HTTP/1.1 200 OK"}, load.outcomes
    assert load.outcomes.total() >= 200
    assert manager.stop(process) == 0


def test_a_connection_that_comes_between_two_generations_is_served_by_the_second(
    manager: ServiceManager, listener: socket.socket, load: SteadyConnections
) -> None:
    assert manager.stop(manager.start("web", listener)) == 0
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(load.ask) for _ in range(8)]
        process = manager.start("web", listener)
        assert {answer.result() for answer in waiting} == {"HTTP/1.1 200 OK"}
    assert manager.stop(process) == 0


def test_a_request_in_flight_is_finished_while_new_connections_wait(
    manager: ServiceManager, unit_server: LiveServer, listener: socket.socket, load: SteadyConnections
) -> None:
    """The old generation accepts no more as soon as it is told to stop, however long it takes to do so."""
    process = manager.start("web", listener)
    with patient_client(unit_server) as client:
        client.setup("a")
    inputs = unit_server.staging / "a" / "inputs"
    content = b"x" * 1000
    with socket.create_connection(listener.getsockname(), timeout=10) as upload, ThreadPoolExecutor() as pool:
        query = f"name=in&type=input&private_token={unit_server.token}"
        head = f"POST /jobs/a/files?{query} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(content)}\r\n\r\n"
        upload.sendall(head.encode() + content[:500])
        wait_until(lambda: any(inputs.iterdir()), START_LIMIT, "the upload has begun", unit_server)
        begin_to_stop(process, listener)
        waiting = pool.submit(load.ask)
        upload.sendall(content[500:])
        assert upload.recv(1000).startswith(b"HTTP/1.1 200 ")
        assert process.wait(START_LIMIT) == 0
        process = manager.start("web", listener)
        assert waiting.result() == "HTTP/1.1 200 OK"
    assert (inputs / "in").read_bytes() == content
    assert manager.stop(process) == 0


def test_a_client_that_connected_in_time_may_ask_after_the_stop_has_begun(
    manager: ServiceManager, listener: socket.socket
) -> None:
    """Its connection was accepted: nobody else could answer."""
    process = manager.start("web", listener)
    with socket.create_connection(listener.getsockname(), timeout=10) as connection:
        begin_to_stop(process, listener)
        connection.sendall(b"GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = connection.recv(1000)
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nConnection: close\r\n" in answer
    assert process.wait(START_LIMIT) == 0


def test_a_socket_that_cannot_be_used_stops_the_start_and_is_named(
    manager: ServiceManager, unit_server: LiveServer
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wrong:
        process = manager.begin("web", wrong)
        assert process.wait(START_LIMIT) == 1
    assert "descriptor 3 from the service manager is no listening TCP socket" in unit_server.log_tail()
    assert "Traceback" not in unit_server.log_tail()


def test_a_socket_for_everybody_without_a_token_is_warned_about(
    manager: ServiceManager, unit_server: LiveServer
) -> None:
    """The configured address, which is not used, is for this machine alone."""
    unit_server.config.write_text(unit_server.config.read_text().replace("private_token", "#"))
    with socket.create_server(("0.0.0.0", 0)) as everybody:  # noqa: S104 - to be warned about
        assert manager.stop(manager.start("web", everybody)) == 0
    assert "whoever reaches 0.0.0.0 can run commands" in unit_server.log_tail()
