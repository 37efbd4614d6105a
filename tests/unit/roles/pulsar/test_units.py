"""The program that brings units into their state, with a stand-in for systemctl."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from plugins.filter.instances import FilterModule
from roles.pulsar.files import units

ENABLED = [f"pulsar{unit}" for unit in (".target", "-web.socket", "-web.service", "-agent.service")] + [
    "pulsar-retention.timer"
]
DEPLOYMENT = {"web": "w1", "agent": "a1", "listener": "l1"}


@attrs.define
class Host:
    """What systemctl says of the units, and what it was told."""

    active: set[str] = attrs.field(factory=set)
    enabled: set[str] = attrs.field(factory=set)
    reload_needed: bool = False
    environments: dict[str, list[str]] = attrs.field(factory=dict)
    told: list[str] = attrs.field(factory=list)

    def call(self, *command: str) -> subprocess.CompletedProcess[str]:
        assert command[0] == "systemctl"
        if command[1] != "show":
            self.told.append(" ".join(command[1:]))
            return subprocess.CompletedProcess(command, 0, "", "")
        blocks = [
            {
                "Id": unit,
                "ActiveState": "active" if unit in self.active else "inactive",
                "MainPID": unit,
                "NeedDaemonReload": "yes" if self.reload_needed else "no",
                "UnitFileState": "enabled" if unit in self.enabled else "disabled",
            }
            for unit in command[4:]
        ]
        text = "\n\n".join("\n".join(f"{name}={value}" for name, value in block.items()) for block in blocks)
        return subprocess.CompletedProcess(command, 0, f"{text}\n", "")


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    """A host where everything runs from what is deployed."""
    host = Host(active=set(ENABLED), enabled=set(ENABLED))
    host.environments = {
        "pulsar-web.service": ["PULSAR_DEPLOYMENT=w1", "PULSAR_LISTENER=l1"],
        "pulsar-agent.service": ["PULSAR_DEPLOYMENT=a1"],
    }
    monkeypatch.setattr(units.ServiceManager, "call", lambda _self, *command: host.call(*command))
    monkeypatch.setattr(units, "environment", lambda process: host.environments[process])
    return host


Bring = Callable[..., list[str]]


@pytest.fixture
def bring(tmp_path: Path) -> Bring:
    """Bring the one instance into a state; return what was done."""

    def bring(
        state: str = "started",
        *,
        check: bool = False,
        deployments: Any = None,  # noqa: ANN401 (JSON)
        transport: str = "http",
    ) -> list[str]:
        settings = {
            "transport": transport,
            **dict.fromkeys(("root", "config_dir", "staging_dir", "persistence_dir", "url"), "/p"),
            **dict.fromkeys(("open_files", "web_memory_max", "agent_memory_max"), ""),
            **dict.fromkeys(("retention_days", "minimum_free_mb"), 0),
            "state": state,
            "service": "system",
            "user": "pulsar",
            "python": "python3",
            "host": "127.0.0.1",
            "port": 1,
            "managers": {},
            "yaml_config": {},
            "environment": {},
            "instances": {},
        }
        request = {
            "form": "system",
            "check": check,
            "directory": str(tmp_path),
            "instances": FilterModule().filters()["instances"](settings, "h", [{"instance": "", "ca": ""}]),
            "deployments": {"pulsar": DEPLOYMENT} if deployments is None else deployments,
        }
        manager = units.ServiceManager("system", dry=check)
        units.bring(json.loads(json.dumps(request)), manager)
        return manager.done

    return bring


def test_nothing_is_touched_where_everything_runs_from_what_is_deployed(host: Host, bring: Bring) -> None:
    assert bring() == host.told == []


def test_everything_is_enabled_and_started_at_first(host: Host, bring: Bring) -> None:
    host.active.clear()
    host.enabled.clear()
    everything = " ".join(ENABLED)
    assert bring() == host.told == [f"enable {everything}", f"start {everything}"]


@pytest.mark.parametrize("unit", ["web", "agent"])
def test_only_the_process_that_is_outdated_is_restarted(host: Host, bring: Bring, unit: str) -> None:
    host.environments[f"pulsar-{unit}.service"][0] = "PULSAR_DEPLOYMENT=old"
    assert bring() == [f"restart pulsar-{unit}.service"]


def test_another_address_opens_the_socket_anew_and_leaves_the_agent_alone(host: Host, bring: Bring) -> None:
    host.environments["pulsar-web.service"] = ["PULSAR_DEPLOYMENT=old", "PULSAR_LISTENER=old"]
    both = "pulsar-web.service pulsar-web.socket"
    assert bring() == [f"stop {both}", "start pulsar-web.socket pulsar-web.service"]


def test_changed_unit_files_are_read_before_anything_else(host: Host, bring: Bring) -> None:
    host.reload_needed = True
    host.active.remove("pulsar-agent.service")
    assert bring() == ["daemon-reload", "start pulsar-agent.service"]


def test_without_a_new_configuration_what_has_ended_is_started_and_nothing_restarted(
    host: Host, bring: Bring
) -> None:
    """As with the tag pulsar_run alone."""
    host.environments["pulsar-web.service"] = []
    host.active.remove("pulsar-agent.service")
    assert bring(deployments={}) == ["start pulsar-agent.service"]


def test_a_dry_run_says_what_it_would_do_and_tells_nobody(host: Host, bring: Bring) -> None:
    host.active.clear()
    assert bring(check=True) == [f"start {' '.join(ENABLED)}"]
    assert host.told == []


def test_a_stopped_server_is_stopped_after_the_next_boot_too(host: Host, bring: Bring) -> None:
    everything = " ".join(ENABLED)
    assert bring("stopped") == [f"stop {everything}", f"disable {everything}"]
    host.active.clear()
    host.enabled.clear()
    assert bring("stopped") == []


def test_the_units_of_an_absent_server_are_removed_and_forgotten(
    host: Host, bring: Bring, tmp_path: Path
) -> None:
    for unit in (*ENABLED, "pulsar-retention.service", "another.service"):
        (tmp_path / unit).touch()
    assert bring("absent")[-1] == "daemon-reload"
    assert host.told[0].startswith("stop pulsar.target")
    assert [path.name for path in tmp_path.iterdir()] == ["another.service"]


def test_a_unit_that_does_not_start_is_a_failure_with_what_it_said(
    host: Host, bring: Bring, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.active.remove("pulsar-web.service")

    def fail(*command: str) -> subprocess.CompletedProcess[str]:
        if command[0] == "journalctl":
            assert "--unit=pulsar-web.service" in command
            return subprocess.CompletedProcess(command, 0, "port: not a number\n", "")
        if command[1] == "start":
            return subprocess.CompletedProcess(command, 1, "", "Job failed.\n")
        return host.call(*command)

    monkeypatch.setattr(units.ServiceManager, "call", lambda _self, *command: fail(*command))
    with pytest.raises(units.UnitFailed) as failure:
        bring()
    assert str(failure.value) == "systemctl start pulsar-web.service: Job failed.\nport: not a number"


def test_the_environment_is_that_of_the_process() -> None:
    """From outside: the process says it itself."""
    process = subprocess.Popen(["/bin/sh", "-c", "echo; read line"], env={"A": "1"}, stdin=-1, stdout=-1)
    assert process.stdin
    assert process.stdout
    try:
        process.stdout.readline()
        assert "A=1" in units.environment(str(process.pid))
    finally:
        process.communicate(b"\n", timeout=10)
    assert units.environment(str(process.pid)) == []


def test_a_server_that_goes_over_to_a_broker_loses_its_web_server(
    host: Host, bring: Bring, tmp_path: Path
) -> None:
    left = tmp_path / "pulsar-web.service"
    left.touch()
    host.environments["pulsar-agent.service"] = ["PULSAR_DEPLOYMENT=old"]
    done = bring(transport="amqp", deployments={"pulsar": {"agent": "a1"}})
    both = "pulsar-web.socket pulsar-web.service"
    assert done == [
        f"stop {both}",
        f"disable {both}",
        "restart pulsar-agent.service",
        f"remove {left}",
        "daemon-reload",
    ]
    assert not left.exists()


def test_a_server_at_a_broker_needs_no_web_server(host: Host, bring: Bring) -> None:
    web = {"pulsar-web.socket", "pulsar-web.service"}
    host.active -= web
    host.enabled -= web
    assert bring(transport="amqp", deployments={"pulsar": {"agent": "a1"}}) == []
