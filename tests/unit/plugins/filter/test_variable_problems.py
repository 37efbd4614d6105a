from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from plugins.filter.variable_problems import FilterModule

variable_problems = FilterModule().filters()["variable_problems"]
ROLE = Path(__file__).parents[4] / "roles" / "pulsar"
OPTIONS = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text())["argument_specs"]["main"][
    "options"
]


def settings(**chosen: object) -> dict[str, Any]:
    """Return the role's variables as Ansible gives them to the filter, with some that were chosen."""
    known = {name.removeprefix("pulsar_"): option["default"] for name, option in OPTIONS.items()}
    root = str(chosen.get("root", "/srv/pulsar"))
    places = {
        name: value.replace("{{ pulsar_root }}", root)
        for name, value in known.items()
        if isinstance(value, str) and "{{ pulsar_root }}" in value
    }
    return {**known, "root": root, **places, "group": "pulsar", **chosen}


def problems(*names: str, **chosen: object) -> list[str]:
    return variable_problems(settings(**chosen), names, OPTIONS)


def test_the_defaults_are_no_problem() -> None:
    assert problems(*OPTIONS) == []


def test_a_misspelt_variable_is_named_with_what_was_meant() -> None:
    assert problems("pulsar_prt", "pulsar_root") == [
        "pulsar_prt is not a variable of this role: did you mean pulsar_port?"
    ]


def test_a_variable_that_resembles_nothing_gets_no_guess() -> None:
    assert problems("pulsar_dependency_resolvers_xml") == [
        "pulsar_dependency_resolvers_xml is not a variable of this role: remove it, or give it another prefix"
    ]


@pytest.mark.parametrize("form", ["user", "script"])
@pytest.mark.parametrize(
    "manager", [{"type": "queued_external_drmaa"}, {"type": "queued_python", "real_users": True}]
)
def test_without_root_no_job_runs_as_its_user(form: str, manager: dict[str, object]) -> None:
    (problem,) = problems(service=form, managers={"_default_": {}, "theirs": manager})
    assert problem.startswith("pulsar_managers.theirs runs jobs as their users, which takes root: ")
    assert problems(managers={"theirs": manager}) == []


@pytest.mark.parametrize("form", ["user", "script"])
def test_a_user_has_to_choose_a_directory(form: str) -> None:
    assert problems(service=form, root="") == [
        "pulsar_root is '': set it to the absolute path of a directory"
    ]


@pytest.mark.parametrize(
    ("chosen", "problem"),
    [
        ({"install_from": "wheelhouse"}, "pulsar_wheelhouse_dir is not set: "),
        ({"keep_releases": 0}, "pulsar_keep_releases is less than 1: "),
        ({"user": "a b"}, "pulsar_user is 'a b': "),
        ({"privsep_user": "pulsar"}, "pulsar_privsep_user is pulsar_user: "),
        ({"port": 70000}, "pulsar_port is 70000: "),
        ({"host": "localhost"}, "pulsar_host is 'localhost': set it to an IP address"),
        ({"environment": {"SGE ROOT": "/x"}}, "pulsar_environment.SGE ROOT: a variable's name has letters"),
        ({"environment": {"A": "x\ny"}}, "pulsar_environment.A is 'x\\ny': set it to a text of one line"),
        ({"environment": {"A": ["x"]}}, "pulsar_environment.A is ['x']: set it to a text of one line"),
        ({"web_memory_max": "2 GB"}, "pulsar_web_memory_max is '2 GB': "),
        ({"staging_dir": "/data/100%"}, "pulsar_staging_dir is '/data/100%': "),
        (
            {"yaml_config": {"staging_directory": "/data"}},
            "pulsar_yaml_config.staging_directory is the role's own",
        ),
        ({"yaml_config": {"web": {"bind": ":1"}}}, "pulsar_yaml_config.web.bind is the role's own"),
        ({"service": "script", "retention_days": 3}, "pulsar_retention_days has no effect with"),
    ],
)
def test_what_cannot_be_meant_is_named(chosen: dict[str, object], problem: str) -> None:
    (found,) = problems(**chosen)
    assert found.startswith(problem)


@pytest.mark.parametrize(
    ("chosen", "problem"),
    [
        (
            {"port": 8914},
            "pulsar_port has no effect with pulsar_transport amqp, which has no port: remove it",
        ),
        ({"url": "https://h/"}, "pulsar_url has no effect with pulsar_transport amqp, which has no port"),
        (
            {"yaml_config": {"message_queue_url": "amqps://u:p@h/v"}},
            "pulsar_yaml_config.message_queue_url is the role's own with pulsar_transport amqp: remove it",
        ),
        (
            {"instances": {"one": {"host": "10.0.0.1"}}},
            "pulsar_instances.one.host has no effect with pulsar_instances.one.transport amqp",
        ),
    ],
)
def test_what_a_broker_leaves_no_room_for_is_named(chosen: dict[str, object], problem: str) -> None:
    (found,) = problems(transport="amqp", **chosen)
    assert found.startswith(problem)
    assert "p@h" not in found


def test_servers_at_a_broker_have_no_port_to_share() -> None:
    by_broker = {"transport": "amqp"}
    assert problems(instances={"one": by_broker, "two": by_broker, "three": {}}) == []
    # A port for all of them is for those that listen.
    assert problems(port=9000, instances={"one": by_broker, "two": {}}) == []


def test_a_listening_server_may_know_a_broker_of_its_own() -> None:
    assert problems(yaml_config={"message_queue_url": "amqps://u:p@h/v"}) == []


def test_the_variables_of_the_secrets_are_everybodys() -> None:
    assert problems("pulsar_secrets_file", "pulsar_secrets_lookup") == []


@pytest.mark.parametrize("amount", ["512M", "50%", "100%", "infinity", "1073741824"])
def test_amounts_of_memory_that_systemd_reads_are_no_problem(amount: str) -> None:
    assert problems(agent_memory_max=amount) == []


def test_the_script_takes_a_name_for_an_address_and_any_path() -> None:
    assert problems(service="script", root="/tmp/a pulsar", host="localhost") == []  # noqa: S108 (never made)


def test_instances_with_their_own_ports_are_no_problem() -> None:
    assert problems(instances={"one": {"port": 1}, "two": {"port": 2, "managers": {}}, "three": None}) == []


@pytest.mark.parametrize(
    ("instances", "problem"),
    [
        (
            {"one": {"prot": 1}},
            (
                "pulsar_instances.one.prot is not a setting of an instance: "
                "did you mean pulsar_instances.one.port?"
            ),
        ),
        ({"One": {}}, "pulsar_instances.One: name it with at most 32 small letters, digits, - and _"),
        ({"one": [1]}, "pulsar_instances.one is [1]: give its settings, or {} for none"),
        (
            {"one": {}, "two": {"host": "0.0.0.0"}},  # noqa: S104 (never listened on)
            (
                "pulsar_instances.one and pulsar_instances.two both listen on port 8913: "
                "give each a port of its own"
            ),
        ),
        (
            {"one": {"staging_dir": "/data"}, "two": {"port": 2, "staging_dir": "/data"}},
            "pulsar_instances.one and pulsar_instances.two share the staging_dir /data: give each its own",
        ),
    ],
)
def test_instances_that_cannot_be_meant_are_named(instances: dict[str, object], problem: str) -> None:
    assert problems(instances=instances) == [problem]


@pytest.mark.parametrize("setting", [{"port": "many"}, {"state": "running"}, {"managers": 4}])
def test_a_setting_of_an_instance_has_the_type_of_its_variable(setting: dict[str, object]) -> None:
    (found,) = problems(instances={"one": setting})
    assert found.startswith("pulsar_instances.one: ")
    assert next(iter(setting)) in found


def test_the_same_port_on_two_addresses_is_no_problem() -> None:
    assert problems(instances={"one": {"host": "127.0.0.1"}, "two": {"host": "127.0.0.2"}}) == []


def test_a_directory_for_all_instances_is_refused() -> None:
    (found,) = problems(staging_dir="/data", instances={"one": {}})
    assert found.startswith("pulsar_staging_dir has no effect beside pulsar_instances: ")
