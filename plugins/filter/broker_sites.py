"""The filter ``galaxyops.pulsar.broker_sites``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils.broker_site import BrokerSiteError, broker_sites

DOCUMENTATION = """
name: broker_sites
short_description: Say which servers meet Galaxy at a message broker, and under which names
version_added: 0.1.0
author: The galaxyops.pulsar contributors (@galaxyops)
description:
  - Returns one dictionary for each instance of the role pulsar whose transport is V(amqp), derived from
    C(pulsar_transport), C(pulsar_instances), C(pulsar_broker) and C(pulsar_state) of its host. What is
    absent has no site.
  - Virtual host and user at the broker are called like the host, or C(HOST-INSTANCE) if the instance has a
    name. Without C(pulsar_broker), the broker is the first one.
positional: hosts, brokers
options:
  _input:
    description: The variables of hosts by the hosts' names, such as C(hostvars).
    type: dict
    required: true
  hosts:
    description: The names of the hosts whose sites are returned.
    type: list
    elements: str
    required: true
  brokers:
    description: The names of all brokers, the hosts of the group C(pulsar_brokers).
    type: list
    elements: str
    required: true
"""

EXAMPLES = """
sites: "{{ hostvars | galaxyops.pulsar.broker_sites(groups.pulsar_hosts, groups.pulsar_brokers) }}"
"""

RETURN = """
_value:
  description: >-
    The sites, each with its C(host), its C(instance) (empty if that has no name), its C(name), its C(vhost)
    and C(user) at the broker, the name of the user's C(secret) for the lookup
    P(galaxyops.pulsar.pulsar_secrets#lookup), and the C(broker).
  type: list
  elements: dict
"""


def described_sites(
    variables: Mapping[str, Mapping[str, Any]], hosts: Iterable[str], brokers: Iterable[str]
) -> list[dict[str, str]]:
    """Return the sites as dictionaries."""
    try:
        return [site.described() for site in broker_sites(variables, hosts, list(brokers))]
    except BrokerSiteError as exc:
        raise AnsibleFilterError(str(exc)) from exc


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., list[dict[str, str]]]]:
        """Return the filter by its name."""
        return {"broker_sites": described_sites}
