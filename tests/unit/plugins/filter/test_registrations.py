"""What is registered; whether Galaxy takes it is seen in test_register.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from plugins.filter.registrations import FilterModule
from tests.galaxy_side.galaxy_judge import GalaxyJudge

registrations = FilterModule().filters()["registrations"]

GALAXY = {
    "url": "https://galaxy.example.org/",
    "user": "galaxy",
    "password": "p/w:1",
    "ca_file": "/etc/galaxy/ca.pem",
    "messages_dir": "/var/lib/galaxy/messages",
    "tpv": False,
    "variables": ["galaxy_endpoint_job_conf"],
}
HTTP = {
    "format": 1,
    "transport": "http",
    "url": "http://one:8913/",
    "directories": {"staging": "/srv/staging"},
}
AMQP = {
    "format": 1,
    "transport": "amqp",
    "broker": {"host": "mq.example.org", "port": 5671, "vhost": "site one"},
    "directories": {"staging": "/srv/staging"},
}


def described(descriptor: dict[str, Any], instance: str = "") -> dict[str, Any]:
    return {"instance": instance, "descriptor": descriptor, "token": "t"}


def registered(galaxy: dict[str, Any] = GALAXY, /, **hosts: dict[str, Any]) -> list[dict[str, Any]]:
    variables = {host: {"inventory_hostname": host, **given} for host, given in hosts.items()}
    return registrations(variables, list(hosts), galaxy)


def names_and_tools(found: list[dict[str, Any]]) -> list[tuple[str, list[str]]]:
    return [(each["name"], [tool["id"] for tool in each["tools"]]) for each in found]


def test_a_server_that_listens_gets_a_rest_runner_its_url_and_its_token() -> None:
    (found,) = registered(
        one={"galaxy_endpoint_described": [described(HTTP)], "galaxy_endpoint_tools": ["bwa"]}
    )
    assert (found["name"], found["state"], found["tools"]) == (
        "pulsar_one",
        "present",
        [{"id": "bwa", "environment": "pulsar_one"}],
    )
    assert found["runner"] == {
        "id": "pulsar_one",
        "load": "galaxy.jobs.runners.pulsar:PulsarRESTJobRunner",
        "params": {},
        "secret_params": {},
    }
    assert found["environment"]["params"] == {
        "default_file_action": "transfer",
        "rewrite_parameters": "true",
        "outputs_to_working_directory": "false",
        "url": "http://one:8913/",
    }
    assert found["environment"]["secret_params"] == {"private_token": "t"}


def test_a_server_at_a_broker_gets_a_verified_connection_and_acknowledgements_on_its_runner() -> None:
    (found,) = registered(one={"galaxy_endpoint_described": [described(AMQP)]})
    params = found["runner"]["params"]
    assert found["runner"]["secret_params"] == {
        "amqp_url": "amqps://galaxy:p%2Fw%3A1@mq.example.org:5671/site%20one"
    }
    assert params["amqp_connect_ssl_ca_certs"] == "/etc/galaxy/ca.pem"
    assert params["amqp_connect_ssl_cert_reqs"] == "cert_required"
    assert params["amqp_acknowledge"] == "true"
    assert params["persistence_directory"] == "/var/lib/galaxy/messages"
    assert params["manager"] == "_default_"
    assert params["galaxy_url"] == "https://galaxy.example.org/"
    assert found["environment"]["params"]["jobs_directory"] == "/srv/staging"
    assert found["environment"]["params"]["default_file_action"] == "remote_transfer"


def test_a_certificate_that_the_host_trusts_needs_no_authority() -> None:
    (found,) = registered({**GALAXY, "ca_file": ""}, one={"galaxy_endpoint_described": [described(AMQP)]})
    assert "amqp_connect_ssl_ca_certs" not in found["runner"]["params"]


def test_what_the_inventory_says_of_an_endpoint_wins() -> None:
    (found,) = registered(
        one={
            "galaxy_endpoint_described": [described(AMQP)],
            "galaxy_endpoint_name": "far",
            "galaxy_endpoint_params": {
                "docker_enabled": "true",
                "default_file_action": "remote_transfer_tus",
            },
            "galaxy_endpoint_runner_params": {"amqp_ack_republish_time": "1200"},
            "galaxy_endpoint_env": [{"name": "LC_ALL", "value": "C"}],
            "galaxy_endpoint_metrics": "/etc/galaxy/metrics.yml",
        }
    )
    assert found["name"] == found["runner"]["id"] == found["environment"]["id"] == "far"
    assert found["environment"]["params"]["docker_enabled"] == "true"
    assert found["environment"]["params"]["default_file_action"] == "remote_transfer_tus"
    assert found["runner"]["params"]["amqp_ack_republish_time"] == "1200"
    assert found["environment"]["env"] == [{"name": "LC_ALL", "value": "C"}]
    assert found["environment"]["metrics"] == "/etc/galaxy/metrics.yml"


def test_a_variable_of_the_role_may_come_from_a_group_of_all() -> None:
    assert registered(one={"galaxy_endpoint_job_conf": "/srv/job_conf.yml"})


def test_each_manager_of_each_instance_is_registered_and_the_first_one_gets_the_tools() -> None:
    found = registered(
        **{
            "node-1.example.org": {
                "pulsar_instances": {"b": None, "a": {"managers": {"short": {}, "long": {}}}},
                "galaxy_endpoint_described": [described(HTTP, "a"), described(HTTP, "b")],
                "galaxy_endpoint_tools": ["bwa"],
            }
        }
    )
    assert names_and_tools(found) == [
        ("pulsar_node_1_example_org_a_short", ["bwa"]),
        ("pulsar_node_1_example_org_a_long", []),
        ("pulsar_node_1_example_org_b", []),
    ]
    assert [each["server"] for each in found] == [f"node-1.example.org/{instance}" for instance in "aab"]
    assert found[0]["environment"]["params"]["manager"] == "short"
    assert "manager" not in found[2]["environment"]["params"]


def test_an_instance_that_leaves_takes_no_tools_along() -> None:
    found = registered(
        one={
            "pulsar_instances": {"a": {"state": "absent"}, "b": None},
            "galaxy_endpoint_described": [described(HTTP, "b")],
            "galaxy_endpoint_tools": ["bwa"],
        }
    )
    assert names_and_tools(found) == [("pulsar_one_a", []), ("pulsar_one_b", ["bwa"])]


def test_a_drained_endpoint_stays_without_tools() -> None:
    (found,) = registered(
        one={
            "galaxy_endpoint_described": [described(HTTP)],
            "galaxy_endpoint_state": "drained",
            "galaxy_endpoint_tools": ["bwa"],
        }
    )
    assert (found["state"], found["tools"]) == ("drained", [])
    assert "runner" in found


@pytest.mark.parametrize(
    "variables",
    [
        {"galaxy_endpoint_state": "absent"},
        {"pulsar_state": "absent"},
        {"pulsar_instances": {"a": {"state": "absent"}}, "galaxy_endpoint_name": "pulsar_one"},
    ],
)
def test_what_is_absent_needs_no_descriptor(variables: dict[str, Any]) -> None:
    (found,) = registered(one=variables)
    assert found["name"].startswith("pulsar_one")
    assert (found["host"], found["state"], found["tools"]) == ("one", "absent", [])


def test_what_is_not_deployed_yet_has_no_entries() -> None:
    (found,) = registered(one={})
    assert (found["name"], found["state"], "runner" in found) == ("pulsar_one", "present", False)


def test_what_leaves_is_known_for_as_long_as_it_describes_itself() -> None:
    """Its tools are taken away first, then its jobs end, and only then its runner goes."""
    (found,) = registered(
        one={
            "galaxy_endpoint_described": [described(HTTP)],
            "galaxy_endpoint_state": "absent",
            "galaxy_endpoint_tools": ["bwa"],
        }
    )
    assert (found["state"], found["tools"]) == ("absent", [])
    assert found["runner"]["id"] == found["environment"]["id"] == "pulsar_one"


@pytest.mark.parametrize(
    ("hosts", "message"),
    [
        ({"one": {"galaxy_endpoint_tool": []}}, "galaxy_endpoint_tool of one .* mean galaxy_endpoint_tools?"),
        ({"one": {"galaxy_endpoint_x": 1}}, "galaxy_endpoint_x of one says nothing of a server: take it out"),
        ({"one": {"galaxy_endpoint_state": "gone"}}, "galaxy_endpoint_state of one is 'gone'"),
        (
            {"one": {"galaxy_endpoint_described": [described({**HTTP, "format": 2})]}},
            "has format 2, and this",
        ),
        (
            {
                "a-b": {"galaxy_endpoint_described": [described(HTTP)]},
                "a.b": {"galaxy_endpoint_described": [described(HTTP)]},
            },
            "a-b and a.b would both be pulsar_a_b in Galaxy: set galaxy_endpoint_name",
        ),
    ],
)
def test_what_cannot_be_registered_is_told(hosts: dict[str, Any], message: str) -> None:
    with pytest.raises(AnsibleFilterError, match=message):
        registered(**hosts)


def test_a_server_at_a_broker_needs_the_address_of_galaxy() -> None:
    with pytest.raises(AnsibleFilterError, match="galaxy_endpoint_galaxy_url is not set"):
        registered({**GALAXY, "url": ""}, one={"galaxy_endpoint_described": [described(AMQP)]})


def test_tpv_reads_the_very_texts_that_galaxy_would_and_expressions_of_the_inventory(
    tmp_path: Path, galaxy_judge: GalaxyJudge
) -> None:
    odd = "/srv/{a}/it's\\new''"
    (found,) = registered(
        {**GALAXY, "tpv": True},
        one={
            "galaxy_endpoint_described": [
                {"instance": "", "descriptor": {**HTTP, "url": f"http://one{odd}"}, "token": odd}
            ],
            "galaxy_endpoint_params": {"submit_request_cpus": "{cores}"},
        },
    )
    environment = found["environment"]
    destination = {
        "runner": "pulsar_one",
        "params": {**environment["params"], **environment["secret_params"]},
        "max_accepted_cores": 4,
    }
    (tmp_path / "tpv.yml").write_text(
        json.dumps({"destinations": {"one": destination}, "tools": {"cat1": {"cores": 3}}})
    )
    (tmp_path / "job_conf.yml").write_text(
        json.dumps(
            {
                "runners": {"dynamic": {"load": "galaxy.jobs.runners.dynamic:DynamicJobRunner"}},
                "execution": {
                    "default": "tpv_dispatcher",
                    "environments": {
                        "tpv_dispatcher": {
                            "runner": "dynamic",
                            "function": "map_tool_to_destination",
                            "rules_module": "tpv.rules",
                            "tpv_config_files": [str(tmp_path / "tpv.yml")],
                        }
                    },
                },
            }
        )
    )
    params = galaxy_judge.tpv_map_tool(tmp_path / "job_conf.yml", "cat1")["params"]
    assert (params["url"], params["private_token"]) == (f"http://one{odd}", odd)
    assert params["submit_request_cpus"] == "3"
