"""``pulsar-runtime check URL``: a real job over HTTP."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.tests.live_server import LiveServer, running_server, serve_command


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with running_server(tmp_path_factory.mktemp("server")) as running:
        yield running


def check(server: LiveServer, *arguments: str, token: str | None = None) -> subprocess.CompletedProcess[str]:
    program = serve_command(server.config, server.bind)[0]
    return subprocess.run(
        [program, "check", server.url, *arguments],
        env={"PULSAR_TOKEN": token or server.token},
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )


def test_a_job_runs_with_a_file_each_way_and_is_removed(server: LiveServer) -> None:
    done = check(server, "--json")
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["ok"]) == (0, True)
    assert [phase["name"] for phase in answer["phases"]] == [
        *("health", "setup", "upload", "submit", "run", "download", "clean")
    ]
    assert list(server.staging.iterdir()) == []


def test_a_dry_run_asks_for_the_health_alone(server: LiveServer) -> None:
    done = check(server, "--dry-run")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == f"{server.url} is there."
    assert "setup" not in done.stdout


def test_a_wrong_token_is_named_with_its_phase(server: LiveServer) -> None:
    done = check(server, token="wrong")
    assert done.returncode == 1
    assert done.stderr.startswith("health     FAILED: GET /healthz was answered 401")
    assert "wrong" not in done.stderr


def test_a_server_that_is_not_there_is_a_failure_and_no_traceback(server: LiveServer, tmp_path: Path) -> None:
    away = LiveServer(tmp_path)
    away.token = server.token
    done = check(away)
    assert done.returncode == 1
    assert done.stderr.startswith("health     FAILED: ")
    assert "Traceback" not in done.stderr
