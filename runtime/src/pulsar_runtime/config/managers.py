"""Read one manager: its ``type`` says which settings it has, the top level fills in what it leaves out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import attrs

from pulsar_runtime.config.kind import BadValueError
from pulsar_runtime.config.manager_places import Declaration
from pulsar_runtime.config.near_match import near_match
from pulsar_runtime.config.option import options
from pulsar_runtime.config.origin import Origin
from pulsar_runtime.config.reading import Reading, below
from pulsar_runtime.config.reference_keys import REFERENCE_MANAGER_TYPES
from pulsar_runtime.config.schema import MANAGER_TYPES, Config, JobSettings, ManagerConfig, QueuedPython
from pulsar_runtime.config.token_kinds import parse_name
from pulsar_runtime.domain.ids import ManagerName

#: Keys that begin so name environment variables of jobs.
ENVIRONMENT_PREFIX = "env_"

DEFAULT_TYPE = QueuedPython.type

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_TOP_LEVEL = "to the top level of the file"
#: Where keys belong that are no manager's.
_ELSEWHERE: Mapping[str, str] = {
    **{attribute.name: _TOP_LEVEL for attribute in attrs.fields(Config)},
    "name": "to managers, as the key before the manager: managers: {NAME: {type: ...}}",
}


@attrs.frozen
class NamedManager:
    """A manager, its name, where it was declared, and which of its keys were given there."""

    name: ManagerName
    manager: ManagerConfig
    origin: Origin
    given: frozenset[str]


def read_manager(declaration: Declaration, top: Mapping[str, Any], reading: Reading) -> NamedManager | None:
    """Read a manager; *top* holds the arguments of the top level, which it falls back to."""
    path = declaration.path
    try:
        name = ManagerName(parse_name(declaration.name))
    except BadValueError as error:
        reading.problem(path, f"the name {error}")
        return None
    given = reading.mapping(declaration.given, path)
    settings = _settings(given.get("type"), below(path, "type"), reading)
    if settings is None:
        return None
    environment = _environment(given, path, reading)
    variables = [key for key in given if key.startswith(ENVIRONMENT_PREFIX)]
    named = [key.name for key in options(settings)]
    families: dict[str, Any] = {
        attribute: _family(prefix, {key: given[key] for key in given if key not in named}, path, reading)
        for prefix, attribute in settings.families.items()
    }
    members = [key for key in given if key.startswith(tuple(settings.families))]
    reading.judge(given, path, [*named, "type", *variables, *members], _ELSEWHERE)
    own = reading.arguments(settings, given, path)
    if any(key.required and key.name not in own for key in options(settings)):
        return None
    common = {key.name: top[key.name] for key in options(JobSettings) if key.name in top}
    manager = settings(**{**common, **own}, environment=environment, **families)
    return NamedManager(name, manager, reading.origin(path), frozenset(own))


def _settings(given: object, path: str, reading: Reading) -> type[ManagerConfig] | None:
    name = DEFAULT_TYPE if given is None else given
    if isinstance(name, str) and name in MANAGER_TYPES:
        return MANAGER_TYPES[name]
    known = ", ".join(MANAGER_TYPES)
    if name in REFERENCE_MANAGER_TYPES:
        reading.problem(
            path,
            f"{name!r} is known to the reference server, not implemented in this release; this has {known}",
        )
    else:
        hint = near_match(str(name), [*MANAGER_TYPES, *REFERENCE_MANAGER_TYPES])
        reading.problem(path, f"unknown manager type {str(name)!r}; known: {known}{hint}")
    return None


def _family(prefix: str, given: Mapping[str, object], path: str, reading: Reading) -> dict[str, str]:
    """Return what the keys that begin with *prefix* give, without it; only a manager can judge the rest."""
    members: dict[str, str] = {}
    for key, value in given.items():
        if not key.startswith(prefix) or value is None:
            continue
        if isinstance(value, bool | dict | list) or not str(value) or not str(value).isprintable():
            reading.problem(below(path, key), "must be text of one line: put it between quotes")
        members[key.removeprefix(prefix)] = str(value)
    return members


def _environment(given: Mapping[str, object], path: str, reading: Reading) -> dict[str, str]:
    """Return the variables that ``env_<NAME>`` sets; values are not shown, they may be secret."""
    environment: dict[str, str] = {}
    for key, value in given.items():
        if not key.startswith(ENVIRONMENT_PREFIX) or value is None:
            continue
        name = key.removeprefix(ENVIRONMENT_PREFIX)
        if not _VARIABLE.fullmatch(name):
            reading.problem(below(path, key), f"{name!r} cannot be the name of an environment variable")
        if isinstance(value, bool) or not isinstance(value, str | int) or "\0" in str(value):
            reading.problem(below(path, key), "must be text: put it between quotes")
        environment[name] = str(value)
    return environment
