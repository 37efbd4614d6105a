"""The filter ``galaxyops.pulsar.role_settings``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

DOCUMENTATION = """
name: role_settings
short_description: Give the variables of the role pulsar the types of its specification
version_added: 0.1.0
author: The galaxyops.pulsar contributors (@galaxyops)
description:
  - Ansible checks that a variable of a role can be read as its type, and leaves it as it is. With C(-e) on
    the command line everything is text, and the text C(false) is true.
  - Returns the variables without their prefix, in their types; those of instances too. A value that cannot be
    read as its type stays as it is.
positional: options
options:
  _input:
    description: The variables of the role by name, with their prefix.
    type: dict
    required: true
  options:
    description: The role's argument specification.
    type: dict
    required: true
"""

EXAMPLES = """
# -> {"create_user": false, "instances": {"one": {"port": 8914}}}
settings: "{{ {'pulsar_create_user': 'false', 'pulsar_instances': {'one': {'port': '8914'}}}
  | galaxyops.pulsar.role_settings(options) }}"
"""

RETURN = """
_value:
  description: The variables without their prefix.
  type: dict
"""

PREFIX = "pulsar_"

Settings = Mapping[str, Any]


def role_settings(values: Settings, options: Settings) -> dict[str, Any]:
    """Return the variables without their prefix, in their types."""
    settings = {name.removeprefix(PREFIX): value for name, value in values.items()}
    settings = _typed(settings, options)
    instances = settings.get("instances")
    if isinstance(instances, Mapping):
        settings["instances"] = {
            name: _typed(chosen, options) if isinstance(chosen, Mapping) else chosen
            for name, chosen in instances.items()
        }
    return settings


def _typed(settings: Settings, options: Settings) -> dict[str, Any]:
    specification = {
        name: {"type": options[PREFIX + name]["type"]} for name in settings if PREFIX + name in options
    }
    known = {name: value for name, value in settings.items() if name in specification and value is not None}
    read: dict[str, Any] = ArgumentSpecValidator(specification).validate(known).validated_parameters
    return {name: read.get(name, value) for name, value in settings.items()}


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[[Settings, Settings], dict[str, Any]]]:
        """Return the filter by its name."""
        return {"role_settings": role_settings}
