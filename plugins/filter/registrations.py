"""The filter ``galaxyops.pulsar.registrations``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils.registration import GalaxySide, RegistrationError, registrations

DOCUMENTATION = """
name: registrations
short_description: Say what Galaxy's job configuration has to hold for each server
version_added: 0.1.0
author: The galaxyops.pulsar contributors (@galaxyops)
description:
  - Returns one registration for each manager of each server, made of what the server says of itself (its
    endpoint descriptor) and of the variables C(galaxy_endpoint_*) of its host.
  - A registration is called C(pulsar_HOST), followed by the instance and the manager where there are several;
    C(galaxy_endpoint_name) of the host takes the place of C(pulsar_HOST).
positional: hosts, galaxy
options:
  _input:
    description: The variables of hosts by the hosts' names, such as C(hostvars).
    type: dict
    required: true
  hosts:
    description: The names of the hosts whose servers are registered.
    type: list
    elements: str
    required: true
  galaxy:
    description: This Galaxy.
    type: dict
    required: true
    suboptions:
      url:
        description: Where servers at a broker reach Galaxy; may be empty if there are none.
        type: str
        required: true
      user:
        description: Galaxy's account at the broker.
        type: str
        required: true
      password:
        description: Its password; may be empty if no server is at a broker.
        type: str
        required: true
      ca_file:
        description: The authorities of brokers' certificates on Galaxy's host; empty for those it trusts.
        type: str
        required: true
      messages_dir:
        description: Where Galaxy keeps messages until they are acknowledged.
        type: str
        required: true
      tpv:
        description: >-
          Whether environments are destinations of Total Perspective Vortex. It takes texts for formatted
          strings, so what means more in those is escaped.
        type: bool
        required: true
      variables:
        description: The names of its own variables; others are refused where they are no server's.
        type: list
        elements: str
        required: true
"""

EXAMPLES = """
registered: "{{ hostvars | galaxyops.pulsar.registrations(groups.pulsar_hosts, galaxy) }}"
"""

RETURN = """
_value:
  description: >-
    The registrations, each with its C(name), C(host), C(server) (C(HOST/INSTANCE)) and C(state), the C(tools)
    that go there (C(id), C(environment)), and, if the server describes itself, its C(runner) and its
    C(environment), as M(galaxyops.pulsar.job_conf_endpoint) takes them. They hold secrets.
  type: list
  elements: dict
"""


def registered(
    variables: Mapping[str, Mapping[str, Any]], hosts: Iterable[str], galaxy: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return the registrations of *hosts*."""
    try:
        return registrations(variables, hosts, GalaxySide(**galaxy))
    except RegistrationError as exc:
        raise AnsibleFilterError(str(exc)) from exc


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., list[dict[str, Any]]]]:
        """Return the filter by its name."""
        return {"registrations": registered}
