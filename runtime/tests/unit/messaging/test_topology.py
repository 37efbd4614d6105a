"""Names of queues (the table of protocol section 6.1)."""

from __future__ import annotations

import pytest

from pulsar_runtime.domain.ids import DEFAULT_MANAGER, ManagerName
from pulsar_runtime.messaging.topology import Topology

M1 = ManagerName("m1")


@pytest.mark.parametrize("name", ["setup", "kill", "status", "status_update", "setup_ack"])
def test_queues_are_named_after_managers(name: str) -> None:
    assert Topology().queue_name(DEFAULT_MANAGER, name) == f"pulsar__{name}"
    assert Topology().queue_name(M1, name) == f"pulsar_m1__{name}"


def test_a_prefix_replaces_all_before_the_name() -> None:
    assert Topology(key_prefix="P").queue_name(DEFAULT_MANAGER, "setup") == "P_setup"
    assert Topology(key_prefix="P").queue_name(M1, "status_update_ack") == "P_status_update_ack"


def test_everything_survives_a_restart_of_the_broker_unless_it_shall_not() -> None:
    for durable in (True, False):
        topology = Topology(durable=durable)
        queue = topology.queue("pulsar__setup")
        assert (queue.durable, queue.exchange.durable) == (durable, durable)
        assert (queue.exchange.name, queue.exchange.type) == ("pulsar", "direct")
        assert (queue.routing_key, queue.auto_delete, queue.exclusive) == ("pulsar__setup", False, False)
