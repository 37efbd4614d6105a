"""Statements that prepare a job's environment, in the order in which they run (protocol section 4.5)."""

from __future__ import annotations

import attrs


@attrs.frozen
class SourceFile:
    """Source a shell file; *raw* leaves the path unquoted."""

    path: str
    raw: bool = False


@attrs.frozen
class Execute:
    """Run a command as it is written."""

    command: str


@attrs.frozen
class Assign:
    """Export a variable; *raw* inserts the value verbatim, else it stands between double quotes."""

    name: str
    value: str
    raw: bool = False


EnvironmentStatement = SourceFile | Execute | Assign
