"""Web and agent, each without the other, and more agents than one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from runtime.tests.live_server import START_LIMIT, LiveServer, wait_until
from runtime.tests.resilience.gate import Gate
from runtime.tests.resilience.lone_process import running_alone, start_alone
from runtime.tests.resilience.patient_client import patient_client
from runtime.tests.resilience.workload import Workload


@pytest.fixture
def stopped_server(tmp_path: Path) -> Iterator[LiveServer]:
    """Provide a server that does not run."""
    server = LiveServer(tmp_path / "stopped-server")
    yield server
    server.end_everything()


def wait_for_web(server: LiveServer) -> None:
    wait_until(lambda: readiness(server) is not None, START_LIMIT, "the web server answers", server)


def readiness(server: LiveServer) -> int | None:
    """Return the status code that tells whether the server is ready; None without a server."""
    try:
        return requests.get(f"{server.url}readyz", timeout=5).status_code
    except requests.ConnectionError:
        return None


def test_without_an_agent_jobs_are_accepted_and_run_when_it_comes(stopped_server: LiveServer) -> None:
    workload = Workload(stopped_server)
    with running_alone(stopped_server, "web"):
        wait_for_web(stopped_server)
        assert readiness(stopped_server) == 503
        workload.submit(10)
        with patient_client(stopped_server) as client:
            assert client.status("job-0001")["status"] == "preprocessing"
        with running_alone(stopped_server, "agent"):
            wait_until(lambda: readiness(stopped_server) == 200, START_LIMIT, "it is ready", stopped_server)
            workload.check_each_ran_once()
        assert readiness(stopped_server) == 503


def test_the_agent_goes_on_without_a_web_server(stopped_server: LiveServer, tmp_path: Path) -> None:
    workload = Workload(stopped_server)
    with Gate(tmp_path / "gate") as gate, running_alone(stopped_server, "agent"):
        with running_alone(stopped_server, "web"):
            wait_for_web(stopped_server)
            workload.submit(6, gate.wait)
            workload.wait_for_runs(1)
        assert readiness(stopped_server) is None
        gate.open()
        # One at a time, the default: the agent starts them all by itself.
        workload.wait_for_runs(6)
        with running_alone(stopped_server, "web"):
            workload.check_each_ran_once()


def test_a_second_agent_refuses_to_run_and_touches_nothing(
    server: LiveServer, workload: Workload, gates: tuple[Gate, Gate]
) -> None:
    gate, _ = gates
    workload.submit(10, gate.wait)
    workload.wait_for_runs(10)
    kept = server.directory / "persisted_data"
    before = {path: path.stat().st_ino for path in kept.rglob("*")}
    second = start_alone(server, "agent")
    assert second.wait(START_LIMIT) == 1
    assert f"another agent serves {kept}" in server.log_tail()
    assert {path: path.stat().st_ino for path in kept.rglob("*")} == before
    assert server.is_ready()
    gate.open()
    workload.check_each_ran_once()


def test_a_second_server_of_the_same_store_refuses_to_run(
    server: LiveServer, workload: Workload, stopped_server: LiveServer
) -> None:
    """All of it ends, also its web half, which could have run."""
    stopped_server.config.write_text(server.config.read_text())
    with pytest.raises(AssertionError, match="the server ended with 1") as refused:
        stopped_server.start()
    assert "another agent serves" in str(refused.value)
    workload.submit(5)
    workload.check_each_ran_once()
    assert not stopped_server.processes()
