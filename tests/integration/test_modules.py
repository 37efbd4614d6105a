"""The modules, as a playbook calls them, against a real server."""

from __future__ import annotations

import json
import platform
import re
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime.tests.live_server import LiveServer, running_server
from tests.unit.scripted_server import self_signed, serving

Module = Callable[..., dict[str, Any]]

TOKEN = "token-that-nobody-may-see"
MANAGERS = {
    "_default_": {"type": "queued_python"},
    # Its jobs wait for the name of their temporary directory.
    "stuck": {"type": "queued_python", "tmp_dir": "$(echo waiting >&2; sleep 600)"},
    # Its jobs find no program.
    "bare": {"type": "queued_python", "env_PATH": "/nowhere"},
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    settings = {"private_token": TOKEN, "managers": MANAGERS}
    with running_server(tmp_path_factory.mktemp("server"), settings) as running:
        yield running


@pytest.fixture(scope="module")
def module(module: Module) -> Module:
    """Run a module; the token is in nothing that it prints, and nothing changes."""

    def run(name: str, *options: str, **arguments: object) -> dict[str, Any]:
        result = module(name, *options, **arguments)
        assert TOKEN not in result.pop("printed")
        assert result.get("changed", False) is False
        return result

    return run


def left_over(server: LiveServer) -> list[str]:
    """Return the job directories."""
    return [path.name for path in server.staging.glob("*")]


def test_a_probe_runs_a_job_and_leaves_nothing(server: LiveServer, module: Module) -> None:
    first, second = (module("pulsar_job", url=server.url, token=TOKEN) for _ in range(2))
    for result in (first, second):
        assert not result["failed"]
        assert [phase["name"] for phase in result["phases"]] == [
            *("ready", "setup", "stage_in", "submit", "run", "stage_out", "clean")
        ]
        assert result["working_host"] == platform.node()
        assert result["version"].startswith("0.16.0+runtime.")
        assert Path(result["job_directory"]) == server.staging / result["job_id"]
    assert first["job_id"] != second["job_id"]
    assert left_over(server) == []


def test_check_mode_runs_no_job(server: LiveServer, module: Module) -> None:
    result = module("pulsar_job", "--check", url=server.url, token=TOKEN)
    assert not result["failed"]
    assert [phase["name"] for phase in result["phases"]] == ["ready"]
    assert "job_id" not in result


def test_the_token_can_be_in_a_file(server: LiveServer, module: Module, tmp_path: Path) -> None:
    (tmp_path / "private_token").write_text(f"{TOKEN}\n")
    token_file = str(tmp_path / "private_token")
    assert not module("pulsar_job", url=server.url, token_file=token_file, manager="_default_")["failed"]


def test_a_wrong_token_is_a_matter_of_readiness(server: LiveServer, module: Module) -> None:
    for options in ((), ("--check",)):
        result = module("pulsar_job", *options, url=server.url, token="wrong")
        assert (result["failed"], result["phase"]) == (True, "ready")
        assert f"GET {server.url}healthz was answered 401" in result["msg"]
        assert "token or token_file has to hold what the endpoint's private_token holds" in result["msg"]


def test_an_unknown_manager_is_named(server: LiveServer, module: Module) -> None:
    result = module("pulsar_job", url=server.url, token=TOKEN, manager="cluster")
    assert "was answered 404 (there is no manager 'cluster' here)" in result["msg"]


def test_a_server_that_is_down_is_told_apart(server: LiveServer, module: Module) -> None:
    server.stop()
    try:
        result = module("pulsar_job", url=server.url, token=TOKEN)
        looked = module("pulsar_info", url=server.url, token=TOKEN)
    finally:
        server.start()
    assert result["phase"] == "ready"
    assert "does the server run, and does it listen at this address?" in result["msg"]
    assert (looked["failed"], looked["ready"]) == (False, False)
    assert "Connection refused" in looked["problem"]


def test_a_job_that_never_ends_is_cancelled_and_removed(server: LiveServer, module: Module) -> None:
    result = module("pulsar_job", url=server.url, token=TOKEN, manager="stuck", timeout=2)
    assert (result["failed"], result["phase"]) == (True, "run")
    assert "the job is still running when the time is up" in result["msg"]
    assert "could not be removed" not in result["msg"]
    assert result["job_stderr"].startswith("waiting\n")
    assert left_over(server) == []


def test_what_a_failed_job_printed_is_shown(server: LiveServer, module: Module) -> None:
    result = module("pulsar_job", url=server.url, token=TOKEN, manager="bare")
    assert result["phase"] == "run"
    assert "ended as complete with return code 127" in result["msg"]
    assert "cat: command not found" in result["job_stderr"]
    assert left_over(server) == []


def test_a_server_that_is_being_drained_is_told_apart(server: LiveServer, module: Module) -> None:
    program = str(Path(sys.executable).with_name("pulsar-runtime"))
    subprocess.run([program, "drain", "--config", str(server.config)], check=True, stdout=subprocess.DEVNULL)
    try:
        result = module("pulsar_job", url=server.url, token=TOKEN)
        looked = module("pulsar_info", url=server.url, token=TOKEN)
    finally:
        subprocess.run(
            [program, "resume", "--config", str(server.config)], check=True, stdout=subprocess.DEVNULL
        )
    assert result["phase"] == "setup"
    assert "was answered 503" in result["msg"]
    assert "the server takes nothing now: it is being drained" in result["msg"]
    assert re.search(r"it asks to be tried again in \d+ s", result["msg"])
    assert looked["ready"] is True


def test_a_bad_certificate_is_refused_before_anything_is_sent(module: Module, tmp_path: Path) -> None:
    (tmp_path / "certificate.pem").write_bytes(self_signed())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate.pem")
    with serving(context) as stranger:
        result = module("pulsar_job", url=stranger.url, token=TOKEN)
        assert stranger.asked == []
    assert result["phase"] == "ready"
    assert result["msg"].endswith("name its authority with ca_path, or renew the certificate")


def test_a_server_can_be_looked_at(server: LiveServer, module: Module) -> None:
    result = module("pulsar_info", "--check", url=server.url, token=TOKEN)
    assert (result["failed"], result["ready"]) == (False, True)
    assert result["version"].startswith("0.16.0+runtime.")
    assert "problem" not in result


def describe(server: LiveServer, directory: Path, token: str = "") -> str:
    """Write a descriptor, and a token unless it is empty; return the descriptor's path."""
    if token:
        (directory / "private_token").write_text(token)
    described = {
        "transport": "http",
        "url": server.url,
        "managers": ["a", "b"],
        "token_file": f"{directory}/private_token",
        "directories": {},
        "service": {},
    }
    (directory / "endpoint.json").write_text(json.dumps(described))
    return f"{directory}/endpoint.json"


def test_a_descriptor_says_where_to_look(server: LiveServer, module: Module, tmp_path: Path) -> None:
    """Without a token of its own, the module takes the one that the descriptor points to."""
    path = describe(server, tmp_path, TOKEN)
    result = module("pulsar_info", path=path)
    assert (result["ready"], result["url"], result["managers"]) == (True, server.url, ["a", "b"])
    assert result["descriptor"] == json.loads(Path(path).read_text())
    assert result["version"].startswith("0.16.0+runtime.")


def test_who_cannot_read_the_token_is_told_of_readiness_all_the_same(
    server: LiveServer, module: Module, tmp_path: Path
) -> None:
    result = module("pulsar_info", path=describe(server, tmp_path))
    assert result["ready"] is True
    assert f"token_file {tmp_path}/private_token cannot be read" in result["problem"]
    assert "version" not in result


def test_a_descriptor_says_where_to_send_a_job(server: LiveServer, module: Module, tmp_path: Path) -> None:
    assert "private_token cannot be read" in module("pulsar_job", path=describe(server, tmp_path))["msg"]
    assert not module("pulsar_job", path=describe(server, tmp_path, TOKEN))["failed"]
