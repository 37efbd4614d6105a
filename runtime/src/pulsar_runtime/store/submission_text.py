"""Submissions as text, the way the job store keeps them.

Written out by hand: importing a library for it takes longer than all the rest of the store.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from pulsar_runtime.domain.environment import Assign, EnvironmentStatement, Execute, SourceFile
from pulsar_runtime.domain.ids import JobId
from pulsar_runtime.domain.job import SetupRequest, Submission, Tool
from pulsar_runtime.domain.paths import RelativePath
from pulsar_runtime.domain.staging import DynamicFileSource
from pulsar_runtime.store.staging_text import plan_from_plain, plan_to_plain

Plain = Mapping[str, Any]

#: What is usual; its command line is none that a client could send.
_USUAL = Submission(command_line="\0")

_STATEMENTS: dict[str, type[EnvironmentStatement]] = {
    kind.__name__: kind for kind in (SourceFile, Execute, Assign)
}


def to_text(submission: Submission) -> str:
    """Write a submission as JSON, without what is as it usually is."""
    return json.dumps(
        {
            attribute.name: _WRITERS.get(attribute.name, _plain)(value)
            for attribute in attrs.fields(Submission)
            if (value := getattr(submission, attribute.name)) != getattr(_USUAL, attribute.name)
        }
    )


def from_text(text: str) -> Submission:
    """Read what `to_text` wrote."""
    plain = {"command_line": "", **json.loads(text)}
    return Submission(**{key: read(plain[key]) for key, read in _READERS.items() if key in plain})


def _plain(value: Any) -> Any:  # noqa: ANN401 - any value of a submission, as JSON has it
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return attrs.asdict(value) if attrs.has(type(value)) else value


def _statement(plain: Plain) -> EnvironmentStatement:
    fields = dict(plain)
    return _STATEMENTS[fields.pop("kind")](**fields)


def _path(plain: Plain) -> RelativePath:
    return RelativePath(tuple(plain["parts"]))


def _setup(plain: Plain) -> SetupRequest:
    return SetupRequest(
        job_id=JobId(plain["job_id"]),
        tool=Tool(**plain["tool"]),
        preserve_galaxy_environment=plain["preserve_galaxy_environment"],
    )


_WRITERS: dict[str, Callable[[Any], Any]] = {
    "environment": lambda statements: [
        {"kind": type(statement).__name__, **attrs.asdict(statement)} for statement in statements
    ],
    "staging": plan_to_plain,
}
_READERS: dict[str, Callable[[Any], Any]] = {
    "command_line": str,
    "environment": lambda plain: tuple(map(_statement, plain)),
    "submit_params": dict,
    "touch_outputs": lambda plain: tuple(map(_path, plain)),
    "dynamic_file_sources": lambda plain: tuple(DynamicFileSource(**source) for source in plain),
    "staging": plan_from_plain,
    "token_endpoint": str,
    "setup": _setup,
}
