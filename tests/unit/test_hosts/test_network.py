"""Which networks hosts are on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from test_hosts import host, network
from test_hosts.host import Host
from test_hosts.network import Network, remove_networks

Calls = list[Sequence[str]]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """What podman is told, on a machine that has networks of three scenarios."""
    calls: Calls = []

    def podman(*arguments: str) -> str:
        calls.append(arguments)
        if arguments[:2] == ("network", "inspect"):
            return json.dumps([{"subnets": [{"subnet": "10.89.7.0/24"}]}])
        return "podman\npulsar-1-amqp\npulsar-1-amqp.left\npulsar-1-amqps\npulsar-2-amqp"

    for module in (host, network):
        monkeypatch.setattr(module, "podman", podman)
    return calls


def test_networks_of_other_scenarios_stay(calls: Calls) -> None:
    remove_networks("pulsar-1-amqp")
    removed = [arguments[-1] for arguments in calls if arguments[:2] == ("network", "rm")]
    assert removed == ["pulsar-1-amqp", "pulsar-1-amqp.left"]


@pytest.mark.usefixtures("calls")
def test_the_control_node_and_its_own_services_have_addresses_that_no_host_has() -> None:
    assert Network("one", internal=True).addresses()[:2] == [
        IPv4Address("10.89.7.10"),
        IPv4Address("10.89.7.11"),
    ]


def test_a_host_is_on_all_of_its_networks_and_reached_on_the_first(calls: Calls, tmp_path: Path) -> None:
    there = Host(
        name="broker",
        container="pulsar-1-amqp-broker",
        image="localhost/image",
        addresses={
            Network("out", internal=False): IPv4Address("10.89.7.10"),
            Network("in", internal=True): IPv4Address("10.89.8.10"),
        },
    )
    there.start(authorized_keys=tmp_path / "key.pub", volumes=[])
    (started,) = calls
    assert [argument for argument in started if argument.startswith("--network=")] == [
        "--network=out:ip=10.89.7.10,mac=02:00:0a:59:07:0a,alias=broker",
        "--network=in:ip=10.89.8.10,mac=02:00:0a:59:08:0a,alias=broker",
    ]
    assert str(there.address) == "10.89.7.10"
