"""The ``env`` list of a submission (protocol section 4.5)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pulsar_runtime.domain.environment import Assign, EnvironmentStatement, Execute, SourceFile
from pulsar_runtime.domain.errors import MalformedRequest

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def statements(entries: object) -> tuple[EnvironmentStatement, ...]:
    """Read the list; keys that are null or empty count as absent, keys we do not know are left alone."""
    if not isinstance(entries, list):
        raise MalformedRequest("env is not a list")
    return tuple(statement for entry in entries if (statement := _statement(entry)) is not None)


def _statement(entry: object) -> EnvironmentStatement | None:
    if not isinstance(entry, Mapping):
        raise MalformedRequest("env holds something that is not an object")
    if any("\0" in str(value) for value in entry.values()):
        raise MalformedRequest("env holds a NUL character")
    raw = entry.get("raw") in (True, "true", "True")
    if entry.get("file"):
        return SourceFile(str(entry["file"]), raw)
    if entry.get("execute"):
        return Execute(str(entry["execute"]))
    name, value = entry.get("name"), entry.get("value")
    if not name or value is None:
        return None
    if not _VARIABLE.fullmatch(str(name)):
        raise MalformedRequest(f"env names {str(name)!r}, which is not a variable that a shell can export")
    return Assign(str(name), str(value), raw)
