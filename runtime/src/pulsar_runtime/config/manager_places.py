"""Find where managers are declared: in an ini file, ``managers``, ``manager`` (protocol section 8.1)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import attrs

from pulsar_runtime.config.kind import PATH, absolute, optional
from pulsar_runtime.config.option import option
from pulsar_runtime.config.origin import Origin, Source
from pulsar_runtime.config.reading import Reading
from pulsar_runtime.domain.ids import DEFAULT_MANAGER


@attrs.frozen(kw_only=True)
class ManagerPlaces:
    """The keys that lead to managers besides ``managers`` and ``manager``."""

    config_dir: Path = attrs.field(
        default=Path(),
        converter=absolute,
        metadata=option(
            PATH,
            "`job_managers_config` is relative to it. "
            "Without it, the environment variable `PULSAR_CONFIG_DIR`, then the current directory.",
        ),
    )
    job_managers_config: Path | None = attrs.field(
        default=None,
        metadata=option(
            optional(PATH),
            "An ini file with a section `[manager:NAME]` for each manager. Read in place of `managers`.",
        ),
    )


@attrs.frozen
class Declaration:
    """A manager as it was written, and the path that names it in messages."""

    name: str
    path: str
    given: object


def declarations(top: Mapping[str, object], reading: Reading) -> tuple[Declaration, ...]:
    """Return the managers that a configuration declares; without any, there is one ``_default_``."""
    places = ManagerPlaces(**reading.arguments(ManagerPlaces, top, ""))
    if places.job_managers_config:
        return _from_ini(places.config_dir / places.job_managers_config, top, reading)
    single = top.get("manager")
    managers = reading.mapping(top.get("managers"), "managers")
    if managers and single:
        reading.problem("manager", f"is given together with managers; move it there, as {DEFAULT_MANAGER}")
    if managers:
        return tuple(Declaration(name, f"managers.{name}", given) for name, given in managers.items())
    return (Declaration(DEFAULT_MANAGER, "manager", single),)


def _from_ini(path: Path, top: Mapping[str, object], reading: Reading) -> tuple[Declaration, ...]:
    # Few sites have such a file; all others would wait for configparser at every start.
    from pulsar_runtime.config.manager_ini import read_manager_ini  # noqa: PLC0415

    for key in ("managers", "manager"):
        if top.get(key):
            reading.warning(key, "is not read, because job_managers_config is given")
    try:
        managers = read_manager_ini(path)
    except ValueError as error:
        reading.problem("job_managers_config", str(error))
        return ()
    reading.origins["managers"] = Origin(Source.FILE, str(path))
    return tuple(Declaration(name, f"managers.{name}", given) for name, given in managers.items())
