"""Web and agent as units of a service manager: what they tell it, and what they take from it."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from runtime.tests.live_server import LiveServer
from runtime.tests.resilience.gate import Gate
from runtime.tests.resilience.patient_client import patient_client
from runtime.tests.service_manager import Half, ServiceManager, service_manager

END_LIMIT = 30.0
WATCHDOG_SECONDS = 1.0


@pytest.fixture
def unit_server(tmp_path: Path) -> LiveServer:
    """Provide a server whose halves are run by a service manager."""
    return LiveServer(tmp_path / "unit-server")


@pytest.fixture
def manager(unit_server: LiveServer, tmp_path: Path) -> Iterator[ServiceManager]:
    with service_manager(unit_server, tmp_path, watchdog_seconds=WATCHDOG_SECONDS) as manager:
        yield manager


def test_the_web_server_is_ready_when_it_answers(manager: ServiceManager, unit_server: LiveServer) -> None:
    process = manager.begin("web")
    heard = manager.await_word("READY=1", process)
    assert requests.get(f"{unit_server.url}readyz", timeout=5).status_code == 503
    assert unit_server.bind in heard[-1]
    assert manager.stop(process) == 0


def test_the_agent_is_ready_when_it_has_recovered(
    manager: ServiceManager, unit_server: LiveServer, tmp_path: Path
) -> None:
    """A job that was submitted meanwhile has been started."""
    with Gate(tmp_path / "gate") as gate:
        web = manager.start("web")
        with patient_client(unit_server) as client:
            client.setup("a")
            client.submit("a", gate.wait)
            agent = manager.begin("agent")
            assert manager.await_word("READY=1", agent)[-1] == "READY=1\nSTATUS=Ready for jobs"
            assert client.status("a")["status"] != "preprocessing"
            assert unit_server.is_ready()
            gate.open()
            client.end("a", END_LIMIT)
        assert manager.stop(agent) == 0
        assert manager.stop(web) == 0


@pytest.mark.parametrize("half", ["agent", "web"])
def test_a_stop_is_announced(manager: ServiceManager, half: Half) -> None:
    process = manager.start(half)
    process.send_signal(signal.SIGTERM)
    manager.await_word("STOPPING=1", process)
    assert process.wait(END_LIMIT) == 0


@pytest.mark.parametrize("half", ["agent", "web"])
def test_a_sign_of_life_comes_in_time_and_ends_with_the_life(manager: ServiceManager, half: Half) -> None:
    process = manager.start(half)
    for _ in range(5):
        began = time.monotonic()
        manager.await_word("WATCHDOG=1", process)
        assert time.monotonic() - began < WATCHDOG_SECONDS
    os.kill(process.pid, signal.SIGSTOP)
    while manager.hear(0.0) is not None:
        pass
    assert manager.hear(WATCHDOG_SECONDS * 1.5) is None
    os.kill(process.pid, signal.SIGCONT)
    manager.await_word("WATCHDOG=1", process)


def test_nothing_of_the_service_manager_reaches_a_job(
    manager: ServiceManager, unit_server: LiveServer
) -> None:
    web = manager.start("web")
    with socket.create_server(("127.0.0.1", 0)) as unwanted:
        agent = manager.start("agent", unwanted)
    with patient_client(unit_server) as client:
        client.setup("a")
        client.submit("a", "env > ../outputs/env; ls -l /proc/self/fd > ../outputs/descriptors")
        client.end("a", END_LIMIT)
        environment = client.download("a", "env").decode()
        assert "PATH=" in environment
        for name in ("NOTIFY_SOCKET", "WATCHDOG_", "LISTEN_"):
            assert name not in environment
        assert "socket:" not in client.download("a", "descriptors").decode()
    for process in (agent, web):
        assert manager.stop(process) == 0
