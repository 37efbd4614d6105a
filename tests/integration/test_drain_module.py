"""The module ``pulsar_drain``, as a playbook calls it, against a real server."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from runtime.tests.live_server import LiveServer, running_server

Module = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with running_server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def path(server: LiveServer) -> str:
    """The descriptor of the server."""
    described = {
        "transport": "http",
        "managers": ["_default_"],
        "directories": {"persistence": f"{server.directory}/persisted_data"},
        "service": {
            "program": str(Path(sys.executable).with_name("pulsar-runtime")),
            "config": str(server.config),
        },
    }
    file = server.directory / "endpoint.json"
    file.write_text(json.dumps(described))
    return str(file)


def ask(server: LiveServer, method: str, where: str, **query: str) -> int:
    headers = {"Authorization": f"Bearer {server.token}"}
    return requests.request(method, server.url + where, params=query, headers=headers, timeout=10).status_code


def states(result: dict[str, Any]) -> tuple[bool, bool, int]:
    return result["changed"], result["draining"], result["active"]


def test_a_server_is_drained_once_and_resumed_once(server: LiveServer, module: Module, path: str) -> None:
    def call(*options: str, **arguments: object) -> tuple[bool, bool, int]:
        return states(module("pulsar_drain", *options, path=path, **arguments))

    assert call("--check") == (True, False, 0)
    assert ask(server, "POST", "jobs", job_id="before") == 200
    assert ask(server, "DELETE", "jobs/before") == 200
    assert call() == (True, True, 0)
    assert ask(server, "POST", "jobs", job_id="during") == 503
    assert call() == call("--check") == (False, True, 0)
    assert call("--check", state="resumed") == (True, True, 0)
    assert ask(server, "POST", "jobs", job_id="during") == 503
    assert call(state="resumed") == (True, False, 0)
    assert call(state="resumed") == call("--check", state="resumed") == (False, False, 0)
    assert ask(server, "POST", "jobs", job_id="after") == 200
    assert ask(server, "DELETE", "jobs/after") == 200


def test_jobs_that_remain_are_counted_and_fail_the_task_after_its_time(
    server: LiveServer, module: Module, path: str
) -> None:
    assert ask(server, "POST", "jobs", job_id="stays") == 200
    try:
        counted = module("pulsar_drain", path=path, timeout=0)
        assert (counted["failed"], states(counted)) == (False, (True, True, 1))
        waited = module("pulsar_drain", path=path, timeout=1)
        assert (waited["failed"], states(waited)) == (True, (False, True, 1))
        assert waited["by_status"] == {"preprocessing": 1}
        assert (
            "1 jobs are still active after 1 s (1 preprocessing), and no new ones are taken" in waited["msg"]
        )
    finally:
        assert ask(server, "DELETE", "jobs/stays") == 200
        module("pulsar_drain", path=path, state="resumed")


def test_what_cannot_be_asked_is_named(module: Module, path: str, tmp_path: Path) -> None:
    described = json.loads(Path(path).read_text())
    described["directories"]["persistence"] = f"{tmp_path}/nowhere"
    (tmp_path / "endpoint.json").write_text(json.dumps(described))
    missing = module("pulsar_drain", path=f"{tmp_path}/endpoint.json")
    assert f"{tmp_path}/nowhere cannot be looked at: No such file or directory" in missing["msg"]
    assert "give the seconds to wait" in module("pulsar_drain", path=path, timeout=-1)["msg"]
