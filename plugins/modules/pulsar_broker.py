"""The module ``galaxyops.pulsar.pulsar_broker``."""

# Copyright: The galaxyops.pulsar contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pulsar_broker
short_description: Give Pulsar servers and Galaxy what they need at a RabbitMQ broker
version_added: 0.1.0
author: The galaxyops.pulsar contributors (@galaxyops)
description:
  - Gives each server a virtual host and a user of its own, and Galaxy's user access to all of them. Each may
    declare, publish to and consume from the exchange and queues of Pulsar's protocol that concern it, and
    nothing else.
  - Removes users and virtual hosts that it once made and that are not named any more, with the messages in
    them, and the user C(guest). It never touches what somebody else made.
  - Everything that is missing is imported in one step. Passwords are sent as salted hashes in a file that
    nobody else can read; none is ever part of a command line.
options:
  sites:
    description: The user of each server, by the name of the server's virtual host.
    type: dict
    required: true
  galaxy_user:
    description: Galaxy's user.
    type: str
    required: true
  passwords:
    description: The password of each user by the user's name.
    type: dict
    required: true
attributes:
  check_mode:
    support: full
    description: Says what would be changed, and changes nothing. Without a running broker, it is everything.
  diff_mode:
    support: full
    description: Shows the names of users and virtual hosts, and no password or hash.
  platform:
    support: full
    description: Needs C(rabbitmqctl) 3.10 or later, and root.
    platforms: linux
notes:
  - If the user of a server that would be removed is still connected, that is taken for a mistake, and nothing
    is changed.
"""

EXAMPLES = r"""
- name: Let one server and Galaxy meet at this broker
  galaxyops.pulsar.pulsar_broker:
    sites:
      site1: site1
    galaxy_user: galaxy
    passwords:
      site1: "{{ lookup('galaxyops.pulsar.pulsar_secrets', 'broker/site1') }}"
      galaxy: "{{ lookup('galaxyops.pulsar.pulsar_secrets', 'broker/galaxy') }}"
"""

RETURN = r"""
users:
  description: The users that were made or changed, and those that were removed.
  returned: success
  type: dict
  contains:
    imported: {description: Made or changed., type: list, elements: str}
    removed: {description: Removed., type: list, elements: str}
vhosts:
  description: The virtual hosts that were made, and those that were removed.
  returned: success
  type: dict
  contains:
    imported: {description: Made., type: list, elements: str}
    removed: {description: Removed., type: list, elements: str}
"""

import json
import os
import shutil
import tempfile
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.broker_definitions import GUEST, Account, Plan, Site, plan

#: The user that the broker runs as, and that rabbitmqctl reads files as.
BROKER_ACCOUNT = "rabbitmq"
EMPTY: dict[str, Any] = {"users": [{"name": GUEST, "password_hash": ""}], "vhosts": [], "permissions": []}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "sites": {"type": "dict", "required": True},
            "galaxy_user": {"type": "str", "required": True},
            "passwords": {"type": "dict", "required": True, "no_log": True},
        },
        supports_check_mode=True,
    )
    names = [module.params["galaxy_user"], *module.params["sites"].values()]
    accounts = {name: Account(name, str(module.params["passwords"].get(name, ""))) for name in names}
    if missing := [name for name, account in accounts.items() if not account.password]:
        module.fail_json(msg=f"passwords has none for {', '.join(missing)}")
    sites = [Site(vhost, accounts[user]) for vhost, user in module.params["sites"].items()]
    broker = Broker(module)
    to_do = plan(broker.definitions(), sites, accounts[module.params["galaxy_user"]])
    problems = to_do.problems + broker.still_connected(to_do.removed_users)
    if problems:
        module.fail_json(msg="\n".join(problems))
    if to_do.changes and not module.check_mode:
        broker.carry_out(to_do)
    module.exit_json(changed=to_do.changes, diff=difference(to_do), **summary(to_do))


class Broker:
    """The broker of this host, spoken to through rabbitmqctl."""

    def __init__(self, module: AnsibleModule) -> None:
        self._module = module
        self._program = shutil.which("rabbitmqctl", path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")

    def definitions(self) -> dict[str, Any]:
        """Return what the broker has; in a dry run without a broker, what a new one has."""
        if not self._program:
            if self._module.check_mode:
                return EMPTY
            self._module.fail_json(msg="there is no rabbitmqctl on this host: install RabbitMQ first")
        failed, answer, problem = self._run("export_definitions", "-", "--format", "json", check_rc=False)
        if failed and self._module.check_mode:
            return EMPTY
        if failed:
            self._module.fail_json(
                msg=f"the broker does not answer; see 'systemctl status rabbitmq-server': {problem or answer}"
            )
        definitions: dict[str, Any] = json.loads(answer)
        return definitions

    def still_connected(self, users: list[str]) -> list[str]:
        """Tell which of *users* have connections."""
        users = [user for user in users if user != GUEST]
        if not users:
            return []
        answer = self._run("list_connections", "user", "--formatter", "json")[1]
        connected = {connection["user"] for connection in json.loads(answer)}
        return [
            f"{user} is not in the inventory any more, and its server is still connected to the broker: "
            "uninstall the server first, or put it back into the inventory"
            for user in users
            if user in connected
        ]

    def carry_out(self, to_do: Plan) -> None:
        """Import what is missing, then remove what is not wanted any more."""
        if any(to_do.imported.values()):
            self._import(to_do.imported)
        for user in to_do.removed_users:
            self._run("delete_user", user)
        for vhost in to_do.removed_vhosts:
            self._run("delete_vhost", vhost)

    def _import(self, definitions: dict[str, Any]) -> None:
        # mkstemp makes files that nobody else can read.
        descriptor, path = tempfile.mkstemp()
        try:
            with os.fdopen(descriptor, "w") as file:
                json.dump(definitions, file)
            shutil.chown(path, BROKER_ACCOUNT)
            self._run("import_definitions", path)
        finally:
            os.unlink(path)

    def _run(self, *command: str, check_rc: bool = True) -> tuple[int, str, str]:
        # It hangs while its input is open and nothing comes.
        answer: tuple[int, str, str] = self._module.run_command(
            [self._program or "rabbitmqctl", "--quiet", *command], check_rc=check_rc, data=""
        )
        return answer


def summary(to_do: Plan) -> dict[str, dict[str, list[str]]]:
    """Return the names of all that is changed."""
    granted = {permission["user"] for permission in to_do.imported["permissions"]}
    return {
        "users": {
            "imported": sorted(granted | {user["name"] for user in to_do.imported["users"]}),
            "removed": to_do.removed_users,
        },
        "vhosts": {
            "imported": sorted(vhost["name"] for vhost in to_do.imported["vhosts"]),
            "removed": to_do.removed_vhosts,
        },
    }


def difference(to_do: Plan) -> dict[str, str]:
    """Return what is shown of the changes."""
    found = summary(to_do)
    lines = {
        part: "".join(f"{kind[:-1]} {name}\n" for kind in found for name in found[kind][part])
        for part in ("imported", "removed")
    }
    return {"before": lines["removed"], "after": lines["imported"]}


if __name__ == "__main__":
    main()
