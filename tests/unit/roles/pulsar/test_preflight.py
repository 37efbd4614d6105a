from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from roles.pulsar.files import preflight


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def service(directory: Path, *, exit_code: int) -> str:
    program = directory / "pulsar-service"
    program.write_text(f"#!/bin/sh\nexit {exit_code}\n")
    program.chmod(0o755)
    return str(program)


def test_an_old_python_is_named_with_what_is_needed() -> None:
    assert preflight.python_problems((3, 9)) == [
        f"{sys.executable} is Python 3.9: set pulsar_python to Python 3.11 or later"
    ]


def test_the_oldest_python_that_the_runtime_accepts_is_accepted() -> None:
    pyproject = Path(__file__).parents[4] / "runtime" / "pyproject.toml"
    assert (
        f'requires-python = ">={preflight.OLDEST_PYTHON[0]}.{preflight.OLDEST_PYTHON[1]}"'
        in pyproject.read_text()
    )
    assert preflight.python_problems(preflight.OLDEST_PYTHON) == []


def test_directories_that_can_be_made_are_no_problem(tmp_path: Path) -> None:
    assert preflight.directory_problems([tmp_path, tmp_path / "deep" / "down"]) == []
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "pulsar").write_text("")
    problems = preflight.directory_problems([tmp_path / "pulsar" / "config"])
    assert problems == [f"{tmp_path}/pulsar/config cannot be made: {tmp_path}/pulsar is not a directory"]


def test_a_directory_closed_to_this_user_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # noqa: ARG005 (the tests may run as root)
    problems = preflight.directory_problems([tmp_path / "config"])
    assert problems == [f"{tmp_path}/config cannot be used: this user may not write to {tmp_path}"]


def test_a_free_port_is_no_problem() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        free = listener.getsockname()[1]
    assert preflight.address_problems(f"http://127.0.0.1:{free}/") == []


def test_a_taken_port_is_named(taken_port: int) -> None:
    assert preflight.address_problems(f"http://127.0.0.1:{taken_port}/") == [
        f"port {taken_port} of 127.0.0.1 is taken by another program: stop it, or choose another pulsar_port"
    ]


def test_an_address_of_another_machine_is_refused() -> None:
    """192.0.2.0/24 is kept for documentation (RFC 5737): it is nobody's address."""
    (problem,) = preflight.address_problems("http://192.0.2.1:8913/")
    assert problem.startswith("nothing can listen at 192.0.2.1:8913: ")
    assert problem.endswith(": set pulsar_host and pulsar_port")


@pytest.mark.parametrize(
    ("described", "exit_code", "ours"),
    [("http://127.0.0.1:1/", 0, True), ("http://127.0.0.1:1/", 3, False), ("http://127.0.0.1:2/", 0, False)],
    ids=["running", "stopped", "running elsewhere"],
)
def test_our_own_server_is_known_by_its_descriptor_and_process(
    tmp_path: Path, described: str, exit_code: int, *, ours: bool
) -> None:
    endpoint = tmp_path / "endpoint.json"
    endpoint.write_text(json.dumps({"url": described}))
    program = service(tmp_path, exit_code=exit_code)
    assert preflight.runs_already("http://127.0.0.1:1/", endpoint, program) is ours


def test_nothing_of_ours_runs_where_nothing_was_deployed(tmp_path: Path) -> None:
    assert preflight.runs_already("http://127.0.0.1:1/", tmp_path / "endpoint.json", "/nonexistent") is False


def test_every_problem_is_reported_at_once(tmp_path: Path, taken_port: int) -> None:
    answer = subprocess.run(
        [
            sys.executable,
            preflight.__file__,
            "--root=relative",
            f"--endpoint={tmp_path}/endpoint.json",
            f"--service={tmp_path}/pulsar-service",
            f"--url=http://127.0.0.1:{taken_port}/",
            str(tmp_path),
        ],
        check=True,
        capture_output=True,
    )
    report = json.loads(answer.stdout)
    assert report["python"] == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert [problem.split()[0] for problem in report["problems"]] == ["pulsar_root", "port"]
