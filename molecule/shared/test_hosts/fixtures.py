"""What the tests of a scenario have: its hosts, and Galaxy's."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from testinfra.host import Host

from .endpoint import Endpoint, endpoints_of
from .galaxy import Galaxy


@pytest.fixture(scope="session")
def containers() -> Mapping[str, str]:
    """The container of each host of the scenario."""
    inventory = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"], "inventory", "hosts.json")
    hosts = json.loads(inventory.read_text())["all"]["hosts"]
    return {name: variables["test_host_container"] for name, variables in hosts.items()}


@pytest.fixture(scope="session")
def galaxy(containers: Mapping[str, str]) -> Galaxy:
    """The host that stands for Galaxy."""
    return Galaxy(containers["galaxy"])


@pytest.fixture(scope="session")
def pulsar_root() -> str:
    """Where the servers of the scenario are."""
    return os.environ["TEST_HOSTS_PULSAR_ROOT"]


@pytest.fixture(scope="module")
def endpoints(host: Host, pulsar_root: str) -> list[Endpoint]:
    """What the host offers to Galaxy."""
    return endpoints_of(host.backend.get_pytest_id().removeprefix("podman://"), pulsar_root)
