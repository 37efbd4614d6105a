"""Ansible on this machine, as a user calls it, with the checkout as the collection."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LIMIT = 240.0

Run = Callable[..., str]
Module = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    """Return ports that nobody listens on."""

    def find() -> int:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port: int = listener.getsockname()[1]
            return port

    return find


@pytest.fixture(scope="session")
def run() -> Run:
    """Run a command to its end and return what it printed; fail if its success is not what was expected."""

    def run(
        command: list[str], environment: Mapping[str, str], *, cwd: Path = ROOT, succeeds: bool = True
    ) -> str:
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "MAKE"))
        }
        done = subprocess.run(
            command,
            cwd=cwd,
            env={**inherited, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT,
            check=False,
        )
        assert (done.returncode == 0) is succeeds, done.stdout
        return done.stdout

    return run


@pytest.fixture(scope="session")
def collections(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collections folder that holds the checkout."""
    folder = tmp_path_factory.mktemp("collections")
    (folder / "ansible_collections" / "galaxyops").mkdir(parents=True)
    (folder / "ansible_collections" / "galaxyops" / "pulsar").symlink_to(ROOT)
    return folder


@pytest.fixture(scope="session")
def play_role(run: Run, collections: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Apply the role ``pulsar`` with variables and options; return what Ansible printed."""
    home = tmp_path_factory.mktemp("ansible")
    playbook = home / "role.yml"
    play = {"hosts": "localhost", "gather_facts": False, "roles": ["galaxyops.pulsar.pulsar"]}
    playbook.write_text(json.dumps([play]))

    def apply(variables: Mapping[str, object], *options: str, succeeds: bool = True) -> str:
        given = {
            "pulsar_build_dir": str(ROOT / ".cache" / "wheels"),
            "pulsar_python": sys.executable,
            "pulsar_service": "script",
            **variables,
        }
        program = Path(sys.executable).with_name("ansible-playbook")
        environment = {
            "ANSIBLE_HOME": str(home),
            "ANSIBLE_COLLECTIONS_PATH": str(collections),
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
            "ANSIBLE_REMOTE_TMP": str(home / "modules"),
        }
        command = [str(program), str(playbook), "--extra-vars", json.dumps(given), *options]
        return run(command, environment, succeeds=succeeds)

    return apply


@pytest.fixture(scope="session")
def changes() -> Callable[[str], int]:
    """Read from Ansible's recap how many tasks changed something."""

    def count(output: str) -> int:
        (found,) = re.findall(r"\bchanged=(\d+)", output)
        return int(found)

    return count


@pytest.fixture(scope="session")
def module(collections: Path, tmp_path_factory: pytest.TempPathFactory) -> Module:
    """Run a module with all that Ansible can say; return its result, and all that was ``printed``."""
    home = tmp_path_factory.mktemp("ansible")
    environment = {
        "ANSIBLE_HOME": str(home),
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "ANSIBLE_REMOTE_TMP": str(home / "modules"),
        "LC_ALL": "C.UTF-8",
        "PATH": "/usr/bin:/bin",
    }

    def run(name: str, /, *options: str, **arguments: object) -> dict[str, Any]:
        program = Path(sys.executable).with_name("ansible")
        command = [str(program), "localhost", "-vvv", "-m", f"galaxyops.pulsar.{name}"]
        done = subprocess.run(
            [
                *command,
                "-e",
                f"ansible_python_interpreter={sys.executable}",
                "-a",
                json.dumps(arguments),
                *options,
            ],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        found = re.search(
            r"^localhost \| (SUCCESS|CHANGED|FAILED!) => (\{.*?^\})", done.stdout, re.DOTALL | re.MULTILINE
        )
        assert found, done.stdout + done.stderr
        result: dict[str, Any] = json.loads(found[2])
        printed = done.stdout + done.stderr
        return {**result, "failed": found[1] == "FAILED!", "printed": printed}

    return run
