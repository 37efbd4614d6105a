"""Whom the broker lets in, and how far."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from testinfra.host import Host

from test_hosts.galaxy import PROGRAMS
from test_hosts.podman import podman

Ask = Callable[..., str]

CA = "/srv/pulsar/config/ca.pem"


@pytest.fixture
def ask(containers: Mapping[str, str]) -> Ask:
    """Speak to the broker with the account of site-a, and return what came of it."""

    def ask(*arguments: str, vhost: str = "site-a", ca: str = CA) -> str:
        command = ["/srv/pulsar/current/bin/python", "-", f"--vhost={vhost}", f"--ca={ca}", *arguments]
        program = (PROGRAMS / "ask_broker.py").read_text()
        return podman("exec", "--interactive", containers["site-a"], *command, stdin=program)

    return ask


@pytest.mark.parametrize("port", [5672, 15672])
def test_nobody_speaks_to_it_without_tls(broker: Host, servers: Mapping[str, Host], port: int) -> None:
    assert broker.check_output(f"ss --no-header --listening --tcp --numeric 'sport = :{port}'") == ""
    for host in servers.values():
        assert "Connection refused" in host.run(f"timeout 5 bash -c '</dev/tcp/broker/{port}'").stderr


def test_only_its_own_port_is_open_to_others(broker: Host) -> None:
    """Beside that of ssh."""
    listening = broker.check_output("ss --no-header --listening --tcp --numeric").splitlines()
    addresses = [line.split()[3].rpartition(":") for line in listening]
    assert {port for address, _, port in addresses if address not in ("127.0.0.1", "[::1]")} == {"22", "5671"}


def test_a_client_that_trusts_somebody_else_does_not_speak_to_it(ask: Ask) -> None:
    assert ask() == "done"
    assert "certificate verify failed" in ask(ca="/etc/ssl/certs/ca-certificates.crt")


def test_a_server_can_neither_read_nor_write_where_the_other_does(ask: Ask) -> None:
    """It is not let in at all."""
    said = ask("--read=pulsar__setup", vhost="site-b")
    assert "access to vhost 'site-b' refused for user 'site-a'" in said


@pytest.mark.parametrize("forbidden", ["--declare=other", "--read=pulsar__status_update"])
def test_a_server_does_no_more_than_its_work(ask: Ask, forbidden: str) -> None:
    assert ask("--declare=pulsar__setup", "--read=pulsar__status") == "done"
    assert "ACCESS_REFUSED" in ask(forbidden)
