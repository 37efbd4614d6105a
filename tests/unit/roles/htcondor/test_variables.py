"""What the role derives from the inventory, what it refuses, and what it writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

ROLE = Path(__file__).parents[4] / "roles" / "htcondor"

FACTS = {
    "distribution": "Debian",
    "distribution_major_version": "13",
    "distribution_version": "13.2",
    "os_family": "Debian",
    "user_uid": 0,
}

#: What the role finds on a bare host that is a node of a pool with one manager.
BARE_NODE = {
    "ansible_check_mode": False,
    "ansible_facts": FACTS,
    "group_names": ["htcondor_nodes"],
    "groups": {"htcondor_managers": ["head"], "htcondor_nodes": ["node"]},
    "hostvars": {"head": {"ansible_host": "192.0.2.1"}, "node": {}},
    "__htcondor_found": {},
    "__htcondor_log": {"stat": {"exists": False}},
    "__htcondor_program": {"stat": {"exists": False}},
}


def said(expression: str, **variables: object) -> Any:  # noqa: ANN401 - whatever the template says
    """Return what the role makes of an expression on that host, but for some variables."""
    loader = DataLoader()
    files = [ROLE / "defaults" / "main.yml", ROLE / "vars" / "main.yml"]
    known: dict[str, object] = {}
    for file in files:
        known |= loader.load_from_file(str(file), trusted_as_template=True)
    templar = Templar(loader=loader, variables=known | BARE_NODE | variables)
    return templar.template(trust_as_template(expression))


def written(template: str, **variables: object) -> list[str]:
    """Return the lines of a file that the role writes, without comments."""
    text = said((ROLE / "templates" / template).read_text(), **variables)
    return [line for line in str(text).splitlines() if line and not line.startswith("#")]


def test_a_bare_host_of_a_pool_has_no_problems() -> None:
    assert said("{{ __htcondor_problems }}") == []


def test_a_host_is_for_what_its_groups_say() -> None:
    groups = ["htcondor_clients", "htcondor_managers", "pulsar_hosts"]
    assert written("pool.j2", group_names=groups) == [
        "CONDOR_HOST = 192.0.2.1",
        "use ROLE : CentralManager",
        "use ROLE : Submit",
        "UID_DOMAIN = pulsar.internal",
        "FILESYSTEM_DOMAIN = pulsar.internal",
        "TRUST_UID_DOMAIN = True",
    ]


def test_a_manager_without_an_address_goes_by_its_name() -> None:
    assert said("{{ __htcondor_central_manager }}", hostvars={"head": {}}) == "head"
    assert said("{{ __htcondor_central_manager }}", htcondor_central_manager="10.0.0.1") == "10.0.0.1"


def test_a_pool_that_is_joined_takes_a_token_and_no_key() -> None:
    joined = {"groups": {"htcondor_clients": ["node"]}, "htcondor_central_manager": "cm.example.org"}
    assert said("{{ __htcondor_problems }}", group_names=["htcondor_clients"], **joined) == []
    assert said("{{ __htcondor_secret_name }}", **joined) == "htcondor/token"
    assert said("{{ __htcondor_secret_file }}", **joined) == "/etc/condor/tokens.d/pulsar"
    assert said("{{ __htcondor_secret_name }} {{ __htcondor_secret_file }}") == (
        "htcondor/pool /etc/condor/passwords.d/POOL"
    )


def test_limits_and_settings_follow_each_other_so_that_the_sites_win() -> None:
    settings = {"NUM_CPUS": 4, "BASE_CGROUP": ""}
    assert written("policy.j2", htcondor_time_limit=60, htcondor_settings=settings) == [
        "JOB_DEFAULT_REQUESTMEMORY = 1024",
        "use POLICY : HOLD_IF_MEMORY_EXCEEDED",
        "use POLICY : HOLD_IF_RUNTIME_EXCEEDS(60)",
        "NUM_CPUS = 4",
        "BASE_CGROUP = ",
    ]
    assert written("policy.j2", htcondor_memory_limit=False) == []


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"ansible_facts": FACTS | {"user_uid": 1000}}, "set become to true"),
        (
            {"ansible_facts": FACTS | {"distribution_major_version": "12"}},
            "choose a host with Debian 13",
        ),
        ({"ansible_facts": FACTS | {"os_family": "RedHat"}}, "no package of HTCondor"),
        ({"__htcondor_log": {"stat": {"exists": True}}}, "that this role did not deploy"),
        ({"group_names": ["pulsar_hosts"]}, "in none of the groups"),
        ({"groups": {"htcondor_managers": ["head", "node"]}}, "one central manager"),
        ({"groups": {"htcondor_nodes": ["node"]}}, 'the central manager is ""'),
        ({"htcondor_central_manager": "two words"}, 'the central manager is "two words"'),
        ({"htcondor_domain": "a b"}, 'htcondor_domain is "a b"'),
        ({"htcondor_time_limit": -1}, "htcondor_time_limit is -1"),
        ({"htcondor_settings": {"NUM CPUS": 1}}, "htcondor_settings has NUM CPUS:"),
        ({"htcondor_settings": {"START": "True\nuse ROLE : Submit"}}, "htcondor_settings has START:"),
        ({"htcondor_settings": {"START": "True \\"}}, "htcondor_settings has START:"),
    ],
)
def test_what_cannot_work_is_refused(variables: dict[str, object], told: str) -> None:
    (problem,) = said("{{ __htcondor_problems }}", **variables)
    assert told in problem


def test_its_own_configuration_is_taken_up_again() -> None:
    there = said("{{ (__htcondor_mark ~ '\n') | b64encode }}")
    running = {"__htcondor_log": {"stat": {"exists": True}}, "__htcondor_found": {"content": there}}
    assert said("{{ __htcondor_problems }}", **running) == []
