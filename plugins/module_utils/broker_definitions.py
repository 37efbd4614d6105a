"""What sites have at a RabbitMQ broker, and what has to be done until the broker has it.

Private to the collection. It runs on hosts that have Python 3.8 or later, and nothing of ours. The shape of
definitions: https://www.rabbitmq.com/docs/definitions
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

#: Users and virtual hosts with this tag are ours; the broker itself gives it no meaning.
TAG = "galaxyops.pulsar"

#: RabbitMQ's own user, whose password everybody knows.
GUEST = "guest"

#: Names of exchange and queues, as Galaxy and servers choose them: protocol section 6.1. The broker asks for
#: configure to declare, for write to publish and to bind a queue, for read to consume and to bind to an
#: exchange: https://www.rabbitmq.com/docs/access-control
#: A server leaves in NAME_dead what it cannot understand, and declares where it publishes.
SITE_DECLARES = "^(pulsar|.+_(setup|kill|status|status_update|status_update_ack)(_dead)?)$"
SITE_READS = "^(pulsar|.+_(setup|kill|status|status_update_ack))$"
GALAXY_DECLARES = GALAXY_READS = "^(pulsar|.+_(status_update|setup_ack|kill_ack))$"

_HASHING = "rabbit_password_hashing_sha256"
_SALT_BYTES = 4

Definitions = Mapping[str, Any]


class Account(NamedTuple):
    """A user of the broker."""

    name: str
    password: str


class Site(NamedTuple):
    """What one server has at the broker."""

    vhost: str
    account: Account


class Plan(NamedTuple):
    """What has to be done; nothing if all parts are empty."""

    #: Definitions to import: what is missing or different.
    imported: dict[str, list[dict[str, Any]]]
    removed_users: list[str]
    removed_vhosts: list[str]
    #: Why nothing may be done.
    problems: list[str]

    @property
    def changes(self) -> bool:
        """Tell whether there is anything to do."""
        return bool(any(self.imported.values()) or self.removed_users or self.removed_vhosts)


def plan(current: Definitions, sites: Iterable[Site], galaxy: Account) -> Plan:
    """Compare what the broker has with what it is to have.

    Users and virtual hosts of ours that nothing needs any more are removed. Those of others are left alone,
    and one that has a name which we need is a problem.
    """
    sites = list(sites)
    users = {user["name"]: user for user in current["users"]}
    vhosts = {vhost["name"]: vhost for vhost in current["vhosts"]}
    accounts = [galaxy, *(site.account for site in sites)]
    wanted_vhosts = [site.vhost for site in sites]
    permissions = {
        (given["user"], given["vhost"]): (given["configure"], given["write"], given["read"])
        for given in current["permissions"]
    }
    wanted_permissions = {}
    for site in sites:
        wanted_permissions[site.account.name, site.vhost] = (SITE_DECLARES, SITE_DECLARES, SITE_READS)
        wanted_permissions[galaxy.name, site.vhost] = (GALAXY_DECLARES, GALAXY_DECLARES, GALAXY_READS)
    ours = {name for name, user in users.items() if TAG in _tags(user)}
    our_vhosts = {name for name, vhost in vhosts.items() if TAG in _tags(vhost.get("metadata", {}))}
    return Plan(
        imported={
            "users": [
                _user(account) for account in accounts if not _has_password(users.get(account.name), account)
            ],
            "vhosts": [
                {"name": name, "metadata": {"description": "A Pulsar server and Galaxy", "tags": [TAG]}}
                for name in wanted_vhosts
                if name not in vhosts
            ],
            "permissions": [
                {"user": user, "vhost": vhost, "configure": given[0], "write": given[1], "read": given[2]}
                for (user, vhost), given in wanted_permissions.items()
                if permissions.get((user, vhost)) != given
            ],
        },
        removed_users=sorted((ours - {account.name for account in accounts}) | (users.keys() & {GUEST})),
        removed_vhosts=sorted(our_vhosts - set(wanted_vhosts)),
        problems=[
            *_foreign("user", users.keys() - ours, (account.name for account in accounts)),
            *_foreign("virtual host", vhosts.keys() - our_vhosts, wanted_vhosts),
        ],
    )


def password_hash(password: str, salt: bytes) -> str:
    """Return what the broker keeps of a password: https://www.rabbitmq.com/docs/passwords."""
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def _has_password(user: Definitions | None, account: Account) -> bool:
    """Tell whether the broker knows the account with this password."""
    if user is None:
        return False
    salt = base64.b64decode(user["password_hash"])[:_SALT_BYTES]
    return hmac.compare_digest(user["password_hash"], password_hash(account.password, salt))


def _user(account: Account) -> dict[str, Any]:
    hashed = password_hash(account.password, os.urandom(_SALT_BYTES))
    return {
        "name": account.name,
        "password_hash": hashed,
        "hashing_algorithm": _HASHING,
        "tags": [TAG],
    }


def _tags(entity: Definitions) -> list[str]:
    tags: list[str] = entity.get("tags", [])
    return tags


def _foreign(kind: str, others: Iterable[str], wanted: Iterable[str]) -> list[str]:
    return [
        f"the broker has a {kind} {name} that this collection did not make: remove it, or give the host, or "
        "rabbitmq_galaxy_user, another name"
        for name in sorted(set(others) & set(wanted))
    ]
