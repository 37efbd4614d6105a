"""What a deployment leaves on a host's disk."""

from __future__ import annotations

from testinfra.host import Host

from test_hosts.endpoint import Endpoint


def test_other_users_see_nothing_of_the_server(host: Host) -> None:
    assert host.run("runuser -u admin -- ls /srv/pulsar").failed


def test_the_service_can_change_neither_code_nor_configuration(host: Host) -> None:
    """Only its own data and its home are its user's."""
    writable = host.check_output(
        "runuser -u pulsar -- find /srv/pulsar -writable -not -type l"
        " -not -path '*/files/*' -not -path '/srv/pulsar/home*'"
    )
    assert writable == ""


def test_only_root_reads_the_token(host: Host, endpoints: list[Endpoint]) -> None:
    for endpoint in endpoints:
        file = host.file(endpoint.descriptor["token_file"])
        assert (file.user, file.mode) == ("root", 0o600)


def test_the_token_is_nowhere_else(host: Host, endpoints: list[Endpoint]) -> None:
    """Neither in configuration, units and logs, nor in the arguments and the environment of a process."""
    host.check_output("journalctl --sync")
    for endpoint in endpoints:
        file = endpoint.descriptor["token_file"]
        places = "/srv/pulsar /etc/systemd /var/log /proc/[0-9]*/cmdline /proc/[0-9]*/environ"
        assert host.run(f"grep -rlsaF -f {file} {places}").stdout.split() == [file]
        assert host.run(f"journalctl --no-pager | grep -F -f {file}").stdout == ""


def test_the_directories_of_the_host_are_still_roots(host: Host) -> None:
    for directory in ("/etc", "/srv", "/usr", "/var"):
        found = host.file(directory)
        assert (directory, found.user, found.group, found.mode) == (directory, "root", "root", 0o755)
