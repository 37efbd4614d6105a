"""``pulsar-runtime metrics``: the same figures without a web server."""

from __future__ import annotations

from contextlib import closing

from prometheus_client.parser import text_string_to_metric_families

from pulsar_runtime.domain.ids import DEFAULT_MANAGER, ManagerName
from pulsar_runtime.store.outages import SqliteOutages
from runtime.tests.unit.cli.command import Instance


def figures(instance: Instance, name: str) -> dict[str, float]:
    """Return the figures of a name that the command prints, by manager."""
    ended = instance.run("metrics")
    assert ended.exit_code == 0
    return {
        sample.labels.get("manager", ""): sample.value
        for family in text_string_to_metric_families(ended.stdout)
        for sample in family.samples
        if sample.name == name and sample.labels.get("status") in (None, "preprocessing")
    }


def test_figures_are_those_of_the_store(instance: Instance) -> None:
    instance.configure(managers={DEFAULT_MANAGER: {"type": "queued_slurm"}, "here": {"type": "unqueued"}})
    instance.job("active")
    with closing(SqliteOutages(instance.directory / "persisted")) as outages:
        outages.begin(DEFAULT_MANAGER)
        outages.begin(ManagerName("removed"))
    assert figures(instance, "pulsar_jobs") == {DEFAULT_MANAGER: 1, "here": 0}
    assert figures(instance, "pulsar_scheduler_up") == {DEFAULT_MANAGER: 0}
    assert figures(instance, "pulsar_agent_up") == {"": 0}


def test_a_store_that_is_not_there_is_not_made(instance: Instance) -> None:
    ended = instance.run("metrics")
    assert ended.exit_code == 1
    assert "there is no job store" in ended.stderr
    assert list(instance.directory.iterdir()) == [instance.directory / "app.yml"]
