"""The services of a host."""

from __future__ import annotations

import re

import pytest
from testinfra.host import Host

from test_hosts.endpoint import Endpoint

#: What systemd may find of a unit at most; 0 is closed, 10 is wide open.
EXPOSURE = {"web.service": 4.0, "agent.service": 5.0}


def test_all_services_start_with_the_host(host: Host, endpoints: list[Endpoint]) -> None:
    for endpoint in endpoints:
        target = next(unit for unit in endpoint.units if unit.endswith(".target"))
        waiting = host.check_output(
            f"systemctl list-dependencies --plain --no-legend multi-user.target {target}"
        )
        started = [unit for unit in endpoint.units if "retention.service" not in unit]
        assert {unit for unit in started if unit not in waiting} == set()


def test_all_services_run(host: Host, endpoints: list[Endpoint]) -> None:
    for endpoint in endpoints:
        units = [unit for unit in endpoint.units if "retention.service" not in unit]
        assert host.check_output(f"systemctl is-active {' '.join(units)}").split() == ["active"] * len(units)


@pytest.mark.parametrize("kind", EXPOSURE)
def test_a_service_is_closed_to_what_it_does_not_need(
    host: Host, endpoints: list[Endpoint], kind: str
) -> None:
    for endpoint in endpoints:
        (unit,) = [unit for unit in endpoint.units if unit.endswith(f"-{kind}")]
        verdict = host.check_output(f"systemd-analyze security --no-pager {unit} | tail -n 1")
        found = re.search(r": (\d+\.\d+) ", verdict)
        assert found, verdict
        assert float(found[1]) <= EXPOSURE[kind]


def test_no_process_of_a_server_is_roots(host: Host) -> None:
    owners = host.check_output("ps -e -o user= -o args= | grep [p]ulsar-runtime | cut -d ' ' -f 1 | sort -u")
    assert owners == "pulsar"
