"""The filter ``galaxyops.pulsar.variable_problems``."""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import combinations
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ..module_utils.real_users import real_user_managers

DOCUMENTATION = """
name: variable_problems
short_description: Tell what is wrong with the variables of the role pulsar
version_added: 0.1.0
author: The galaxyops.pulsar contributors (@galaxyops)
description:
  - Returns one sentence for each variable, or setting of an instance, that is unknown, of the wrong type, or
    in contradiction to another one. Each says what to do.
positional: names, options
options:
  _input:
    description: The variables of the role with their values, without their prefix.
    type: dict
    required: true
  names:
    description: The names of all variables that have the role's prefix, known or not.
    type: list
    elements: str
    required: true
  options:
    description: The role's argument specification.
    type: dict
    required: true
"""

EXAMPLES = """
# -> ["pulsar_prot is not a variable of this role: did you mean pulsar_port?"]
problems: "{{ settings | galaxyops.pulsar.variable_problems(['pulsar_prot'], options) }}"
"""

RETURN = """
_value:
  description: One sentence for each problem.
  type: list
  elements: str
"""

#: What one instance may have for itself; everything else holds for all of them.
OF_INSTANCE = (
    "agent_memory_max",
    "config_dir",
    "environment",
    "host",
    "managers",
    "minimum_free_mb",
    "open_files",
    "persistence_dir",
    "port",
    "retention_days",
    "staging_dir",
    "state",
    "transport",
    "url",
    "web_memory_max",
    "yaml_config",
)

#: What the lookup pulsar_secrets reads, for all roles.
OF_COLLECTION = ("pulsar_secrets_file", "pulsar_secrets_lookup")

#: Only a server that listens does something about these.
OF_LISTENERS = ("host", "port", "url", "web_memory_max")

#: What the role says about the broker itself.
OF_BROKERS = ("amqp_connect_ssl_ca_certs", "message_queue_url", "message_queue_url_file")

#: Keys of the server's configuration that have a variable of their own.
HAVE_VARIABLES: Mapping[str, str] = {
    "managers": "managers",
    "persistence_directory": "persistence_dir",
    "retention": "retention_days and {prefix}minimum_free_mb",
    "staging_directory": "staging_dir",
}

#: Only a service manager does something about these.
OF_SERVICE_MANAGERS = ("agent_memory_max", "minimum_free_mb", "retention_days", "web_memory_max")

#: The name becomes part of file names and of the names of units.
INSTANCE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")

#: What a shell takes for the name of a variable.
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

#: systemd.resource-control(5) on MemoryMax.
MEMORY = re.compile(r"[0-9]+[KMGT]?|(100|[0-9]{1,2})%|infinity")

#: What may stand in a unit file as it is.
PLAIN_PATH = re.compile(r"/[A-Za-z0-9._/+@:,=~-]*")

#: The system's own users and groups, and those of directory services.
ACCOUNT = re.compile(r"[A-Za-z_][A-Za-z0-9_.@-]*")

Settings = Mapping[str, Any]


def variable_problems(settings: Settings, names: Iterable[str], options: Settings) -> list[str]:
    """Return one sentence for each problem."""
    return [
        *_unknown(names, [*options, *OF_COLLECTION], "a variable of this role", ""),
        *_of_installation(settings),
        *(_of_instances if settings["instances"] else _of_only_instance)(settings, options),
    ]


def _unknown(names: Iterable[str], known: list[str], what: str, prefix: str) -> Iterator[str]:
    for name in sorted(set(names) - set(known)):
        near = difflib.get_close_matches(name, known, n=1)
        advice = f"did you mean {prefix}{near[0]}?" if near else "remove it, or give it another prefix"
        yield f"{prefix}{name} is not {what}: {advice}"


def _of_installation(settings: Settings) -> Iterator[str]:
    if not settings["root"].startswith("/"):
        yield f"pulsar_root is {settings['root']!r}: set it to the absolute path of a directory"
    if settings["install_from"] == "wheelhouse" and not settings["wheelhouse_dir"]:
        yield (
            "pulsar_wheelhouse_dir is not set: name the directory that galaxyops.pulsar.wheelhouse filled, "
            "or set pulsar_install_from to index"
        )
    if settings["keep_releases"] < 1:
        yield "pulsar_keep_releases is less than 1: the release in use is always kept"
    if settings["service"] == "system":
        for name in ("user", "group", "privsep_user"):
            if not ACCOUNT.fullmatch(settings[name]):
                yield f"pulsar_{name} is {settings[name]!r}: set it to the name of an account"
        if settings["user"] == settings["privsep_user"]:
            yield "pulsar_privsep_user is pulsar_user: the server must not own its code and configuration"


def _of_only_instance(settings: Settings, options: Settings) -> Iterator[str]:
    yield from _of_instance(settings, "pulsar_")
    chosen = [name for name in OF_LISTENERS if settings[name] != options[f"pulsar_{name}"]["default"]]
    yield from _of_transport(settings, chosen, "pulsar_")


def _of_instances(settings: Settings, options: Settings) -> Iterator[str]:
    for name in ("config_dir", "persistence_dir", "staging_dir", "url"):
        if settings[name] != options[f"pulsar_{name}"]["default"].replace(
            "{{ pulsar_root }}", settings["root"]
        ):
            yield f"pulsar_{name} has no effect beside pulsar_instances: set {name} of each that needs it"
    sound: dict[str, Settings] = {}
    for name, overrides in settings["instances"].items():
        problems = _of_overrides(name, overrides or {}, options)
        yield from problems
        if not problems:
            sound[name] = {**settings, **(overrides or {})}
            prefix = f"pulsar_instances.{name}."
            yield from _of_instance(sound[name], prefix)
            yield from _of_transport(sound[name], overrides or {}, prefix)
    yield from _clashes(sound, settings)


def _of_overrides(name: str, overrides: object, options: Settings) -> list[str]:
    """Return what is wrong with the settings of one instance before anybody looks at their meaning."""
    if not INSTANCE_NAME.fullmatch(name):
        return [f"pulsar_instances.{name}: name it with at most 32 small letters, digits, - and _"]
    if not isinstance(overrides, Mapping):
        return [f"pulsar_instances.{name} is {overrides!r}: give its settings, or {{}} for none"]
    prefix = f"pulsar_instances.{name}."
    problems = list(_unknown(overrides, list(OF_INSTANCE), "a setting of an instance", prefix))
    kinds = {key: {**options[f"pulsar_{key}"], "default": None} for key in OF_INSTANCE if key in overrides}
    checked = ArgumentSpecValidator(
        {
            key: {part: value for part, value in kind.items() if part in ("type", "choices")}
            for key, kind in kinds.items()
        }
    ).validate({key: overrides[key] for key in kinds})
    return problems + [f"pulsar_instances.{name}: {message}" for message in checked.error_messages]


def _of_instance(settings: Settings, prefix: str) -> Iterator[str]:
    """Tell what is wrong with the settings of one instance, all of which have the right type."""
    if not 0 < settings["port"] < 65536:  # noqa: PLR2004 - what TCP has
        yield f"{prefix}port is {settings['port']}: choose one from 1 to 65535"
    further = settings["yaml_config"]
    for key in sorted(HAVE_VARIABLES.keys() & further):
        cure = HAVE_VARIABLES[key].format(prefix=prefix)
        yield f"{prefix}yaml_config.{key} is the role's own: set {prefix}{cure}"
    if "bind" in (further.get("web") or {}):
        yield f"{prefix}yaml_config.web.bind is the role's own: set {prefix}host and {prefix}port"
    yield from _of_environment(settings["environment"], prefix)
    if settings["service"] != "system":
        for name in real_user_managers(settings["managers"]):
            yield (
                f"{prefix}managers.{name} runs jobs as their users, which takes root: set pulsar_service to "
                "system, or have jobs run as the server's user"
            )
    yield from (_of_script if settings["service"] == "script" else _of_units)(settings, prefix)


def _of_environment(environment: Settings, prefix: str) -> Iterator[str]:
    for name, value in environment.items():
        if not VARIABLE.fullmatch(str(name)):
            yield f"{prefix}environment.{name}: a variable's name has letters, digits and _, no digit first"
        if not isinstance(value, (str, int)) or isinstance(value, bool) or not str(value).isprintable():
            yield f"{prefix}environment.{name} is {value!r}: set it to a text of one line"


def _of_transport(settings: Settings, chosen: Iterable[str], prefix: str) -> Iterator[str]:
    """Tell what of the settings that were chosen, and of the configuration, a broker leaves no room for."""
    if settings["transport"] != "amqp":
        return
    for name in OF_LISTENERS:
        if name in chosen:
            yield f"{prefix}{name} has no effect with {prefix}transport amqp, which has no port: remove it"
    for key in OF_BROKERS:
        if key in settings["yaml_config"]:
            yield (
                f"{prefix}yaml_config.{key} is the role's own with {prefix}transport amqp: remove it, or set "
                "that to http"
            )


def _of_script(settings: Settings, prefix: str) -> Iterator[str]:
    for name in OF_SERVICE_MANAGERS:
        if settings[name]:
            yield f"{prefix}{name} has no effect with pulsar_service: script, which has no service manager"


def _of_units(settings: Settings, prefix: str) -> Iterator[str]:
    """Tell which settings cannot be written into units."""
    if not _is_address(settings["host"]):
        yield f"{prefix}host is {settings['host']!r}: set it to an IP address, such as 0.0.0.0 for all"
    for name in ("agent_memory_max", "web_memory_max"):
        if settings[name] and not MEMORY.fullmatch(settings[name]):
            yield f"{prefix}{name} is {settings[name]!r}: set it to an amount such as 2G, or 50%"
    for name in ("config_dir", "persistence_dir", "root", "staging_dir", "venv_dir"):
        if settings["root"] and not PLAIN_PATH.fullmatch(settings[name]):
            yield (
                f"{prefix}{name} is {settings[name]!r}: unit files take absolute paths of letters, digits "
                "and the characters ._/+@:,=~- alone"
            )


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _clashes(instances: Mapping[str, Settings], settings: Settings) -> Iterator[str]:
    """Tell which instances would be in each other's way."""
    for (one, first), (other, second) in combinations(sorted(instances.items()), 2):
        both = f"pulsar_instances.{one} and pulsar_instances.{other}"
        listen = first["transport"] == second["transport"] == "http"
        if listen and first["port"] == second["port"] and _meet(first["host"], second["host"]):
            yield f"{both} both listen on port {first['port']}: give each a port of its own"
        for name in ("config_dir", "persistence_dir", "staging_dir"):
            # The directories that an instance has by itself are its own.
            if first[name] == second[name] != settings[name]:
                yield f"{both} share the {name} {first[name]}: give each its own"


def _meet(one: str, other: str) -> bool:
    return one == other or bool({"0.0.0.0", "::"} & {one, other})  # noqa: S104 - compared, not listened on


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[[Settings, Iterable[str], Settings], list[str]]]:
        """Return the filter by its name."""
        return {"variable_problems": variable_problems}
