"""Read mappings into the arguments of settings classes, and collect what is wrong on the way."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, cast

import attrs

from pulsar_runtime.config.kind import BadValueError, sort_of
from pulsar_runtime.config.near_match import near_match
from pulsar_runtime.config.option import options
from pulsar_runtime.config.origin import DEFAULT, FILE, Origin
from pulsar_runtime.config.reference_keys import REFERENCE_KEYS, Effect, reference_keys

#: Up to this many keys are listed to somebody who wrote an unknown one.
_FEW = 10


@attrs.define
class Reading:
    """One pass over a configuration; keys are named by their path, such as ``managers.a.type``."""

    #: Where top-level keys, and ``section.key`` of the command line, came from.
    origins: dict[str, Origin]
    problems: list[str] = attrs.field(factory=list)
    warnings: list[str] = attrs.field(factory=list)

    def origin(self, path: str) -> Origin:
        """Tell where the value at *path* came from."""
        top = path.partition(".")[0].partition("[")[0]
        return self.origins.get(path) or self.origins.get(top, DEFAULT)

    def problem(self, path: str, what: str) -> None:
        """Note that the value at *path* cannot be used."""
        self.problems.append(self._at(path, what))

    def warning(self, path: str, what: str) -> None:
        """Note something about *path* that its author should know."""
        self.warnings.append(self._at(path, what))

    def _at(self, path: str, what: str) -> str:
        origin = self.origin(path)
        return f"{path}: {what}" if origin in (DEFAULT, FILE) else f"{path}: {what} (from: {origin})"

    def mapping(self, value: object, path: str) -> Mapping[str, object]:
        """Return *value* if it is a mapping; nothing at all is an empty one."""
        if value is None or isinstance(value, dict):
            return cast("dict[str, object]", value or {})
        self.problem(path, f"must be a mapping of keys to values, not {sort_of(value)}")
        return {}

    def arguments(
        self, settings: type[attrs.AttrsInstance], given: Mapping[str, object], path: str
    ) -> dict[str, Any]:
        """Return the arguments for *settings* that *given* holds and that can be read."""
        arguments: dict[str, Any] = {}
        for option in options(settings):
            value = given.get(option.name)
            if option.name not in given or (value is None and not option.kind.reads_null):
                if option.required:
                    self.problem(below(path, option.name), "is missing")
                continue
            try:
                arguments[option.name] = option.kind.read(value)
            except BadValueError as error:
                self.problem(below(path, option.name), str(error))
        return arguments

    def section(self, settings: type[attrs.AttrsInstance], value: object, path: str) -> dict[str, Any]:
        """Return the arguments for *settings* from the mapping *value*, which may hold nothing else."""
        given = self.mapping(value, path)
        known = [option.name for option in options(settings)]
        for key in given:
            if key not in known:
                self._unknown(key, path, known)
        return self.arguments(settings, given, path)

    def judge(
        self, given: Mapping[str, object], path: str, known: Collection[str], elsewhere: Mapping[str, str]
    ) -> None:
        """Judge the keys of *given* that are not *known*: the reference server's, misplaced, mistaken."""
        for key, value in given.items():
            if key in known:
                continue
            reference = reference_keys(key)
            if reference is None and key in elsewhere:
                self.problem(below(path, key), f"belongs {elsewhere[key]}")
            elif reference is None:
                exact = [name for keys in REFERENCE_KEYS for name in keys.patterns if not name.endswith("*")]
                self._unknown(key, path, [*known, *exact])
            elif reference.effect is Effect.IGNORED:
                self.warning(below(path, key), f"has no effect in this version: {reference.reason}")
            elif value:
                # Without a value, false or empty, it asks for nothing.
                self.problem(below(path, key), f"is not implemented in this version: {reference.reason}")

    def _unknown(self, key: str, path: str, known: Collection[str]) -> None:
        hint = near_match(key, known)
        if not hint and len(known) <= _FEW:
            hint = f"; known here: {', '.join(known)}"
        self.problem(below(path, key), f"unknown key{hint}")


def below(path: str, key: str) -> str:
    """Return the path of *key* in the mapping at *path*."""
    return f"{path}.{key}" if path else key
