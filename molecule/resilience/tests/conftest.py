"""Many jobs that run on the server while something happens to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from testinfra.host import Host

from test_hosts.endpoint import Endpoint
from test_hosts.galaxy import Galaxy
from test_hosts.jobs import Jobs, StartJobs


@pytest.fixture
def endpoint(endpoints: list[Endpoint]) -> Endpoint:
    """The one server of the scenario."""
    (endpoint,) = endpoints
    return endpoint


@pytest.fixture
def start_jobs(host: Host, galaxy: Galaxy, endpoint: Endpoint) -> Iterator[StartJobs]:
    """Submit a number of jobs that take some seconds each; when it returns, all are accepted and some run."""
    started = []

    def start(count: int, seconds: float) -> Jobs:
        started.append(Jobs.started(host, galaxy, endpoint, count=count, seconds=seconds))
        return started[-1]

    yield start
    for jobs in started:
        jobs.client.kill()
        jobs.client.wait(timeout=10)
