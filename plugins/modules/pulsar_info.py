# Copyright: The galaxyops.pulsar contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module ``galaxyops.pulsar.pulsar_info``."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pulsar_info
short_description: Look at a Pulsar server
version_added: 0.1.0
author: The galaxyops.pulsar contributors (@galaxyops)
description:
  - Reads the endpoint descriptor that the role C(pulsar) leaves on its host, looks at the releases that are
    installed there, and asks the server whether it is ready.
  - A server that meets Galaxy at a message broker is ready when it is connected there; finding out takes root
    or the server's user.
  - A server that does not answer is no failure; RV(problem) says what is the matter.
extends_documentation_fragment: [galaxyops.pulsar.endpoint, galaxyops.pulsar.endpoint.connection]
options:
  path:
    description:
      - The endpoint descriptor, on the host that the module runs on. Either this or O(url) is needed.
      - Its C(token_file) is used if neither O(token) nor O(token_file) is given.
    type: path
  url:
    description:
      - Where the server is, with the path that it is below, if any; in place of what the descriptor says.
    type: str
attributes:
  check_mode:
    description: Can run in check mode and change nothing.
    support: full
    details: Nothing is ever changed.
  diff_mode:
    description: Returns what has changed.
    support: N/A
    details: Nothing is ever changed.
  idempotent:
    description: A second run leaves everything as the first one left it.
    support: full
    details: Nothing is ever changed.
seealso:
  - module: galaxyops.pulsar.pulsar_job
"""

EXAMPLES = r"""
- name: Look at the server that was deployed to a host
  galaxyops.pulsar.pulsar_info:
    path: /srv/pulsar/config/endpoint.json
  register: pulsar

- name: Look at a server from elsewhere
  galaxyops.pulsar.pulsar_info:
    url: https://pulsar.example.org/
    token: "{{ vault_pulsar_token }}"
"""

RETURN = r"""
current_release:
  description: The release in use.
  returned: if O(path) is given and there are releases above it
  type: str
  sample: 0.1.0-py3.13-6f1b2c3d4e5f
descriptor:
  description: The endpoint descriptor. It holds no secret.
  returned: if O(path) is given
  type: dict
managers:
  description: The names of the managers.
  returned: if O(path) is given
  type: list
  elements: str
  sample: [_default_]
problem:
  description: Why the server is not ready, or its version not known.
  returned: if something is the matter
  type: str
ready:
  description: Whether a job would be run now.
  returned: always
  type: bool
releases:
  description: The complete releases that are kept on the host, by name.
  returned: if O(path) is given and there are releases above it
  type: list
  elements: str
  sample: [0.1.0-py3.13-6f1b2c3d4e5f]
url:
  description: Where the server was asked.
  returned: if it has a URL
  type: str
  sample: http://127.0.0.1:8913/
version:
  description: The version that the server says it has.
  returned: if it accepts the token
  type: str
  sample: 0.16.0+runtime.0.1.0
"""

import os
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.descriptor import DescriptorError, read_descriptor
from ..module_utils.endpoint import ARGUMENTS, EndpointError, endpoint_of, token_of
from ..module_utils.local_runtime import LocalRuntime, RuntimeFailed


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={"path": {"type": "path"}, "url": {"type": "str"}, **ARGUMENTS},
        required_one_of=[("path", "url")],
        mutually_exclusive=[("token", "token_file")],
        supports_check_mode=True,
    )
    found: dict[str, Any] = {"changed": False, "ready": False}
    path = module.params["path"]
    if path:
        try:
            descriptor = read_descriptor(path)
        except DescriptorError as exc:
            module.fail_json(msg=str(exc))
        found.update(descriptor=descriptor, managers=descriptor["managers"], **releases_above(path))
        if descriptor["transport"] == "amqp" and not module.params["url"]:
            module.exit_json(**{**found, **at_broker(module, descriptor)})
        if not module.params["token"] and not module.params["token_file"]:
            module.params["token_file"] = descriptor.get("token_file")
    url = module.params["url"] or found["descriptor"]["url"]
    try:
        # Anybody may ask this, and not everybody can read the token.
        endpoint_of(module, url, None).ask("GET", "/readyz")
        found["ready"] = True
        found["version"] = (
            endpoint_of(module, url, token_of(module)).ask_json("GET", "/healthz").get("version")
        )
    except EndpointError as exc:
        found["problem"] = str(exc)
    module.exit_json(url=url, **found)


def at_broker(module: AnsibleModule, descriptor: Mapping[str, Any]) -> dict[str, Any]:
    """Return whether the server of this host is connected to its broker, and why not if it is not."""
    words = ("check", "--dry-run", "--timeout", str(module.params["timeout"]))
    try:
        answer = LocalRuntime(module, descriptor).ask(*words, "--manager", descriptor["managers"][0])
    except RuntimeFailed as exc:
        return {"problem": str(exc)}
    return {"ready": True} if answer["ok"] else {"problem": f"{answer['phase']}: {answer['error']}"}


def releases_above(path: str) -> dict[str, Any]:
    """Return the releases of the deployment that a descriptor belongs to.

    Every instance of a host has its descriptor somewhere below the directory that holds the releases.
    """
    directory = os.path.dirname(os.path.abspath(path))
    while not os.path.isdir(os.path.join(directory, "releases")):
        if directory == os.path.dirname(directory):
            return {}
        directory = os.path.dirname(directory)
    releases = os.path.join(directory, "releases")
    current = os.path.join(directory, "current")
    return {
        "releases": sorted(
            name for name in os.listdir(releases) if os.path.exists(os.path.join(releases, name, "complete"))
        ),
        "current_release": os.path.basename(os.path.realpath(current)) if os.path.lexists(current) else None,
    }


if __name__ == "__main__":
    main()
