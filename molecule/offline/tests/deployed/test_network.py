"""How far these hosts see."""

from __future__ import annotations

from testinfra.host import Host

#: An address of nobody (RFC 5737): what matters is that there is no way to anywhere.
SOMEWHERE = "192.0.2.1"


def test_there_is_no_way_out(host: Host) -> None:
    assert "Network is unreachable" in host.run(f"ip route get {SOMEWHERE}").stderr


def test_pip_knows_of_no_place_to_install_from(host: Host) -> None:
    assert not host.file("/etc/pip.conf").exists
