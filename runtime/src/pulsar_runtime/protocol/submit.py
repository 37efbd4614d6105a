"""Submissions, in their two spellings (protocol section 4)."""

from __future__ import annotations

from collections.abc import Mapping

from pulsar_runtime.domain.errors import MalformedRequest
from pulsar_runtime.domain.ids import JobId, parse_job_id
from pulsar_runtime.domain.job import Submission
from pulsar_runtime.domain.paths import RelativePath
from pulsar_runtime.domain.staging import DynamicFileSource
from pulsar_runtime.protocol import environment, remote_staging, setup
from pulsar_runtime.protocol.parameters import json_parameter, required

#: Query parameters that hold JSON, and the keys of the message that they stand for.
_JSON_PARAMETERS = {
    "params": "submit_params",
    "dependencies_description": "dependencies_description",
    "setup_params": "setup_params",
    "remote_staging": "remote_staging",
    "env": "env",
    "dynamic_file_sources": "dynamic_file_sources",
    "token_endpoint": "token_endpoint",
}


def from_query(job_id: JobId, parameters: Mapping[str, str]) -> Submission:
    """Read the parameters of ``POST /jobs/{job_id}/submit``."""
    body: dict[str, object] = {"job_id": job_id, "command_line": required(parameters, "command_line")}
    for parameter, key in _JSON_PARAMETERS.items():
        value = json_parameter(parameters, parameter, None)
        if value is not None:
            body[key] = value
    body.update(_mapping(json_parameter(parameters, "submit_extras", {}), "submit_extras"))
    named, submission = from_message(body)
    if named != job_id:
        raise MalformedRequest(f"submit_extras name job {named!r}, the request is for {job_id!r}")
    return submission


def from_message(body: Mapping[str, object]) -> tuple[JobId, Submission]:
    """Read the body of a setup message, or of a query brought into that form."""
    named = body.get("job_id")
    if named is None or isinstance(named, list | dict):
        raise MalformedRequest("job_id is missing")
    job_id = parse_job_id(str(named))
    command_line = body.get("command_line")
    if not isinstance(command_line, str):
        raise MalformedRequest("command_line is missing or not text")
    if "\0" in command_line:
        raise MalformedRequest("command_line holds a NUL character")
    setup_params = _mapping(body.get("setup_params"), "setup_params")
    wants_setup = bool(setup_params) or bool(body.get("setup"))
    return job_id, Submission(
        command_line=command_line,
        environment=environment.statements(body.get("env") or []),
        submit_params={
            key: str(value) for key, value in _mapping(body.get("submit_params"), "params").items()
        },
        touch_outputs=tuple(
            RelativePath.parse(str(name)) for name in _list(body.get("touch_outputs"), "touch_outputs")
        ),
        dynamic_file_sources=_dynamic_file_sources(body.get("dynamic_file_sources")),
        staging=remote_staging.plan(_mapping(body.get("remote_staging"), "remote_staging")),
        token_endpoint=_token_endpoint(body.get("token_endpoint")),
        setup=setup.from_setup_params(setup_params, job_id) if wants_setup else None,
    )


def _dynamic_file_sources(value: object) -> tuple[DynamicFileSource, ...]:
    sources = []
    for entry in _list(value, "dynamic_file_sources"):
        description = _mapping(entry, "dynamic_file_sources")
        path = str(description.get("path") or "")
        # Refused now rather than left out later: it could only be meant to read something else.
        RelativePath.parse(path)
        sources.append(DynamicFileSource(path, str(description.get("type") or "")))
    return tuple(sources)


def _token_endpoint(value: object) -> str | None:
    """Accept the plain URL of messages and the wrapped one of queries (protocol section 4.8)."""
    if isinstance(value, Mapping):
        value = value.get("token_endpoint")
    return str(value) if value else None


def _mapping(value: object, name: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping | None):
        raise MalformedRequest(f"{name} is not an object")
    return value or {}


def _list(value: object, name: str) -> list[object]:
    if not isinstance(value, list | None):
        raise MalformedRequest(f"{name} is not a list")
    return value or []
