"""Load the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from pulsar_runtime.config.manager_places import ManagerPlaces, declarations
from pulsar_runtime.config.managers import ENVIRONMENT_PREFIX, NamedManager, read_manager
from pulsar_runtime.config.message_queue import MessageQueue, judge_message_queue
from pulsar_runtime.config.option import options
from pulsar_runtime.config.origin import DEFAULT, Origin
from pulsar_runtime.config.reading import Reading
from pulsar_runtime.config.schema import MANAGER_TYPES, SECTIONS, Config
from pulsar_runtime.config.sources import gather
from pulsar_runtime.config.tokens import read_tokens
from pulsar_runtime.domain.errors import ConfigError

#: The keys of the top level.
_KNOWN = tuple(
    dict.fromkeys(
        [
            *(attribute.name for attribute in attrs.fields(Config)),
            *(attribute.name for attribute in attrs.fields(ManagerPlaces)),
            "manager",
        ]
    )
)
_A_MANAGER = "to a manager, such as managers: {_default_: {...}}"


def _of_sections() -> dict[str, str]:
    """Tell where the keys of sections belong; some are in more than one."""
    places: dict[str, list[str]] = {}
    for section, settings in SECTIONS.items():
        for key in options(settings):
            places.setdefault(key.name, []).append(f"to {section}, as {section}.{key.name}")
    return {key: ", or ".join(found) for key, found in places.items()}


#: Where keys belong that are not the top level's.
_ELSEWHERE: Mapping[str, str] = {
    "type": _A_MANAGER,
    **{key.name: _A_MANAGER for settings in MANAGER_TYPES.values() for key in options(settings)},
    **_of_sections(),
}


@attrs.frozen(kw_only=True)
class Loaded:
    """A configuration, what its author should know about it, and where its values came from."""

    config: Config
    warnings: tuple[str, ...]
    #: By path, such as ``managers.a.debug``; what is not in it is a default.
    origins: Mapping[str, Origin]

    def origin(self, path: str) -> Origin:
        """Tell where the value at *path* came from."""
        return self.origins.get(path, DEFAULT)


def load(path: Path | None, environ: Mapping[str, str], overrides: Mapping[str, object]) -> Loaded:
    """Load the file *path*, if there is one, below *environ* and *overrides*, or raise `ConfigError`.

    *overrides* comes from the command line: ``{"web.bind": "0.0.0.0:80"}``; None means not given.
    Relative paths are relative to the current directory. The error lists everything that is wrong
    (protocol section 10).
    """
    settings = gather(path, environ, overrides)
    reading = Reading(dict(settings.origins), problems=list(settings.problems))
    given = settings.values
    variables = {key: _A_MANAGER for key in given if key.startswith(ENVIRONMENT_PREFIX)}
    reading.judge(given, "", _KNOWN, {**_ELSEWHERE, **variables})
    top = reading.arguments(Config, given, "")
    sections = {name: reading.section(settings, given.get(name), name) for name, settings in SECTIONS.items()}
    declared = declarations(given, reading)
    named = [named for each in declared if (named := read_manager(each, top, reading))]
    tokens = read_tokens(given.get("tokens"), [each.name for each in declared], reading)
    queue = {key.name: top[key.name] for key in options(MessageQueue) if key.name in top}
    judge_message_queue(MessageQueue(**queue), [each.name for each in declared], reading)
    if reading.problems:
        raise ConfigError(str(path) if path else "configuration", tuple(reading.problems))
    made: dict[str, Any] = {name: settings(**sections[name]) for name, settings in SECTIONS.items()}
    config = Config(
        **top,
        **made,
        tokens=tokens,
        managers={each.name: each.manager for each in named},
    )
    written = [*top, *(f"{name}.{key}" for name, section in sections.items() for key in section)]
    origins = {key: reading.origin(key) for key in [*written, "tokens"]}
    for each in named:
        origins |= _manager_origins(each, origins)
    return Loaded(config=config, warnings=tuple(reading.warnings), origins=origins)


def _manager_origins(named: NamedManager, top: Mapping[str, Origin]) -> dict[str, Origin]:
    keys = [option.name for option in options(type(named.manager))]
    inherited = {key: top[key] for key in keys if key in top}
    own = dict.fromkeys(named.given, named.origin)
    return {f"managers.{named.name}.{key}": origin for key, origin in (inherited | own).items()}
