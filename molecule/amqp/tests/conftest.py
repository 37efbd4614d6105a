"""Galaxy, and its two servers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import testinfra
from testinfra.host import Host

from test_hosts.message_galaxy import MessageGalaxy, message_galaxy

SERVERS = ("site-a", "site-b")


@pytest.fixture(scope="session")
def servers(containers: Mapping[str, str]) -> Mapping[str, Host]:
    """The host of each server."""
    return {name: testinfra.get_host(f"podman://{containers[name]}") for name in SERVERS}


@pytest.fixture(scope="session")
def galaxy_host(containers: Mapping[str, str]) -> Host:
    """The host of Galaxy."""
    return testinfra.get_host(f"podman://{containers['galaxy']}")


@pytest.fixture(scope="session")
def broker(containers: Mapping[str, str]) -> Host:
    """The host of the broker."""
    return testinfra.get_host(f"podman://{containers['broker']}")


@pytest.fixture(scope="session")
def by_message(containers: Mapping[str, str]) -> Iterator[MessageGalaxy]:
    """Galaxy, as it meets its servers at the broker."""
    log = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"], "galaxy.log")
    with message_galaxy(containers["galaxy"], log) as galaxy:
        yield galaxy
