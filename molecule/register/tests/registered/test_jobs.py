"""Jobs that the published client sends by nothing but what is in Galaxy's configuration."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import testinfra

from test_hosts.endpoint import Endpoint
from test_hosts.galaxy import Galaxy
from test_hosts.galaxy_configuration import GalaxyConfiguration
from test_hosts.message_galaxy import MessageGalaxy, message_galaxy
from test_hosts.message_jobs import MessageJob, MessageJobs
from test_hosts.podman import podman

#: Parameters of the runner that go to the client library; the others are Galaxy's own.
OF_CLIENT = {"amqp_url", "amqp_connect_ssl_ca_certs", "amqp_connect_ssl_cert_reqs", "manager"}


@pytest.fixture(scope="module")
def by_message(
    containers: Mapping[str, str], configurations: Mapping[str, GalaxyConfiguration]
) -> Iterator[MessageGalaxy]:
    """A Galaxy that reaches its server at the broker in three ways, each by the name of a shape."""
    servers = {}
    for shape, configuration in configurations.items():
        found = configuration.read()
        runner = found["runners"]["pulsar_meets"]["params"]
        servers[shape] = {
            "runner": {name: value for name, value in runner.items() if name in OF_CLIENT},
            "destination": found["environments"]["pulsar_meets"]["params"],
        }
    write = ["exec", "--interactive", containers["galaxy"], "sh", "-c", "umask 077; cat >/root/servers.json"]
    podman(*write, stdin=json.dumps(servers))
    log = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"], "galaxy.log")
    with message_galaxy(containers["galaxy"], log) as galaxy:
        yield galaxy


def test_a_job_runs_on_the_server_that_listens(galaxy: Galaxy, configuration: GalaxyConfiguration) -> None:
    params = configuration.read()["environments"]["pulsar_listens"]["params"]
    descriptor = {"name": configuration.shape, "url": params["url"]}
    endpoint = Endpoint(descriptor=descriptor, token=params["private_token"])
    assert "output  apple orange pear" in galaxy.run_job(endpoint)


def test_jobs_run_on_the_server_at_the_broker(
    by_message: MessageGalaxy,
    containers: Mapping[str, str],
    configurations: Mapping[str, GalaxyConfiguration],
) -> None:
    host = testinfra.get_host(f"podman://{containers['meets']}")
    jobs = [MessageJob(galaxy=by_message, server=shape, host=host) for shape in configurations]
    for job in jobs:
        job.submit()
    assert MessageJobs(by_message, jobs).unlike_once() == {}
