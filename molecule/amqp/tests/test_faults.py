"""Something breaks while a job fetches its input, another runs and a third sends its output."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest
from testinfra.host import Host

from test_hosts.message_galaxy import MessageGalaxy
from test_hosts.message_jobs import MessageJobs
from test_hosts.waiting import wait_until

AGENT = "pulsar-agent.service"
BROKER = "rabbitmq-server.service"
#: What systemd and a broker take to come back.
BROKER_LIMIT = 60.0


@pytest.fixture
def jobs(by_message: MessageGalaxy, servers: Mapping[str, Host]) -> Iterator[MessageJobs]:
    """A job in each phase, on each server."""
    with MessageJobs.held(by_message, servers) as jobs:
        yield jobs


def kill(host: Host, unit: str) -> None:
    """Kill a service, and return when it is gone; systemd starts it again."""
    main_process = f"systemctl show --property=MainPID --value {unit}"
    before = host.check_output(main_process)
    host.check_output(f"systemctl kill --kill-whom=main --signal=KILL {unit}")
    wait_until(lambda: bool(host.check_output(main_process) != before))


def log_lines(host: Host, text: str) -> int:
    """Return how often the agent has written this to its log."""
    return int(host.check_output(f"journalctl --unit={AGENT} --no-pager | grep --count '{text}' || true"))


@contextmanager
def silence(host: Host) -> Iterator[None]:
    """Take the host off its network: nobody is told."""
    host.check_output("ip link set dev eth0 down")
    try:
        yield
    finally:
        host.check_output("ip link set dev eth0 up")


@contextmanager
def refusal(host: Host) -> Iterator[None]:
    """Break the host's connections and refuse new ones, as a firewall does that has been restarted."""
    # The answer to a packet is one that goes out, too.
    rule = "OUTPUT -p tcp ! --tcp-flags RST RST -j REJECT --reject-with tcp-reset"
    host.check_output(f"iptables --append {rule}")
    try:
        yield
    finally:
        host.check_output(f"iptables --delete {rule}")


def test_the_broker_is_killed(jobs: MessageJobs, broker: Host) -> None:
    kill(broker, BROKER)
    jobs.release()
    assert broker.run(f"systemctl is-active {BROKER}").failed
    wait_until(lambda: bool(broker.run(f"systemctl is-active {BROKER}").succeeded), BROKER_LIMIT)
    assert jobs.unlike_once() == {}


def test_the_agents_are_killed(jobs: MessageJobs, servers: Mapping[str, Host]) -> None:
    for host in servers.values():
        kill(host, AGENT)
    jobs.release()
    assert jobs.unlike_once() == {}


def test_galaxys_files_cannot_be_had_for_a_while(jobs: MessageJobs) -> None:
    jobs.galaxy.call("close_files")
    jobs.release()
    # Those that have ended meanwhile try in vain to send their outputs.
    wait_until(lambda: all(log_lines(job.host, f"{job.name}.*refused") for job in jobs.running))
    jobs.galaxy.call("open_files")
    assert jobs.unlike_once() == {}


def test_nothing_is_heard_from_the_network_for_a_while(
    jobs: MessageJobs, servers: Mapping[str, Host]
) -> None:
    with silence(servers["site-a"]), silence(servers["site-b"]):
        jobs.release()
        wait_until(lambda: all("end" in job.notes() for job in jobs.running))
    assert jobs.unlike_once() == {}


def test_all_connections_break_and_none_can_be_made_for_a_while(
    jobs: MessageJobs, servers: Mapping[str, Host]
) -> None:
    with refusal(servers["site-a"]), refusal(servers["site-b"]):
        jobs.release()
        wait_until(lambda: all(log_lines(job.host, f"{job.name}.*refused") for job in jobs.running))
    assert jobs.unlike_once() == {}
