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
from pulsar_runtime.domain.paths import Directory, JobFile, RelativePath
from pulsar_runtime.domain.staging import DynamicFileSource, StageInAction, StagingPlan

Plain = Mapping[str, Any]

#: What is usual; its command line is none that a client could send.
_USUAL = Submission(command_line="\0")

_STATEMENTS: dict[str, type[EnvironmentStatement]] = {
    kind.__name__: kind for kind in (SourceFile, Execute, Assign)
}


def to_text(submission: Submission) -> str:
    """Write a submission as JSON, without what is as it usually is."""
    plain = attrs.asdict(submission)
    plain["environment"] = [
        {"kind": type(statement).__name__, **attrs.asdict(statement)} for statement in submission.environment
    ]
    said = {key: value for key, value in plain.items() if getattr(submission, key) != getattr(_USUAL, key)}
    return json.dumps(said, default=sorted)


def from_text(text: str) -> Submission:
    """Read what `to_text` wrote."""
    plain = {"command_line": "", **json.loads(text)}
    return Submission(**{key: read(plain[key]) for key, read in _READERS.items() if key in plain})


def _statement(plain: Plain) -> EnvironmentStatement:
    fields = dict(plain)
    return _STATEMENTS[fields.pop("kind")](**fields)


def _path(plain: Plain) -> RelativePath:
    return RelativePath(tuple(plain["parts"]))


def _stage_in(plain: Plain) -> StageInAction:
    place = JobFile(Directory(plain["file"]["directory"]), _path(plain["file"]["path"]))
    return StageInAction(file=place, action_type=plain["action_type"], contents=plain["contents"])


def _staging(plain: Plain) -> StagingPlan:
    return StagingPlan(
        stage_in=tuple(map(_stage_in, plain["stage_in"])),
        stage_out_action_types=frozenset(plain["stage_out_action_types"]),
    )


def _setup(plain: Plain) -> SetupRequest:
    return SetupRequest(
        job_id=JobId(plain["job_id"]),
        tool=Tool(**plain["tool"]),
        preserve_galaxy_environment=plain["preserve_galaxy_environment"],
    )


_READERS: dict[str, Callable[[Any], Any]] = {
    "command_line": str,
    "environment": lambda plain: tuple(map(_statement, plain)),
    "submit_params": dict,
    "touch_outputs": lambda plain: tuple(map(_path, plain)),
    "dynamic_file_sources": lambda plain: tuple(DynamicFileSource(**source) for source in plain),
    "staging": _staging,
    "token_endpoint": str,
    "setup": _setup,
}
