from __future__ import annotations

import re
from typing import Any

import pytest

from plugins.module_utils.broker_definitions import (
    GALAXY_DECLARES,
    GALAXY_READS,
    SITE_DECLARES,
    SITE_READS,
    TAG,
    Account,
    Site,
    password_hash,
    plan,
)

GALAXY = Account("galaxy", "galaxy's password")
ONE = Site("one", Account("one", "one's password"))
TWO = Site("two", Account("two", "two's password"))

#: What RabbitMQ 4.0.5 exports after it was installed.
NEW: dict[str, Any] = {
    "permissions": [{"configure": ".*", "read": ".*", "user": "guest", "vhost": "/", "write": ".*"}],
    "vhosts": [
        {
            "default_queue_type": "classic",
            "limits": [],
            "metadata": {"description": "Default virtual host", "tags": []},
            "name": "/",
        }
    ],
    "users": [
        {
            "hashing_algorithm": "rabbit_password_hashing_sha256",
            "limits": {},
            "name": "guest",
            "password_hash": "dkvASlWAKYBODArbbue6uceVzE1eedlG9IYodyFI6gtPqe1e",
            "tags": ["administrator"],
        }
    ],
}


def after(current: dict[str, Any], *sites: Site) -> dict[str, Any]:
    """Return what a broker has after it carried out the plan for *sites*."""
    to_do = plan(current, sites, GALAXY)
    assert to_do.problems == []

    def merged(kind: str, key: tuple[str, ...], removed: list[str]) -> list[dict[str, Any]]:
        found = {tuple(each[name] for name in key): each for each in current[kind] + to_do.imported[kind]}
        return [each for names, each in found.items() if not set(names) & set(removed)]

    return {
        "users": merged("users", ("name",), to_do.removed_users),
        "vhosts": merged("vhosts", ("name",), to_do.removed_vhosts),
        "permissions": merged("permissions", ("user", "vhost"), to_do.removed_users + to_do.removed_vhosts),
    }


def names(definitions: dict[str, Any], kind: str) -> set[str]:
    return {each["name"] for each in definitions[kind]}


def test_a_new_broker_is_given_everything_and_loses_guest() -> None:
    to_do = plan(NEW, [ONE, TWO], GALAXY)
    assert names(to_do.imported, "users") == {"galaxy", "one", "two"}
    assert names(to_do.imported, "vhosts") == {"one", "two"}
    assert {(given["user"], given["vhost"]) for given in to_do.imported["permissions"]} == {
        ("one", "one"),
        ("galaxy", "one"),
        ("two", "two"),
        ("galaxy", "two"),
    }
    assert to_do.removed_users == ["guest"]
    assert to_do.removed_vhosts == []


def test_a_broker_that_has_everything_is_left_alone() -> None:
    broker = after(NEW, ONE, TWO)
    assert not plan(broker, [ONE, TWO], GALAXY).changes


def test_a_new_password_is_imported_alone() -> None:
    changed = Site("one", Account("one", "another password"))
    to_do = plan(after(NEW, ONE, TWO), [changed, TWO], GALAXY)
    assert names(to_do.imported, "users") == {"one"}
    assert to_do.imported["vhosts"] == to_do.imported["permissions"] == []
    assert to_do.removed_users == []


def test_permissions_that_somebody_widened_are_narrowed_again() -> None:
    broker = after(NEW, ONE)
    for given in broker["permissions"]:
        given["read"] = ".*"
    to_do = plan(broker, [ONE], GALAXY)
    assert {(given["user"], given["vhost"]) for given in to_do.imported["permissions"]} == {
        ("one", "one"),
        ("galaxy", "one"),
    }
    assert to_do.imported["users"] == []


def test_a_site_that_left_is_removed_with_its_virtual_host() -> None:
    to_do = plan(after(NEW, ONE, TWO), [ONE], GALAXY)
    assert (to_do.removed_users, to_do.removed_vhosts) == (["two"], ["two"])
    assert not any(to_do.imported.values())


def test_what_others_made_stays() -> None:
    broker = after(NEW, ONE)
    broker["users"].append({"name": "celery", "password_hash": "", "tags": ["management"]})
    broker["vhosts"].append({"name": "celery", "metadata": {"description": "", "tags": ["own"]}})
    broker["vhosts"].append({"name": "older"})
    assert not plan(broker, [ONE], GALAXY).changes


@pytest.mark.parametrize(
    ("kind", "entity", "what"),
    [
        ("users", {"name": "one", "password_hash": "", "tags": []}, "a user one"),
        ("vhosts", {"name": "one", "metadata": {"tags": []}}, "a virtual host one"),
        ("users", {"name": "galaxy", "password_hash": "", "tags": ["administrator"]}, "a user galaxy"),
    ],
)
def test_what_others_made_is_not_taken_over(kind: str, entity: dict[str, Any], what: str) -> None:
    broker = {**NEW, kind: [*NEW[kind], entity]}
    (problem,) = plan(broker, [ONE], GALAXY).problems
    assert f"{what} that this collection did not make" in problem


def test_users_and_virtual_hosts_are_marked_and_no_password_is_among_them() -> None:
    imported = plan(NEW, [ONE], GALAXY).imported
    assert all(user["tags"] == [TAG] for user in imported["users"])
    assert all(vhost["metadata"]["tags"] == [TAG] for vhost in imported["vhosts"])
    assert "password'" not in str(imported).replace("password_hash'", "")
    assert "s password" not in str(imported)


def test_passwords_are_hashed_as_the_broker_does() -> None:
    """The example of https://www.rabbitmq.com/docs/passwords."""
    assert password_hash("test12", bytes.fromhex("908DC60A")) == (
        "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR"
    )


@pytest.mark.parametrize(
    ("pattern", "allowed", "forbidden"),
    [
        (
            SITE_DECLARES,
            ["pulsar", "pulsar__setup", "pulsar_m1__kill", "P_status", "pulsar__status_update",
             "pulsar__status_update_ack", "pulsar__setup_dead"],
            ["pulsar__setup_ack", "pulsar__kill_ack", "celery", "amq.topic", "setup", "pulsar__setup_more"],
        ),
        (
            SITE_READS,
            ["pulsar", "pulsar__setup", "pulsar_m1__kill", "P_status", "pulsar__status_update_ack"],
            ["pulsar__status_update", "pulsar__setup_ack", "pulsar__setup_dead", "celery"],
        ),
        (
            GALAXY_DECLARES,
            ["pulsar", "pulsar__status_update", "pulsar_m1__setup_ack", "P_kill_ack"],
            ["pulsar__setup", "pulsar__kill", "pulsar__status", "pulsar__status_update_ack", "celery"],
        ),
        (GALAXY_READS, ["pulsar", "pulsar__status_update"], ["pulsar__setup", "pulsar__kill", "celery"]),
    ],
)  # fmt: skip
def test_each_side_is_allowed_the_queues_that_concern_it(
    pattern: str, allowed: list[str], forbidden: list[str]
) -> None:
    """Names and sides: protocol section 6.1."""
    assert [name for name in allowed if not re.search(pattern, name)] == []
    assert [name for name in forbidden if re.search(pattern, name)] == []
