"""Bring together what the file, the environment and the command line say (protocol section 10)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import attrs

from pulsar_runtime.config.document import Document, read_document
from pulsar_runtime.config.origin import COMMAND_LINE, FILE, Origin, Source

#: Fills in a key that the file does not have.
_FILLS = "PULSAR_CONFIG_"
#: Replaces what the file says.
_FORCES = "PULSAR_CONFIG_OVERRIDE_"
#: Variables whose name does not say which key they fill in.
_NAMED = {
    "GALAXY_HOME": "galaxy_home",
    "GALAXY_VIRTUAL_ENV": "galaxy_virtual_env",
    "PULSAR_CONFIG_DIR": "config_dir",
}


@attrs.frozen(kw_only=True)
class Settings:
    """Keys and values as they were written."""

    values: Mapping[str, object]
    #: By key; by ``section.key`` for what the command line sets inside a section.
    origins: Mapping[str, Origin]
    problems: tuple[str, ...]


def gather(path: Path | None, environ: Mapping[str, str], overrides: Mapping[str, object]) -> Settings:
    """Overlay the sources, the weakest first; an override that is None was not given."""
    document = read_document(path) if path else Document({})
    given = _filled(environ)
    for key, value in document.values.items():
        # A key without a value is as good as absent, so what the environment fills in stays.
        if value is not None or key not in given:
            given[key] = (value, FILE)
    given |= _variables(environ, environ, _FORCES)
    values = {key: value for key, (value, _) in given.items()}
    origins = {key: origin for key, (_, origin) in given.items()}
    for key, value in overrides.items():
        if value is not None:
            _override(values, key, value)
            origins[key] = COMMAND_LINE
    return Settings(values=values, origins=origins, problems=document.problems)


def _filled(environ: Mapping[str, str]) -> dict[str, tuple[object, Origin]]:
    named = {key: _variable(environ, name) for name, key in _NAMED.items() if environ.get(name)}
    others = [name for name in environ if name not in _NAMED and not name.startswith(_FORCES)]
    return {**named, **_variables(environ, others, _FILLS)}


def _variables(
    environ: Mapping[str, str], names: Iterable[str], prefix: str
) -> dict[str, tuple[object, Origin]]:
    return {
        name.removeprefix(prefix).lower(): _variable(environ, name)
        for name in names
        if name.startswith(prefix)
    }


def _variable(environ: Mapping[str, str], name: str) -> tuple[object, Origin]:
    return environ[name], Origin(Source.ENVIRONMENT, name)


def _override(values: dict[str, object], key: str, value: object) -> None:
    section, _, name = key.rpartition(".")
    inner = values.get(section)
    if not section:
        values[key] = value
    elif inner is None or isinstance(inner, dict):
        values[section] = {**(inner or {}), name: value}
    # Anything else is no section; the reader of the section says so.
