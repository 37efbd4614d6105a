"""What whoever watches a server sees while its batch system is away and its agent is killed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from runtime.tests.live_server import LiveServer, running_server, wait_until
from runtime.tests.resilience.commands import run
from runtime.tests.resilience.patient_client import patient_client

LIMIT = 30.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LiveServer]:
    """Return a server whose batch system is not there."""
    slurm = {"type": "queued_slurm", "slurmrestd_url": f"unix:{tmp_path}/nobody.sock"}
    with running_server(tmp_path / "server", {"managers": {"_default_": slurm}}) as server:
        yield server


def figures(text: str) -> Mapping[str, float]:
    """Return the figures of a document that are not about jobs, by their names."""
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {one.name.removeprefix("pulsar_"): one.value for one in samples if "status" not in one.labels}


def scraped(server: LiveServer) -> Mapping[str, float]:
    """Return the figures that the web server tells."""
    token = {"Authorization": f"Bearer {server.token}"}
    return figures(requests.get(f"{server.url}metrics", headers=token, timeout=LIMIT).text)


def printed(server: LiveServer) -> Mapping[str, float]:
    """Return the figures that the command prints."""
    return figures(run(server, "metrics").stdout)


def test_an_outage_is_told_by_web_server_and_command_and_outlasts_the_agent(server: LiveServer) -> None:
    assert scraped(server) == {
        "agent_up": 1,
        "outbox_messages": 0,
        "scheduler_up": 1,
        "scheduler_outages_total": 0,
        "scheduler_outage_seconds": 0,
    }
    with patient_client(server) as client:
        client.setup("waiting")
        client.ask("POST", "jobs/waiting/submit", command_line="true")
        wait_until(lambda: scraped(server)["scheduler_up"] == 0, LIMIT, "the outage is told", server)
        first = scraped(server)["scheduler_outage_seconds"]
        wait_until(
            lambda: scraped(server)["scheduler_outage_seconds"] > first, LIMIT, "the outage lasts", server
        )
        assert client.status("waiting")["status"] in ("preprocessing", "queued")
    assert printed(server)["scheduler_outages_total"] == 1
    server.kill()
    told = printed(server)
    assert (told["agent_up"], told["scheduler_up"]) == (0, 0)
    server.start()
    wait_until(
        lambda: scraped(server)["scheduler_outages_total"] == 2, LIMIT, "the next agent meets it", server
    )
