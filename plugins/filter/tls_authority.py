"""The filter ``galaxyops.pulsar.tls_authority``."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils.beside_inventory import NoInventoryFileError, beside_inventory

DOCUMENTATION = """
name: tls_authority
short_description: Say what the clients of a host have to trust, given its variables of the role tls
version_added: 0.1.0
author: The galaxyops.pulsar contributors (@galaxyops)
description:
  - Returns the path of a file on the control node, the certificate of the authority that vouches for the
    host. It is empty if every system trusts that authority anyway.
  - Looks at C(tls_source), C(tls_ca_dir), C(tls_ca_file) and C(pulsar_secrets_file), and at where the
    inventory is. The private authority is kept in the directory C(pulsar_ca) beside the secrets.
options:
  _input:
    description: The variables of the host, such as C(hostvars.broker).
    type: dict
    required: true
"""

EXAMPLES = """
ca_file: "{{ hostvars[broker] | galaxyops.pulsar.tls_authority }}"
"""

RETURN = """
_value:
  description: The path of a file on the control node, or nothing.
  type: str
"""

DIRECTORY = "pulsar_ca"


def tls_authority(variables: Mapping[str, Any]) -> str:
    """Return the path of the authority's certificate."""
    source = variables.get("tls_source", "private_ca")
    if source == "files":
        return str(variables.get("tls_ca_file", ""))
    if source != "private_ca":
        return ""
    return os.path.join(variables.get("tls_ca_dir") or _beside_secrets(variables), "ca.pem")


def _beside_secrets(variables: Mapping[str, Any]) -> str:
    if secrets := variables.get("pulsar_secrets_file"):
        return os.path.join(os.path.dirname(secrets), DIRECTORY)
    try:
        return beside_inventory(variables.get("ansible_inventory_sources"), DIRECTORY)
    except NoInventoryFileError as exc:
        raise AnsibleFilterError(f"{exc}: set tls_ca_dir to an absolute path") from exc


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[[Mapping[str, Any]], str]]:
        """Return the filter by its name."""
        return {"tls_authority": tls_authority}
