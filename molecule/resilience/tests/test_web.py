"""Connections and jobs while the web server restarts."""

from __future__ import annotations

import json

from testinfra.host import Host

from test_hosts.endpoint import Endpoint
from test_hosts.galaxy import Galaxy
from test_hosts.jobs import StartJobs


def test_no_connection_is_refused_while_the_web_server_restarts(
    host: Host, galaxy: Galaxy, endpoint: Endpoint, start_jobs: StartJobs
) -> None:
    jobs = start_jobs(12, 2)
    connections = galaxy.start("connect.py", endpoint, "--seconds=12")
    for _ in range(4):
        host.check_output("systemctl restart pulsar-web.service")
    output, _ = connections.communicate(timeout=60)
    outcomes = json.loads(output)
    assert outcomes["problems"] == []
    assert outcomes["answered"] > 100
    assert jobs.unlike_once() == {}
