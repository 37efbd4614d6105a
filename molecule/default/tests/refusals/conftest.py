"""A server that runs, and what must not happen to it."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import testinfra
from testinfra.host import Host

from test_hosts.playbook import DEPLOY, play

CHECKOUT = Path(__file__).parents[4]
COLLECTION = ("galaxy.yml", "meta", "playbooks", "plugins", "roles", "runtime")


@pytest.fixture(scope="session")
def server(containers: Mapping[str, str]) -> Host:
    """The host whose server the plays are about."""
    return testinfra.get_host(f"podman://{containers['debian13']}")


@pytest.fixture
def facts(server: Host) -> Callable[[], str]:
    """Return what tells the server from any other: its processes, its release and its files."""

    def facts() -> str:
        return str(
            server.check_output(
                "systemctl show --property=Id,MainPID,ActiveState pulsar-web.service pulsar-agent.service;"
                " readlink /srv/pulsar/current; sha256sum /srv/pulsar/config/* /etc/systemd/system/pulsar*.*;"
                " curl --silent --fail http://127.0.0.1:8913/readyz"
            )
        )

    return facts


@pytest.fixture
def refused(facts: Callable[[], str]) -> Callable[..., str]:
    """Apply the role with variables that it has to refuse, leaving the server alone; return what it said."""

    def refused(variables: Mapping[str, object], collections: Path | None = None) -> str:
        before = facts()
        done = play(DEPLOY, limit="debian13", variables=variables, collections=collections)
        assert done.returncode != 0, done.stdout
        assert facts() == before
        return " ".join(done.stdout.split())

    return refused


@pytest.fixture
def next_version(tmp_path: Path) -> Path:
    """A collection that brings another version of the server than any before."""
    copy = tmp_path / "collections" / "ansible_collections" / "galaxyops" / "pulsar"
    copy.mkdir(parents=True)
    for name in COLLECTION:
        source = CHECKOUT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("tests", "__pycache__"))
        else:
            shutil.copy(source, copy)
    with (copy / "runtime" / "src" / "pulsar_runtime" / "__init__.py").open("a") as module:
        module.write(f"\n# {uuid.uuid4()}\n")
    return tmp_path / "collections"
