"""The filter ``galaxyops.pulsar.instances``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

DOCUMENTATION = """
name: instances
short_description: Spell out the instances of the role pulsar
version_added: 0.1.0
author: The galaxyops.pulsar contributors (@galaxyops)
description:
  - Turns the variables of the role into one complete description for each instance, which is all that the
    tasks of the role look at. Without named instances there is one, made of the plain variables.
positional: address
options:
  _input:
    description: The variables of the role, without their prefix.
    type: dict
    required: true
  address:
    description: What the inventory reaches the host by; others do too, if the server listens everywhere.
    type: str
    required: true
"""

EXAMPLES = """
instances: "{{ settings | galaxyops.pulsar.instances('10.0.0.7') }}"
"""

RETURN = """
_value:
  description: One dictionary for each instance.
  type: list
  elements: dict
"""

#: Addresses that mean all addresses of a machine, each with the one that reaches it from itself.
WILDCARDS: Mapping[str, str] = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not listened on

#: The units that are enabled, and the one that a timer starts.
ENABLED = (".target", "-web.socket", "-web.service", "-agent.service", "-retention.timer")
RETENTION = "-retention.service"

Settings = Mapping[str, Any]


def instances(settings: Settings, address: str) -> list[dict[str, Any]]:
    """Return one complete description for each instance."""
    if not settings["instances"]:
        return [_instance("pulsar", "pulsar", settings["root"], settings, address)]
    return [
        _named(name, overrides or {}, settings, address)
        for name, overrides in sorted(settings["instances"].items())
    ]


def _named(name: str, overrides: Settings, settings: Settings, address: str) -> dict[str, Any]:
    home = f"{settings['root']}/instances/{name}"
    places = {
        "config_dir": f"{home}/config",
        "staging_dir": f"{home}/files/staging",
        "persistence_dir": f"{home}/files/persisted_data",
        "url": "",
    }
    # Absent is absent for all: an instance of a deployment that is removed cannot stay.
    state = {"state": "absent"} if settings["state"] == "absent" else {}
    return _instance(name, f"pulsar-{name}", home, {**settings, **places, **overrides, **state}, address)


def _instance(name: str, prefix: str, home: str, settings: Settings, address: str) -> dict[str, Any]:
    host, port = settings["host"], settings["port"]
    config = _config(settings, f"{_bracketed(host)}:{port}")
    configuration = {
        "config_file": f"{settings['config_dir']}/app.yml",
        "endpoint_file": f"{settings['config_dir']}/endpoint.json",
    }
    script = {
        "program": f"{home}/bin/pulsar-service",
        "log": f"{home}/log/server.log",
        "pid_file": f"{home}/run/server.pid",
    }
    token_file = f"{settings['config_dir']}/private_token"
    reached = f"http://{_bracketed(address if host in WILDCARDS else host)}:{port}/"
    return {
        "name": name,
        "prefix": prefix,
        "home": home,
        "state": settings["state"],
        "host": host,
        "port": port,
        "listen": config["web"]["bind"],
        "local_url": f"http://{_bracketed(WILDCARDS.get(host, host))}:{port}/",
        "url": settings["url"] or reached,
        "config": config,
        "config_dir": settings["config_dir"],
        **configuration,
        "token_file": token_file,
        "staging_dir": settings["staging_dir"],
        "persistence_dir": settings["persistence_dir"],
        "files": [*configuration.values(), *script.values()],
        "data": [settings["staging_dir"], settings["persistence_dir"], token_file],
        "writable": _writable(config),
        "web": f"{prefix}-web.service",
        "agent": f"{prefix}-agent.service",
        "socket": f"{prefix}-web.socket",
        "enabled": [f"{prefix}{unit}" for unit in ENABLED],
        "units": [f"{prefix}{unit}" for unit in (*ENABLED, RETENTION)],
        "open_files": settings["open_files"],
        "web_memory_max": settings["web_memory_max"],
        "agent_memory_max": settings["agent_memory_max"],
        **script,
    }


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _config(settings: Settings, bind: str) -> dict[str, Any]:
    """Return the server's configuration but for our own token: the host has its hash."""
    further = settings["yaml_config"]
    limits = {"days": settings["retention_days"], "minimum_free_mb": settings["minimum_free_mb"]}
    retention = {key: value for key, value in limits.items() if value}
    return {
        "staging_directory": settings["staging_dir"],
        "persistence_directory": settings["persistence_dir"],
        "managers": settings["managers"],
        **({"retention": retention} if retention else {}),
        **further,
        # What the role itself relies on cannot be overridden.
        "web": {**further.get("web", {}), "bind": bind},
    }


def _writable(config: Settings) -> list[str]:
    """Return every directory that the server writes to."""
    places = [config["staging_directory"], config["persistence_directory"], config.get("file_cache_dir")]
    places += [(manager or {}).get("staging_directory") for manager in config["managers"].values()]
    return sorted({place for place in places if place})


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[[Settings, str], list[dict[str, Any]]]]:
        """Return the filter by its name."""
        return {"instances": instances}
