from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from plugins.filter.broker_sites import FilterModule

broker_sites = FilterModule().filters()["broker_sites"]

BROKERS = ["broker", "second"]


def sites(**variables: dict[str, Any]) -> list[dict[str, str]]:
    return broker_sites(variables, list(variables), BROKERS)


def test_a_host_that_meets_galaxy_at_a_broker_is_a_site_named_like_it() -> None:
    assert sites(one={"pulsar_transport": "amqp"}) == [
        {
            "host": "one",
            "instance": "",
            "name": "one",
            "vhost": "one",
            "user": "one",
            "secret": "broker/one",
            "broker": "broker",
        }
    ]


@pytest.mark.parametrize("variables", [{}, {"pulsar_transport": "http"}, {"pulsar_instances": {"a": None}}])
def test_a_host_that_is_spoken_to_directly_has_no_site(variables: dict[str, Any]) -> None:
    assert sites(one=variables) == []


def test_each_instance_is_a_site_and_may_have_a_transport_of_its_own() -> None:
    instances = {"b": {"transport": "http"}, "a": None, "c": {"port": 1}}
    found = sites(one={"pulsar_transport": "amqp", "pulsar_instances": instances})
    assert [(site["name"], site["instance"], site["secret"]) for site in found] == [
        ("one-a", "a", "broker/one-a"),
        ("one-c", "c", "broker/one-c"),
    ]
    (only,) = sites(one={"pulsar_instances": {"a": {"transport": "amqp"}, "b": {}}})
    assert only["vhost"] == only["user"] == "one-a"


def test_what_is_absent_has_no_site() -> None:
    absent = {"state": "absent"}
    assert sites(one={"pulsar_transport": "amqp", "pulsar_instances": {"a": absent}}) == []
    assert sites(one={"pulsar_transport": "amqp", "pulsar_state": "absent"}) == []


def test_a_host_chooses_among_brokers() -> None:
    found = sites(
        one={"pulsar_transport": "amqp"}, two={"pulsar_transport": "amqp", "pulsar_broker": "second"}
    )
    assert [site["broker"] for site in found] == ["broker", "second"]


def test_only_the_hosts_that_are_asked_for_are_looked_at() -> None:
    variables = {"one": {"pulsar_transport": "amqp"}, "two": {"pulsar_transport": "nonsense"}}
    assert [site["name"] for site in broker_sites(variables, ["one"], BROKERS)] == ["one"]


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        (
            {"one": {"pulsar_transport": "amqp", "pulsar_broker": "secondd"}},
            "pulsar_broker of one is secondd, which is not in the group pulsar_brokers: did you mean second?",
        ),
        (
            {"one": {"pulsar_transport": "amqps"}},
            "pulsar_transport of one is 'amqps': set it to http or amqp",
        ),
        (
            {
                "one-a": {"pulsar_transport": "amqp"},
                "one": {"pulsar_transport": "amqp", "pulsar_instances": {"a": {}}},
            },
            (
                "host one-a and instance a of one would both be one-a at the broker: "
                "give one of them another name"
            ),
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(variables: dict[str, dict[str, Any]], problem: str) -> None:
    with pytest.raises(AnsibleFilterError) as refused:
        sites(**variables)
    assert str(refused.value) == problem


def test_a_site_without_any_broker_is_refused() -> None:
    with pytest.raises(
        AnsibleFilterError, match="put the host that is to be one into the group pulsar_brokers"
    ):
        broker_sites({"one": {"pulsar_transport": "amqp"}}, ["one"], [])
