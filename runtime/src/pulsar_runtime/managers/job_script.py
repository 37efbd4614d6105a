"""The job script: one bash file that prepares a job's environment, runs its command and says how it ended.

What the script does, and in which order, is protocol section 8.3; ``job_script.template`` says how.
"""

from __future__ import annotations

import shlex
import string
from pathlib import Path
from typing import assert_never

import attrs

from pulsar_runtime.domain.environment import Assign, EnvironmentStatement, Execute, SourceFile


@attrs.frozen(kw_only=True)
class JobScript:
    """All that one job's script depends on.

    ``tmp_dir`` is a shell expression; without one the job gets ``tmp`` in its own directory. The server
    makes that and ``home`` beforehand: the script makes what is missing, at the price of a process each.
    """

    #: Absolute.
    job_directory: str
    command_line: str
    #: The job's own statements, then the manager's.
    environment: tuple[EnvironmentStatement, ...] = ()
    preserve_galaxy_environment: bool = False
    galaxy_home: str | None = None
    galaxy_virtual_env: str | None = None
    tmp_dir: str | None = None
    #: A scheduler's lines, which stand before everything else.
    headers: tuple[str, ...] = ()
    dependency_commands: tuple[str, ...] = ()


class _Template(string.Template):
    """Text with placeholders like ``@{name}``, since the dollar sign is the shell's."""

    delimiter = "@"


_TEMPLATE = _Template(Path(__file__).with_name("job_script.template").read_text(encoding="utf-8"))


def render(script: JobScript) -> str:
    """Return the text of *script*; only bash 5.1 or later understands it."""
    return _TEMPLATE.substitute(
        headers="".join(f"{line}\n" for line in ("#!/bin/bash", *script.headers)),
        job_directory=shlex.quote(script.job_directory),
        assign_tmp="_pulsar_new_tmp" if script.tmp_dir is None else f"_GALAXY_JOB_TMP_DIR={script.tmp_dir}",
        environment="\n".join(map(_statement, script.environment)),
        galaxy_virtual_env=_value_or_none(script.galaxy_virtual_env),
        preserve_galaxy_environment=script.preserve_galaxy_environment,
        galaxy_lib=_value_or_none(script.galaxy_home and f"{script.galaxy_home}/lib"),
        command="\n".join((*script.dependency_commands, script.command_line)),
    )


def _statement(statement: EnvironmentStatement) -> str:
    """Return *statement* as a line of shell (protocol section 4.5)."""
    match statement:
        case SourceFile(path, raw):
            return f". {path if raw else _in_double_quotes(path)}"
        case Execute(command):
            return command
        case Assign(name, value, raw):
            return f"{name}={value if raw else _in_double_quotes(value)}; export {name}"
        case _:
            assert_never(statement)


def _in_double_quotes(text: str) -> str:
    """Quote *text* so that the shell still expands variables and commands in it, as clients expect."""
    return '"' + text.replace('"', r"\"") + '"'


def _value_or_none(value: str | None) -> str:
    """Quote *value*; Galaxy's part of a command line compares an absent one with the text ``None``."""
    return shlex.quote(value) if value else "None"
