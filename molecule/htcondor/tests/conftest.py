"""The pool, and the server that submits to it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import testinfra
from testinfra.host import Host

from test_hosts.cluster_jobs import Cluster
from test_hosts.endpoint import Endpoint
from test_hosts.galaxy import Galaxy


@pytest.fixture(scope="session")
def pool(containers: Mapping[str, str]) -> Mapping[str, Host]:
    """The hosts of the pool by their names."""
    names = ("manager", "node-1", "node-2", "submit")
    return {name: testinfra.get_host(f"podman://{containers[name]}") for name in names}


@pytest.fixture
def cluster(galaxy: Galaxy, host: Host, endpoints: list[Endpoint]) -> Cluster:
    """The pool as Galaxy uses it."""
    (endpoint,) = endpoints
    return Cluster(galaxy=galaxy, endpoint=endpoint, host=host)
