"""The parent of web server and agent: what it starts again, when it gives up, and how it stops."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import requests

from runtime.tests.live_server import START_LIMIT, LiveServer, serve_command, wait_until
from runtime.tests.resilience.gate import Gate
from runtime.tests.resilience.patient_client import patient_client
from runtime.tests.resilience.server_processes import agent, end, parent, web_master
from runtime.tests.resilience.workload import Workload

Find = Callable[[LiveServer], int]

#: gunicorn tries for 5 seconds to get a port that is taken.
GIVES_UP_LIMIT = 15.0
#: gunicorn looks once a second whether it is to stop.
STOPS_LIMIT = 5.0


@pytest.fixture
def new_server(tmp_path: Path) -> Iterator[LiveServer]:
    """Provide a server that was never started."""
    server = LiveServer(tmp_path / "new-server")
    yield server
    server.end_everything()


def serve_until_it_gives_up(server: LiveServer) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        serve_command(server.config, server.bind),
        cwd=server.directory,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=GIVES_UP_LIMIT,
        check=False,
    )


def listens(server: LiveServer) -> bool:
    host, port = server.bind.split(":")
    try:
        socket.create_connection((host, int(port))).close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.mark.parametrize("child", [agent, web_master])
def test_a_child_that_is_killed_is_started_again_each_time(server: LiveServer, child: Find) -> None:
    """However soon after its start it is killed: that is no reason to give up."""
    for _ in range(3):
        first = child(server)
        end(server, first)
        wait_until(server.is_ready, START_LIMIT, "the server is ready again", server)
        assert child(server) != first


def test_a_port_that_is_taken_stops_the_server_and_is_named(new_server: LiveServer) -> None:
    host, port = new_server.bind.split(":")
    with closing(socket.create_server((host, int(port)))):
        ended = serve_until_it_gives_up(new_server)
    assert ended.returncode == 1
    assert "Address already in use" in ended.stderr
    assert port in ended.stderr
    assert "web could not start" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_damaged_store_stops_the_server_and_is_left_as_it_is(new_server: LiveServer) -> None:
    store = new_server.directory / "persisted_data" / "jobs.sqlite"
    store.parent.mkdir(mode=0o700)
    damaged = b"SQLite format 3\0" + b"\xff" * 8192
    store.write_bytes(damaged)
    ended = serve_until_it_gives_up(new_server)
    assert ended.returncode == 1
    assert f"agent: job store {store} is damaged" in ended.stderr
    assert "restore a backup" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert store.read_bytes() == damaged


def test_nothing_is_left_when_the_parent_is_killed(
    server: LiveServer, workload: Workload, gates: tuple[Gate, Gate]
) -> None:
    """Nothing of the server, that is: jobs go on."""
    gate, _ = gates
    workload.submit(5, gate.wait)
    workload.wait_for_runs(5)
    end(server, parent(server))
    wait_until(lambda: not server.processes(), STOPS_LIMIT, "all children have ended", server)
    gate.open()
    server.restart()
    workload.check_each_ran_once()


def test_connections_without_a_request_do_not_delay_the_stop(server: LiveServer) -> None:
    """Galaxy keeps its connections for the next request."""
    host, port = server.bind.split(":")
    with requests.Session() as session, closing(socket.create_connection((host, int(port)))):
        assert session.get(f"{server.url}readyz").status_code == 200
        os.kill(parent(server), signal.SIGTERM)
        wait_until(lambda: not server.processes(), STOPS_LIMIT, "the server has stopped", server)


def test_a_request_that_has_begun_is_answered_before_the_stop(server: LiveServer) -> None:
    with patient_client(server) as client:
        client.setup("a")
    content = b"x" * 1000
    host, port = server.bind.split(":")
    with closing(socket.create_connection((host, int(port)), timeout=10)) as connection:
        query = f"name=in&type=input&private_token={server.token}"
        head = f"POST /jobs/a/files?{query} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(content)}\r\n\r\n"
        connection.sendall(head.encode() + content[:500])
        inputs = server.staging / "a" / "inputs"
        wait_until(lambda: any(inputs.iterdir()), START_LIMIT, "the upload has begun", server)
        os.kill(parent(server), signal.SIGTERM)
        wait_until(lambda: not listens(server), STOPS_LIMIT, "the server is stopping", server)
        connection.sendall(content[500:])
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
    wait_until(lambda: not server.processes(), STOPS_LIMIT, "the server has stopped", server)
    assert (inputs / "in").read_bytes() == content


def test_a_hang_up_that_was_to_be_ignored_is_ignored(new_server: LiveServer) -> None:
    """The server may have been started with nohup, and its terminal be closed."""
    earlier = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        new_server.start()
    finally:
        signal.signal(signal.SIGHUP, earlier)
    os.kill(parent(new_server), signal.SIGHUP)
    # It takes note of a child's end after that of the signal.
    end(new_server, agent(new_server))
    wait_until(new_server.is_ready, START_LIMIT, "the server is ready again", new_server)
