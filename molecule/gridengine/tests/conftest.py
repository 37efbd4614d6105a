"""The cluster, and the server that has its jobs run there."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import testinfra
from testinfra.host import Host

from test_hosts.cluster_jobs import Cluster
from test_hosts.endpoint import endpoints_of
from test_hosts.galaxy import Galaxy


@pytest.fixture(scope="session")
def server(containers: Mapping[str, str]) -> Host:
    """The submit host."""
    return testinfra.get_host(f"podman://{containers['server']}")


@pytest.fixture(scope="session")
def master(containers: Mapping[str, str]) -> Host:
    """The host of Grid Engine's master, which is a node, too."""
    return testinfra.get_host(f"podman://{containers['master']}")


@pytest.fixture(scope="session")
def node(containers: Mapping[str, str]) -> Host:
    """The other node."""
    return testinfra.get_host(f"podman://{containers['node']}")


@pytest.fixture(scope="session")
def by_library(galaxy: Galaxy, containers: Mapping[str, str], server: Host, pulsar_root: str) -> Cluster:
    """The cluster as Galaxy uses it, by way of the manager with Grid Engine's library."""
    (endpoint,) = endpoints_of(containers["server"], pulsar_root)
    cluster = Cluster(galaxy=galaxy, endpoint=endpoint, host=server)
    return cluster.with_parameters(manager="_default_")


@pytest.fixture(scope="session")
def by_commands(by_library: Cluster) -> Cluster:
    """The same by way of the manager with Grid Engine's commands."""
    return by_library.with_parameters(manager="commands")


@pytest.fixture(scope="session", params=["_default_", "commands"])
def cluster(by_library: Cluster, request: pytest.FixtureRequest) -> Cluster:
    """The same by way of each of them."""
    return by_library.with_parameters(manager=request.param)
