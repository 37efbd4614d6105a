"""Servers that are drained, and then leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import pytest
from testinfra.host import Host

from test_hosts.galaxy_configuration import GalaxyConfiguration
from test_hosts.playbook import play

SERVERS = {"pulsar_listens", "pulsar_meets"}
TOLD = "/srv/galaxy/yml/told"


@attrs.frozen(kw_only=True)
class Course:
    """What was seen of Galaxy's configurations, by their shapes, as one step came after the other."""

    registered: Mapping[str, dict[str, Any]]
    drained: Mapping[str, dict[str, Any]]
    left: Mapping[str, bytes]
    #: What a dry run then printed that would register both again, and what it left.
    printed: str
    after_dry_run: Mapping[str, bytes]
    #: How often Gravity was told of something.
    told: int

    @property
    def secrets(self) -> list[str]:
        """What nobody may see: a token, and Galaxy's password at the broker."""
        found = self.registered["yml"]
        url: str = found["runners"]["pulsar_meets"]["params"]["amqp_url"]
        token = found["environments"]["pulsar_listens"]["params"]["private_token"]
        return [token, url.partition("@")[0].rpartition(":")[2]]


@pytest.fixture(scope="module")
def course(configurations: Mapping[str, GalaxyConfiguration], galaxy_host: Host) -> Course:
    """Have both servers drained, and then leave, in all configurations."""

    def read() -> Mapping[str, dict[str, Any]]:
        return {shape: each.read() for shape, each in configurations.items()}

    def contents() -> Mapping[str, bytes]:
        return {shape: each.content for shape, each in configurations.items()}

    def told() -> int:
        return len(galaxy_host.file(TOLD).content_string.split())

    told_before = told()
    registered = read()
    register(galaxy_endpoint_state="drained")
    drained = read()
    register(galaxy_endpoint_state="absent")
    return Course(
        registered=registered,
        drained=drained,
        left=contents(),
        told=told() - told_before,
        printed=register(options=["--check", "--diff", "-vvv"]),
        after_dry_run=contents(),
    )


def register(*, options: Sequence[str] = (), **variables: str) -> str:
    """Run the playbook with further variables, and return what it printed."""
    done = play("galaxyops.pulsar.register", limit="all", variables=variables, options=options)
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_drained_servers_stay_and_get_no_tools(course: Course) -> None:
    for found in course.drained.values():
        assert found["environments"].keys() >= SERVERS
        assert SERVERS.isdisjoint(tool["environment"] for tool in found["tools"])


def test_servers_that_leave_restore_every_byte(course: Course, originals: Mapping[str, bytes]) -> None:
    assert course.left == originals


def test_galaxy_is_told_of_each_step(course: Course) -> None:
    assert course.told == len(("drained", "left"))


def test_a_dry_run_shows_what_would_come_and_no_secret(course: Course) -> None:
    assert all(f"+  {server}:" in course.printed for server in SERVERS)
    assert [secret for secret in course.secrets if secret in course.printed] == []
    assert course.after_dry_run == course.left
