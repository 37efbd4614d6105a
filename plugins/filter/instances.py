"""The filter ``galaxyops.pulsar.instances``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..module_utils.real_users import launcher_grant, real_user_managers

DOCUMENTATION = """
name: instances
short_description: Spell out the instances of the role pulsar
version_added: 0.1.0
author: The galaxyops.pulsar contributors (@galaxyops)
description:
  - Turns the variables of the role into one complete description for each instance, which is all that the
    tasks of the role look at. Without named instances there is one, made of the plain variables.
positional: address, sites
options:
  _input:
    description: The variables of the role, without their prefix.
    type: dict
    required: true
  address:
    description: What the inventory reaches the host by; others do too, if the server listens everywhere.
    type: str
    required: true
  sites:
    description:
      - What P(galaxyops.pulsar.broker_sites#filter) says of the instances whose transport is V(amqp), each
        with its C(ca), a file on the control node with what the broker's clients trust; empty for what the
        host trusts.
    type: list
    elements: dict
    default: []
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

#: The units that are enabled, by transport, and the one that a timer starts.
ENABLED: Mapping[str, tuple[str, ...]] = {
    "http": (".target", "-web.socket", "-web.service", "-agent.service", "-retention.timer"),
    "amqp": (".target", "-agent.service", "-retention.timer"),
}
RETENTION = "-retention.service"

Settings = Mapping[str, Any]


def instances(settings: Settings, address: str, sites: Sequence[Settings] = ()) -> list[dict[str, Any]]:
    """Return one complete description for each instance."""
    of_all = {**settings, "address": address}
    site_of = {site["instance"]: site for site in sites}
    if not settings["instances"]:
        return [_instance("pulsar", "pulsar", settings["root"], {**of_all, "site": site_of.get("")})]
    return [
        _named(name, {**of_all, "site": site_of.get(name)}, overrides or {})
        for name, overrides in sorted(settings["instances"].items())
    ]


def _named(name: str, settings: Settings, overrides: Settings) -> dict[str, Any]:
    home = f"{settings['root']}/instances/{name}"
    places = {
        "config_dir": f"{home}/config",
        "staging_dir": f"{home}/files/staging",
        "persistence_dir": f"{home}/files/persisted_data",
        "url": "",
    }
    # Absent is absent for all: an instance of a deployment that is removed cannot stay.
    state = {"state": "absent"} if settings["state"] == "absent" else {}
    return _instance(name, f"pulsar-{name}", home, {**settings, **places, **overrides, **state})


def _instance(name: str, prefix: str, home: str, settings: Settings) -> dict[str, Any]:
    transport = settings["transport"]
    by_broker = transport == "amqp"
    broker = {
        "broker_url_file": f"{settings['config_dir']}/broker_url",
        "broker_ca_file": f"{settings['config_dir']}/ca.pem",
    }
    of_broker = _of_broker(settings, broker) if by_broker and settings["site"] else {}
    config = _config(settings, of_broker or {"web": _web(settings)})
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
    units = [*ENABLED[transport], RETENTION]
    return {
        "name": name,
        "prefix": prefix,
        "home": home,
        "state": settings["state"],
        "transport": transport,
        **({"site": settings["site"]} if by_broker else _address(settings)),
        "config": config,
        "config_dir": settings["config_dir"],
        **configuration,
        **broker,
        # What the server is restarted for when it changes.
        "sources": [configuration["config_file"], *of_broker.values()],
        "token_file": token_file,
        "staging_dir": settings["staging_dir"],
        "persistence_dir": settings["persistence_dir"],
        "files": [*configuration.values(), *broker.values(), *script.values()],
        # What the other transport needed, its secret above all.
        "outdated": [
            *(path for path in broker.values() if path not in of_broker.values()),
            *([token_file] if by_broker else []),
        ],
        "data": [settings["staging_dir"], settings["persistence_dir"], token_file],
        "writable": _writable(config),
        "real_users": settings["state"] != "absent" and bool(real_user_managers(config["managers"])),
        "launcher": _launcher(config, settings),
        "environment": [f"{name}={value}" for name, value in sorted(settings["environment"].items())],
        "web": f"{prefix}-web.service",
        "agent": f"{prefix}-agent.service",
        "socket": f"{prefix}-web.socket",
        "enabled": [f"{prefix}{unit}" for unit in ENABLED[transport]],
        "units": [f"{prefix}{unit}" for unit in units],
        "outdated_units": [f"{prefix}{unit}" for unit in ENABLED["http"] if unit not in units],
        "open_files": settings["open_files"],
        "web_memory_max": settings["web_memory_max"],
        "agent_memory_max": settings["agent_memory_max"],
        **script,
    }


def _address(settings: Settings) -> dict[str, Any]:
    """Return where a server listens, and where it is reached from its host and from elsewhere."""
    host, port = settings["host"], settings["port"]
    reached = f"http://{_bracketed(settings['address'] if host in WILDCARDS else host)}:{port}/"
    return {
        "host": host,
        "port": port,
        "listen": _web(settings)["bind"],
        "local_url": f"http://{_bracketed(WILDCARDS.get(host, host))}:{port}/",
        "url": settings["url"] or reached,
    }


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _web(settings: Settings) -> dict[str, Any]:
    bind = f"{_bracketed(settings['host'])}:{settings['port']}"
    return {**settings["yaml_config"].get("web", {}), "bind": bind}


def _of_broker(settings: Settings, files: Mapping[str, str]) -> dict[str, Any]:
    """Return how the agent finds the broker; with a file for the authorities, the system's do not count."""
    url = {"message_queue_url_file": files["broker_url_file"]}
    return {**url, "amqp_connect_ssl_ca_certs": files["broker_ca_file"]} if settings["site"]["ca"] else url


def _config(settings: Settings, transport: Settings) -> dict[str, Any]:
    """Return the server's configuration but for our own token: the host has its hash."""
    limits = {"days": settings["retention_days"], "minimum_free_mb": settings["minimum_free_mb"]}
    retention = {key: value for key, value in limits.items() if value}
    return {
        "staging_directory": settings["staging_dir"],
        "persistence_directory": settings["persistence_dir"],
        "managers": settings["managers"],
        **({"retention": retention} if retention else {}),
        **settings["yaml_config"],
        # What the role itself relies on cannot be overridden.
        **transport,
    }


def _writable(config: Settings) -> list[str]:
    """Return every directory that the server writes to."""
    places = {config["persistence_directory"], config.get("file_cache_dir"), *_staging(config)}
    return sorted(place for place in places if place)


def _staging(config: Settings) -> set[str]:
    """Return where job directories are."""
    places = [(manager or {}).get("staging_directory") for manager in config["managers"].values()]
    return {place for place in [config["staging_directory"], *places] if place}


def _launcher(config: Settings, settings: Settings) -> dict[str, Any] | None:
    """Return what root does for this instance, if its jobs run as their users."""
    if settings["service"] != "system" or settings["state"] == "absent":
        return None
    return launcher_grant(
        config["managers"],
        agent=settings["user"],
        staging=_staging(config),
        environment=settings["environment"],
        python=settings["python"],
    )


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., list[dict[str, Any]]]]:
        """Return the filter by its name."""
        return {"instances": instances}
