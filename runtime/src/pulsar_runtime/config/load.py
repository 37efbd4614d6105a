"""Load the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import attrs

from pulsar_runtime.config.manager_places import ManagerPlaces, declarations
from pulsar_runtime.config.managers import ENVIRONMENT_PREFIX, NamedManager, read_manager
from pulsar_runtime.config.option import options
from pulsar_runtime.config.origin import DEFAULT, Origin
from pulsar_runtime.config.reading import Reading
from pulsar_runtime.config.schema import MANAGER_TYPES, Config, Disk, Web
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
#: Where keys belong that are not the top level's.
_ELSEWHERE: Mapping[str, str] = {
    "type": _A_MANAGER,
    **{key.name: _A_MANAGER for settings in MANAGER_TYPES.values() for key in options(settings)},
    **{key.name: f"to web, as web.{key.name}" for key in options(Web)},
    **{key.name: f"to disk, as disk.{key.name}" for key in options(Disk)},
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
    web = reading.section(Web, given.get("web"), "web")
    disk = reading.section(Disk, given.get("disk"), "disk")
    declared = declarations(given, reading)
    named = [named for each in declared if (named := read_manager(each, top, reading))]
    tokens = read_tokens(given.get("tokens"), [each.name for each in declared], reading)
    if reading.problems:
        raise ConfigError(str(path) if path else "configuration", tuple(reading.problems))
    config = Config(
        **top,
        web=Web(**web),
        disk=Disk(**disk),
        tokens=tokens,
        managers={each.name: each.manager for each in named},
    )
    written = [*top, *(f"web.{key}" for key in web), *(f"disk.{key}" for key in disk)]
    origins = {key: reading.origin(key) for key in [*written, "tokens"]}
    for each in named:
        origins |= _manager_origins(each, origins)
    return Loaded(config=config, warnings=tuple(reading.warnings), origins=origins)


def _manager_origins(named: NamedManager, top: Mapping[str, Origin]) -> dict[str, Origin]:
    keys = [option.name for option in options(type(named.manager))]
    inherited = {key: top[key] for key in keys if key in top}
    own = dict.fromkeys(named.given, named.origin)
    return {f"managers.{named.name}.{key}": origin for key, origin in (inherited | own).items()}
