"""How far a server's host sees."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from testinfra.host import Host

#: An address of nobody (RFC 5737): what matters is that there is no way to anywhere.
SOMEWHERE = "192.0.2.1"


@pytest.mark.parametrize(("here", "there"), [("site-a", "site-b"), ("site-b", "site-a")])
def test_a_server_does_not_reach_the_other(
    servers: Mapping[str, Host], galaxy_host: Host, here: str, there: str
) -> None:
    address = servers[there].check_output("hostname --all-ip-addresses").split()[0]
    connect = f"timeout 5 bash -c '</dev/tcp/{address}/22'"
    assert galaxy_host.run(connect).succeeded
    assert "Network is unreachable" in servers[here].run(connect).stderr
    assert servers[here].run(f"getent hosts {there}").failed


def test_there_is_no_way_out(host: Host) -> None:
    assert "Network is unreachable" in host.run(f"ip route get {SOMEWHERE}").stderr
