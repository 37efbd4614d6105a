"""Submissions, in their two spellings (protocol section 4)."""

from __future__ import annotations

from collections.abc import Mapping

from pulsar_runtime.domain.errors import MalformedRequest
from pulsar_runtime.domain.ids import JobId, parse_job_id
from pulsar_runtime.domain.job import Submission
from pulsar_runtime.domain.paths import RelativePath
from pulsar_runtime.protocol import environment, remote_staging, setup
from pulsar_runtime.protocol.client_outputs import dynamic_file_sources
from pulsar_runtime.protocol.parameters import json_parameter, required
from pulsar_runtime.protocol.values import mapping, sequence

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
    body.update(mapping(json_parameter(parameters, "submit_extras", {}), "submit_extras"))
    named, submission = from_message(body)
    if named != job_id:
        raise MalformedRequest(f"submit_extras name job {named!r}, the request is for {job_id!r}")
    return submission


def from_message(body: Mapping[str, object]) -> tuple[JobId, Submission]:
    """Read the body of a setup message, or of a query brought into that form."""
    named = read_job_id(body)
    command_line = body.get("command_line")
    if not isinstance(command_line, str):
        raise MalformedRequest("command_line is missing or not text")
    if "\0" in command_line:
        raise MalformedRequest("command_line holds a NUL character")
    setup_params = mapping(body.get("setup_params"), "setup_params")
    wants_setup = bool(setup_params) or bool(body.get("setup"))
    return named, Submission(
        command_line=command_line,
        environment=environment.statements(body.get("env") or []),
        submit_params={
            key: str(value) for key, value in mapping(body.get("submit_params"), "params").items()
        },
        touch_outputs=tuple(
            RelativePath.parse(str(name)) for name in sequence(body.get("touch_outputs"), "touch_outputs")
        ),
        dynamic_file_sources=dynamic_file_sources(body.get("dynamic_file_sources")),
        staging=remote_staging.plan(mapping(body.get("remote_staging"), "remote_staging")),
        token_endpoint=_token_endpoint(body.get("token_endpoint")),
        setup=setup.from_setup_params(setup_params, named) if wants_setup else None,
    )


def read_job_id(body: Mapping[str, object]) -> JobId:
    """Return the job that a message is about."""
    named = body.get("job_id")
    if named is None or isinstance(named, list | dict):
        raise MalformedRequest("job_id is missing")
    return parse_job_id(str(named))


def _token_endpoint(value: object) -> str | None:
    """Accept the plain URL of messages and the wrapped one of queries (protocol section 4.8)."""
    if isinstance(value, Mapping):
        value = value.get("token_endpoint")
    return str(value) if value else None
