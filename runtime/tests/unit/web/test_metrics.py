"""What whoever watches the server is answered."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from pulsar_runtime.domain.ids import DEFAULT_MANAGER
from runtime.tests.unit.web.steps import run
from runtime.tests.unit.web.web_world import WebWorld


def test_figures_are_a_document_of_prometheus(web: WebWorld) -> None:
    run(web)
    reply = web.call("GET", "/metrics")
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    samples = [
        one for family in text_string_to_metric_families(reply.body.decode()) for one in family.samples
    ]
    assert {"manager": DEFAULT_MANAGER, "status": "running"} in [one.labels for one in samples if one.value]


def test_figures_of_the_whole_server_are_told_to_a_token_for_one_manager(web: WebWorld) -> None:
    assert web.call("GET", "/managers/other/metrics").body == web.call("GET", "/metrics").body


def test_a_scrape_changes_nothing(web: WebWorld) -> None:
    run(web)
    before = web.served.store.jobs()
    first, second = web.call("GET", "/metrics"), web.call("GET", "/metrics")
    assert first.body == second.body
    assert web.served.store.jobs() == before
