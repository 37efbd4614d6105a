"""What Galaxy gets from a server on another host."""

from __future__ import annotations

import json

from test_hosts.endpoint import Endpoint
from test_hosts.galaxy import Galaxy


def test_the_published_client_runs_a_job_from_another_host(galaxy: Galaxy, endpoints: list[Endpoint]) -> None:
    for endpoint in endpoints:
        assert "output  apple orange pear" in galaxy.run_job(endpoint)


def test_a_descriptor_holds_no_secret(endpoints: list[Endpoint]) -> None:
    for endpoint in endpoints:
        assert endpoint.token not in json.dumps(endpoint.descriptor)
