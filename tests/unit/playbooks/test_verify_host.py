from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from playbooks.files import verify_host
from tests.unit.scripted_server import Reply, ScriptedServer

#: What systemctl(1) show prints of a unit, one property a line.
WELL = {
    "Id": "pulsar-web.service",
    "LoadState": "loaded",
    "ActiveState": "active",
    "UnitFileState": "enabled",
}


def shown(*units: dict[str, str]) -> str:
    return "\n\n".join("\n".join(f"{key}={value}" for key, value in unit.items()) for unit in units) + "\n"


@pytest.fixture
def endpoint(tmp_path: Path) -> dict[str, Any]:
    """A deployment as the role leaves it, described."""
    described = {
        "transport": "http",
        "url": "http://127.0.0.1:1/",
        "managers": ["_default_"],
        "directories": {name: f"{tmp_path}/files/{name}" for name in ("staging", "persistence")},
        "token_file": f"{tmp_path}/config/private_token",
        "service": {"form": "script", "units": [], "config": f"{tmp_path}/config/app.yml"},
    }
    for directory in ("config", "files/staging", "files/persistence"):
        (tmp_path / directory).mkdir(parents=True)
        (tmp_path / directory).chmod(0o750)
    for file, mode in (("endpoint.json", 0o644), ("app.yml", 0o640), ("private_token", 0o600)):
        (tmp_path / "config" / file).touch()
        (tmp_path / "config" / file).chmod(mode)
    (tmp_path / "config" / "endpoint.json").write_text(json.dumps(described))
    return described


def descriptor(directory: Path) -> Path:
    return directory / "config" / "endpoint.json"


def test_units_that_run_and_start_with_the_host_are_well() -> None:
    socket = {**WELL, "Id": "pulsar-web.socket", "UnitFileState": "static"}
    assert verify_host.unit_problems(shown(WELL, socket)) == []


def test_a_unit_that_does_one_thing_and_ends_is_well() -> None:
    retention = {**WELL, "Type": "oneshot", "ActiveState": "inactive", "UnitFileState": "static"}
    assert verify_host.unit_problems(shown(WELL, retention)) == []
    (problem,) = verify_host.unit_problems(shown(WELL, {**retention, "ActiveState": "failed"}))
    assert problem.startswith("pulsar-web.service is failed")


@pytest.mark.parametrize(
    ("differs", "problem"),
    [
        (
            {"LoadState": "not-found", "UnitFileState": ""},
            "pulsar-web.service is not-found: deploy the server again",
        ),
        (
            {"ActiveState": "failed", "Result": "watchdog"},
            "pulsar-web.service is failed (watchdog): journalctl --unit=pulsar-web.service says why",
        ),
        ({"UnitFileState": "masked"}, "pulsar-web.service is masked: systemctl enable pulsar-web.service"),
        ({"UnitFileState": "static"}, "none of the units is enabled: they would not start with the host"),
    ],
    ids=["not there", "failed", "masked", "nothing enabled"],
)
def test_a_unit_that_is_not_well_is_named(differs: dict[str, str], problem: str) -> None:
    assert verify_host.unit_problems(shown({**WELL, **differs})) == [problem]


@pytest.mark.parametrize(("exit_code", "ok"), [(0, True), (3, False)])
def test_without_a_service_manager_the_service_script_is_asked(
    tmp_path: Path, endpoint: dict[str, Any], exit_code: int, *, ok: bool
) -> None:
    script = tmp_path / "pulsar-service"
    script.write_text(f"#!/bin/sh\necho running as process 7\nexit {exit_code}\n")
    script.chmod(0o755)
    check = verify_host.units(endpoint["service"], str(script))
    assert check.ok is ok
    assert ("running as process 7" if ok else f"{script} start") in check.detail


def test_a_missing_service_script_is_named(tmp_path: Path, endpoint: dict[str, Any]) -> None:
    check = verify_host.units(endpoint["service"], f"{tmp_path}/pulsar-service")
    assert not check.ok
    assert check.detail.startswith(f"{tmp_path}/pulsar-service cannot be run (No such file or directory)")


def test_closed_directories_and_secrets_are_well(tmp_path: Path, endpoint: dict[str, Any]) -> None:
    assert verify_host.permissions(descriptor(tmp_path), endpoint).ok


@pytest.mark.parametrize(
    ("path", "mode", "cure"),
    [("files/staging", 0o755, "0751"), ("config", 0o770, "0750"), ("config/private_token", 0o644, "0640")],
)
def test_what_is_open_to_others_is_named_with_the_command_that_closes_it(
    tmp_path: Path, endpoint: dict[str, Any], path: str, mode: int, cure: str
) -> None:
    (tmp_path / path).chmod(mode)
    check = verify_host.permissions(descriptor(tmp_path), endpoint)
    assert not check.ok
    assert check.detail == f"{tmp_path}/{path} has mode {mode:04o}: chmod {cure} {tmp_path}/{path}"


def test_users_whose_jobs_run_here_may_pass_through_to_them(tmp_path: Path, endpoint: dict[str, Any]) -> None:
    (tmp_path / "files" / "staging").chmod(0o751)
    assert verify_host.permissions(descriptor(tmp_path), endpoint).ok


def test_the_secret_of_a_server_at_a_broker_is_its_url(tmp_path: Path, endpoint: dict[str, Any]) -> None:
    del endpoint["token_file"]
    url = tmp_path / "config" / "broker_url"
    url.touch(0o640)
    assert verify_host.permissions(descriptor(tmp_path), endpoint).ok
    url.chmod(0o644)
    assert verify_host.permissions(descriptor(tmp_path), endpoint).detail.startswith(f"{url} has mode 0644")


def test_a_server_that_owns_its_configuration_is_named_in_the_system_form(
    tmp_path: Path, endpoint: dict[str, Any]
) -> None:
    endpoint["service"]["form"] = "system"
    check = verify_host.permissions(descriptor(tmp_path), endpoint)
    assert f"{tmp_path}/config/app.yml belongs to the server's own user" in check.detail


def test_too_little_space_is_told_with_how_much_there_is(tmp_path: Path) -> None:
    free = os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_frsize // 1024**2
    assert verify_host.free_space({"staging": str(tmp_path)}, 1).ok
    check = verify_host.free_space({"staging": str(tmp_path)}, free * 2)
    assert not check.ok
    assert check.detail.endswith(f"wanted are {free * 2} or more")


def test_a_listener_that_is_ready_is_well(scripted_server: ScriptedServer) -> None:
    assert verify_host.listener(scripted_server.url, None).ok
    assert scripted_server.requests() == ["GET /readyz"]


def test_a_listener_that_is_not_ready_is_told_from_none(scripted_server: ScriptedServer) -> None:
    scripted_server.reply = lambda _asked: Reply(b'{"ready": false}', 503)
    assert "answers 503: does the agent run?" in verify_host.listener(scripted_server.url, None).detail
    assert "does not answer" in verify_host.listener("http://127.0.0.1:1/", None).detail


def address_of(server: ScriptedServer) -> tuple[str, int]:
    address = urlsplit(server.url)
    return str(address.hostname), address.port or 0


def test_the_days_of_a_certificate_are_counted(scripted_tls_server: ScriptedServer) -> None:
    """The one of the tests is made for thirty days."""
    host, port = address_of(scripted_tls_server)
    check = verify_host.certificate(host, port, scripted_tls_server.ca_path, 14)
    assert check.ok
    assert "is valid for another 29 days, wanted are 14 or more" in check.detail
    assert not verify_host.certificate(host, port, scripted_tls_server.ca_path, 30).ok


def test_a_certificate_that_nobody_vouches_for_is_not_accepted(scripted_tls_server: ScriptedServer) -> None:
    check = verify_host.certificate(*address_of(scripted_tls_server), None, 14)
    assert not check.ok
    assert "self-signed certificate" in check.detail
