"""Whom the program runs as, with stand-ins for the module and the program."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import attrs
import pytest
from ansible.module_utils.basic import AnsibleModule

from plugins.module_utils.local_runtime import LocalRuntime, RuntimeFailed

ROOT, SERVER, OTHER = 0, 1, 12345


@attrs.define
class Module:
    """What is used of a module: it notes the command and returns what it was told to."""

    answer: tuple[int, str, str] = (0, "{}", "")
    asked: list[str] = attrs.field(factory=list)
    directory: str = ""

    def run_command(self, command: list[str], cwd: str) -> tuple[int, str, str]:
        self.asked, self.directory = command, cwd
        return self.answer

    def get_bin_path(self, name: str, *, required: bool) -> str:
        assert required
        return f"/sbin/{name}"


@pytest.fixture
def module() -> Module:
    return Module()


def runtime(module: Any, store: Path) -> LocalRuntime:  # noqa: ANN401 (a stand-in)
    assert not isinstance(module, AnsibleModule)
    service = {"program": "/srv/p", "config": "/srv/app.yml"}
    return LocalRuntime(module, {"service": service, "directories": {"persistence": str(store)}})


@pytest.fixture
def owner(monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401 (a function)
    """Say whom the job store belongs to, and who we are."""

    def say(store: int, ours: int) -> None:
        of_store = os.stat_result((0o700, 0, 0, 0, store, 0, 0, 0, 0, 0))
        monkeypatch.setattr(os, "stat", lambda _path: of_store)
        monkeypatch.setattr(os, "geteuid", lambda: ours)

    return say


def test_root_lets_the_servers_user_do_it(module: Module, owner: Any, tmp_path: Path) -> None:  # noqa: ANN401 (as above)
    """User 1 is daemon on every Debian."""
    owner(SERVER, ROOT)
    runtime(module, tmp_path).ask("drain", "--wait", "3")
    assert module.asked == [
        *("/sbin/runuser", "-u", "daemon", "--", "/srv/p", "drain", "--wait", "3"),
        *("--json", "--config", "/srv/app.yml"),
    ]
    assert module.directory == str(tmp_path)


@pytest.mark.parametrize(("store", "ours"), [(OTHER, OTHER), (ROOT, ROOT)])
def test_the_servers_user_does_it_alone(
    module: Module,
    owner: Any,  # noqa: ANN401 (as above)
    tmp_path: Path,
    store: int,
    ours: int,
) -> None:
    owner(store, ours)
    runtime(module, tmp_path).ask("resume")
    assert module.asked == ["/srv/p", "resume", "--json", "--config", "/srv/app.yml"]


def test_what_a_command_says_of_its_failure_is_returned(module: Module, tmp_path: Path) -> None:
    module.answer = (1, json.dumps({"ok": False}), "")
    assert runtime(module, tmp_path).ask("check") == {"ok": False}


def test_a_command_without_an_answer_has_failed(module: Module, tmp_path: Path) -> None:
    module.answer = (1, "", "Error: there is no job store /x: is this the server's configuration?\n")
    with pytest.raises(RuntimeFailed, match=r"app.yml exited with 1: Error: there is no job store /x: is"):
        runtime(module, tmp_path).ask("drain")


def test_a_store_that_is_not_there_is_named(module: Module, tmp_path: Path) -> None:
    with pytest.raises(RuntimeFailed, match=r"missing cannot be looked at: No such file"):
        runtime(module, tmp_path / "missing").ask("drain")
