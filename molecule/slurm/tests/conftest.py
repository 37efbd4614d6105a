"""The cluster, and the server that has its jobs run there."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import testinfra
from testinfra.host import Host

from test_hosts.cluster_jobs import Cluster, ClusterJob
from test_hosts.endpoint import Endpoint, endpoints_of
from test_hosts.galaxy import Galaxy


@pytest.fixture(scope="session")
def server(containers: Mapping[str, str]) -> Host:
    """The submit host."""
    return testinfra.get_host(f"podman://{containers['server']}")


@pytest.fixture(scope="session")
def controller(containers: Mapping[str, str]) -> Host:
    """The host of Slurm's controller."""
    return testinfra.get_host(f"podman://{containers['controller']}")


@pytest.fixture(scope="session")
def endpoint(containers: Mapping[str, str], pulsar_root: str) -> Endpoint:
    """The server as it describes itself."""
    (endpoint,) = endpoints_of(containers["server"], pulsar_root)
    return endpoint


@pytest.fixture(scope="session")
def cluster(galaxy: Galaxy, endpoint: Endpoint, server: Host) -> Cluster:
    """The cluster as Galaxy uses it."""
    return Cluster(galaxy=galaxy, endpoint=endpoint, host=server)


@pytest.fixture(scope="session", autouse=True)
def overlong_job(cluster: Cluster) -> ClusterJob:
    """A job that runs while all others do, and longer than the minute that its partition grants."""
    (job,) = cluster.with_parameters(submit_native_specification="--partition short").submit("sleep 600")
    job.wait_for_start()
    return job
