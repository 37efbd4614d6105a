"""Jobs while the role brings another configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pytest
from testinfra.host import Host

from test_hosts.jobs import StartJobs
from test_hosts.playbook import DEPLOY, play


def main_process(host: Host, kind: str) -> str:
    pid: str = host.check_output(f"systemctl show --property=MainPID --value pulsar-{kind}.service")
    return pid


@pytest.fixture
def configure() -> Iterator[Callable[[Mapping[str, object]], None]]:
    """Apply the role with further variables; afterwards, without them."""

    def configure(variables: Mapping[str, object]) -> None:
        done = play(DEPLOY, limit="pulsar_hosts", variables=variables)
        assert done.returncode == 0, done.stdout

    yield configure
    configure({})


def test_jobs_go_on_when_the_configuration_changes(
    host: Host, start_jobs: StartJobs, configure: Callable[[Mapping[str, object]], None]
) -> None:
    """What the web server alone reads does not touch the agent."""
    jobs = start_jobs(24, 3)
    agent, web = main_process(host, "agent"), main_process(host, "web")
    for_web = {"pulsar_yaml_config": {"web": {"workers": 3}}}
    configure(for_web)
    assert main_process(host, "agent") == agent
    assert main_process(host, "web") != web

    for_agent = {"pulsar_managers": {"_default_": {"type": "queued_python", "num_concurrent_jobs": 3}}}
    configure({**for_web, **for_agent})
    assert main_process(host, "agent") != agent
    assert jobs.unlike_once() == {}
