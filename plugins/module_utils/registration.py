"""What Galaxy's job configuration has to say of a Pulsar server, derived from how that describes itself.

Private to the collection, for its filter on the control node. Parameters and their defaults are those that
Galaxy's Pulsar runners read: https://docs.galaxyproject.org/en/master/admin/jobs.html
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from .tpv_text import literal

PREFIX = "galaxy_endpoint_"
#: What the inventory may say of a server, and facts.
OF_SERVERS = ("state", "tools", "name", "params", "env", "metrics", "runner_params", "tpv")
FACTS = ("described", "leaving", "idle")
STATES = ("present", "drained", "absent")
FORMAT = 1

RUNNERS: Mapping[str, str] = {
    "http": "galaxy.jobs.runners.pulsar:PulsarRESTJobRunner",
    "amqp": "galaxy.jobs.runners.pulsar:PulsarMQJobRunner",
}
DEFAULT_MANAGER = "_default_"

#: What every environment says: Galaxy's paths hold nowhere else, and outputs that Galaxy expects in its own
#: working directory never arrive.
EVERYWHERE: Mapping[str, str] = {"rewrite_parameters": "true", "outputs_to_working_directory": "false"}
FILE_ACTIONS: Mapping[str, str] = {"http": "transfer", "amqp": "remote_transfer"}

#: What a Galaxy keeps of a message until the server has acknowledged it, and for how long it tries again.
ACKNOWLEDGED: Mapping[str, str] = {
    "amqp_acknowledge": "true",
    "amqp_ack_republish_time": "300",
    "amqp_publish_retry": "true",
    "amqp_publish_retry_max_retries": "60",
}

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9]+")

Settings = Mapping[str, Any]


class RegistrationError(Exception):
    """The inventory or a descriptor does not say enough, or says what cannot be meant."""


@dataclass(frozen=True)
class GalaxySide:
    """What the servers have to know of this Galaxy, and what it keeps for them."""

    url: str
    #: The account of all Galaxy's runners at the broker.
    user: str
    password: str
    #: The authorities that brokers' certificates are checked against; empty for those that the host trusts.
    ca_file: str
    #: Where messages wait for their acknowledgement.
    messages_dir: str
    #: Whether environments are read by Total Perspective Vortex, not by Galaxy.
    tpv: bool
    #: The names of its own variables, which servers may have from a group that they share.
    variables: Collection[str]


def registrations(
    variables: Mapping[str, Settings], hosts: Iterable[str], galaxy: GalaxySide
) -> list[dict[str, Any]]:
    """Return one registration for each manager of each server of *hosts*, given the variables of each.

    Raises RegistrationError for what cannot be registered.
    """
    found: dict[str, dict[str, Any]] = {}
    for host in hosts:
        for registration in _of_host(host, variables[host], galaxy):
            taken = found.setdefault(registration["name"], registration)
            if taken is not registration:
                raise RegistrationError(
                    f"{taken['host']} and {host} would both be {taken['name']} in Galaxy: set "
                    f"galaxy_endpoint_name of one of them"
                )
    return list(found.values())


def _of_host(host: str, variables: Settings, galaxy: GalaxySide) -> Iterator[dict[str, Any]]:
    _refuse_unknown(host, variables, galaxy)
    state = variables.get("galaxy_endpoint_state", "present")
    if state not in STATES:
        raise RegistrationError(
            f"galaxy_endpoint_state of {host} is {state!r}: set it to {', '.join(STATES)}"
        )
    described = {each["instance"]: each for each in variables.get("galaxy_endpoint_described") or ()}
    routed = variables.get("galaxy_endpoint_tools") or []
    for instance, settings in _instances(variables):
        gone = "absent" in (state, variables.get("pulsar_state"), settings.get("state"))
        managers = list(settings.get("managers") or variables.get("pulsar_managers") or {DEFAULT_MANAGER: {}})
        for manager in managers:
            name = _name(host, variables, instance, manager if len(managers) > 1 else DEFAULT_MANAGER)
            # A host's tools go to its first manager; a drained one gets no job any more.
            tools = [] if gone or state == "drained" else routed
            registration: dict[str, Any] = {
                "name": name,
                "host": host,
                "server": f"{host}/{instance}",
                "state": "absent" if gone else state,
                "tools": [{"id": id_, "environment": name} for id_ in tools],
            }
            routed = routed if gone else []
            if instance in described:
                registration |= _entries(name, described[instance], manager, variables, galaxy)
            yield registration


def _refuse_unknown(host: str, variables: Settings, galaxy: GalaxySide) -> None:
    known = {*(PREFIX + name for name in (*OF_SERVERS, *FACTS)), *galaxy.variables}
    for name in variables:
        if name.startswith(PREFIX) and name not in known:
            near = difflib.get_close_matches(name.removeprefix(PREFIX), OF_SERVERS, n=1)
            meant = f"did you mean {PREFIX}{near[0]}?" if near else "take it out"
            raise RegistrationError(f"{name} of {host} says nothing of a server: {meant}")


def _instances(variables: Settings) -> list[tuple[str, Settings]]:
    instances: Mapping[str, Any] = variables.get("pulsar_instances") or {"": {}}
    return [(name, overrides or {}) for name, overrides in sorted(instances.items())]


def _name(host: str, variables: Settings, instance: str, manager: str) -> str:
    """Return what Galaxy calls a manager of a server: one word, of what tells it from others."""
    first = variables.get("galaxy_endpoint_name") or f"pulsar_{host}"
    parts = (first, instance, "" if manager == DEFAULT_MANAGER else manager)
    return "_".join(_NOT_IN_NAMES.sub("_", part).strip("_") for part in parts if part)


def _entries(
    name: str, described: Settings, manager: str, variables: Settings, galaxy: GalaxySide
) -> dict[str, Any]:
    """Return the runner and the environment of one manager."""
    descriptor = described["descriptor"]
    if descriptor.get("format") != FORMAT:
        raise RegistrationError(
            f"the descriptor of {variables['inventory_hostname']} has format {descriptor.get('format')!r}, "
            f"and this collection reads {FORMAT}: use the same version of the collection for both sides"
        )
    transport = descriptor["transport"]
    runner, environment = (
        _over_broker(descriptor, manager, galaxy) if transport == "amqp" else _over_http(described, manager)
    )
    of_runner = variables.get("galaxy_endpoint_runner_params") or {}
    of_environment = variables.get("galaxy_endpoint_params") or {}
    metrics = variables.get("galaxy_endpoint_metrics")
    general = {"default_file_action": FILE_ACTIONS[transport], **EVERYWHERE}
    # What the inventory adds may be meant as an expression, and stays as it is.
    derived = {
        kind: {key: literal(value) if galaxy.tpv else value for key, value in environment[kind].items()}
        for kind in ("params", "secret_params")
    }
    return {
        "runner": {
            "id": name,
            "load": RUNNERS[transport],
            "params": {**runner["params"], **of_runner},
            "secret_params": runner["secret_params"],
        },
        "environment": {
            "id": name,
            "params": {**general, **derived["params"], **of_environment},
            "secret_params": derived["secret_params"],
            "env": variables.get("galaxy_endpoint_env") or [],
            **({"metrics": metrics} if metrics else {}),
        },
    }


def _over_http(described: Settings, manager: str) -> tuple[Settings, Settings]:
    of_manager = {} if manager == DEFAULT_MANAGER else {"manager": manager}
    return {"params": {}, "secret_params": {}}, {
        "params": {"url": described["descriptor"]["url"], **of_manager},
        "secret_params": {"private_token": described["token"]},
    }


def _over_broker(descriptor: Settings, manager: str, galaxy: GalaxySide) -> tuple[Settings, Settings]:
    if not galaxy.url:
        raise RegistrationError(
            "galaxy_endpoint_galaxy_url is not set: it is where servers at a broker fetch the files of their "
            "jobs from and send them to"
        )
    broker = descriptor["broker"]
    account = f"{quote(galaxy.user, safe='')}:{quote(galaxy.password, safe='')}"
    # No "?ssl=1": it would put aside the options that name the authority.
    url = f"amqps://{account}@{broker['host']}:{broker['port']}/{quote(broker['vhost'], safe='')}"
    params = {
        "amqp_connect_ssl_cert_reqs": "cert_required",
        **({"amqp_connect_ssl_ca_certs": galaxy.ca_file} if galaxy.ca_file else {}),
        **({"amqp_key_prefix": descriptor["amqp_key_prefix"]} if "amqp_key_prefix" in descriptor else {}),
        "galaxy_url": galaxy.url,
        "manager": manager,
        # On the runner: on an environment it is not looked at, and messages are not acknowledged.
        "persistence_directory": galaxy.messages_dir,
        **ACKNOWLEDGED,
    }
    return {"params": params, "secret_params": {"amqp_url": url}}, {
        "params": {"jobs_directory": descriptor["directories"]["staging"]},
        "secret_params": {},
    }
