from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from plugins.modules.pulsar_broker import main
from tests.unit.plugins.module_utils.test_broker_definitions import NEW
from tests.unit.run_module import run_module

PASSWORDS = {"one": "password-of-one", "galaxy": "password-of-galaxy"}

#: Answers from files beside it, keeps what is imported, and notes every call.
RABBITMQCTL = """#!/bin/sh
cd "$(dirname "$0")" || exit 1
echo "$*" >> calls
case "$2" in
  export_definitions) [ ! -e down ] || { echo 'node down' >&2; exit 69; }; cat definitions ;;
  list_connections) cat connections ;;
  import_definitions) cat "$3" > imported ;;
esac
"""


class Broker:
    """A program that stands for the broker's, which the molecule scenario has."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        program = folder / "rabbitmqctl"
        program.write_text(RABBITMQCTL)
        program.chmod(0o755)
        self.has(NEW)
        self.connected()

    def has(self, definitions: dict[str, Any]) -> None:
        (self._folder / "definitions").write_text(json.dumps(definitions))

    def connected(self, *users: str) -> None:
        (self._folder / "connections").write_text(json.dumps([{"user": user} for user in users]))

    def stop(self) -> None:
        (self._folder / "down").touch()

    def calls(self) -> str:
        return (self._folder / "calls").read_text()

    def imported(self) -> dict[str, Any]:
        definitions: dict[str, Any] = json.loads((self._folder / "imported").read_text())
        return definitions


@pytest.fixture
def broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Broker:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr("shutil.chown", lambda path, user: None)  # noqa: ARG005 - who tests need not be root
    return Broker(tmp_path)


def bring(*, check: bool = False, **sites: str) -> dict[str, Any]:
    return run_module(main, check=check, sites=sites, galaxy_user="galaxy", passwords=PASSWORDS)


def test_what_is_missing_is_imported_and_guest_is_deleted(broker: Broker) -> None:
    result = bring(one="one")
    assert result["changed"]
    assert result["users"] == {"imported": ["galaxy", "one"], "removed": ["guest"]}
    assert result["vhosts"] == {"imported": ["one"], "removed": []}
    assert {user["name"] for user in broker.imported()["users"]} == {"galaxy", "one"}
    assert "delete_user guest" in broker.calls()


def test_no_password_is_in_a_command_a_result_or_what_is_imported(broker: Broker) -> None:
    result = bring(one="one")
    everything = broker.calls() + json.dumps(result) + json.dumps(broker.imported())
    assert [password for password in PASSWORDS.values() if password in everything] == []
    assert not any(user["password_hash"] in json.dumps(result) for user in broker.imported()["users"])


def test_a_dry_run_changes_nothing(broker: Broker) -> None:
    assert bring(check=True, one="one")["changed"]
    assert broker.calls().split() == ["--quiet", "export_definitions", "-", "--format", "json"]


def test_a_dry_run_needs_no_broker(broker: Broker) -> None:
    broker.stop()
    result = bring(check=True, one="one")
    assert result["changed"]
    assert result["diff"]["after"] == "user galaxy\nuser one\nvhost one\n"


def test_a_broker_that_does_not_answer_is_said(broker: Broker) -> None:
    broker.stop()
    result = bring(one="one")
    assert result["failed"]
    assert "systemctl status rabbitmq-server" in result["msg"]
    assert "node down" in result["msg"]


def test_a_user_that_is_still_connected_is_not_removed(broker: Broker) -> None:
    ours = {"tags": ["galaxyops.pulsar"], "password_hash": ""}
    broker.has({**NEW, "users": [{"name": "gone", **ours}]})
    broker.connected("gone")
    result = bring(one="one")
    assert "gone is not in the inventory any more, and its server is still connected" in result["msg"]
    assert "import_definitions" not in broker.calls()
    broker.connected()
    assert bring(one="one")["users"]["removed"] == ["gone"]
    assert "delete_user gone" in broker.calls()


def test_a_user_without_a_password_is_named(broker: Broker) -> None:
    result = bring(two="two")
    assert result["msg"] == "passwords has none for two"
    with pytest.raises(FileNotFoundError):
        broker.calls()
