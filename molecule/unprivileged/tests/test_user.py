"""A server of an ordinary user."""

from __future__ import annotations

from functools import partial

from testinfra.host import Host

from test_hosts.endpoint import Endpoint
from test_hosts.galaxy import Galaxy
from test_hosts.podman import podman
from test_hosts.waiting import wait_until


def test_the_user_may_not_become_root(host: Host) -> None:
    assert host.run("runuser -u researcher -- sudo --non-interactive true").failed


def test_every_process_of_the_server_is_the_users(host: Host) -> None:
    owners = host.check_output("ps -e -o user= -o args= | grep [p]ulsar-runtime | cut -d ' ' -f 1 | sort -u")
    assert "researcher".startswith(owners.rstrip("+"))
    assert owners


def test_nothing_is_outside_of_the_home_directory(host: Host) -> None:
    elsewhere = " ".join(f"-not -path '{path}/*'" for path in ("/home/researcher", "/proc", "/run"))
    assert host.check_output(f"find / -xdev -user researcher -not -path /home/researcher {elsewhere}") == ""


def test_the_server_outlasts_the_session(host: Host, galaxy: Galaxy, endpoints: list[Endpoint]) -> None:
    host.run("pkill -u researcher sshd")
    wait_until(lambda: bool(host.run("pgrep -u researcher sshd").failed))
    for endpoint in endpoints:
        assert "output  apple orange pear" in galaxy.run_job(endpoint)


def test_the_server_starts_with_the_host(host: Host, galaxy: Galaxy, endpoints: list[Endpoint]) -> None:
    podman("restart", "--time=30", host.backend.get_pytest_id().removeprefix("podman://"))
    for endpoint in endpoints:
        ask = f"curl --silent --fail {endpoint.descriptor['url']}readyz"
        wait_until(partial(succeeds, host, ask))
        assert "output  apple orange pear" in galaxy.run_job(endpoint)


def succeeds(host: Host, command: str) -> bool:
    return bool(host.run(command).succeeded)
