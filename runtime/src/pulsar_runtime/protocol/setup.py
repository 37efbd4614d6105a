"""The setup request and its answer (protocol sections 1.4 and 2.1)."""

from __future__ import annotations

import os
from collections.abc import Mapping

from pulsar_runtime.domain.errors import MalformedRequest
from pulsar_runtime.domain.ids import JobId, parse_job_id
from pulsar_runtime.domain.job import Job, SetupRequest, Tool
from pulsar_runtime.domain.paths import Directory
from pulsar_runtime.protocol.parameters import required
from pulsar_runtime.protocol.version import PULSAR_VERSION

_SEPARATOR = "/"


def from_query(parameters: Mapping[str, str]) -> SetupRequest:
    """Read the parameters of ``POST /jobs``."""
    return SetupRequest(job_id=parse_job_id(required(parameters, "job_id")), tool=_tool(parameters))


def from_setup_params(setup_params: Mapping[str, object], job_id: JobId) -> SetupRequest:
    """Read the ``setup_params`` of a submission for *job_id* (protocol section 4.3)."""
    named = setup_params.get("job_id")
    if named is not None and str(named) != job_id:
        raise MalformedRequest(f"setup_params are for job {named!r}, the submission is for {job_id!r}")
    return SetupRequest(
        job_id=job_id,
        tool=_tool(setup_params),
        preserve_galaxy_environment=setup_params.get("preserve_galaxy_python_environment")
        in (True, "True", "true"),
    )


def answer(job: Job, galaxy_properties: Mapping[str, str]) -> dict[str, object]:
    """Describe the job directory to the client."""
    body: dict[str, object] = {
        "job_directory": job.directory,
        "path_separator": _SEPARATOR,
        "job_id": job.job_id,
        "system_properties": system_properties(galaxy_properties),
        "pulsar_version": PULSAR_VERSION,
        "preserve_galaxy_python_environment": None,
    }
    for key, directory in (
        ("working_directory", Directory.WORKING),
        ("metadata_directory", Directory.METADATA),
        ("outputs_directory", Directory.OUTPUTS),
        ("configs_directory", Directory.CONFIGS),
        # The key and the directory are spelled differently (trap 15).
        ("tools_directory", Directory.TOOL_FILES),
        ("inputs_directory", Directory.INPUTS),
        ("unstructured_files_directory", Directory.UNSTRUCTURED),
    ):
        body[key] = os.path.join(job.directory, directory)
    if job.tool.id:
        body["tool_id"] = job.tool.id
    if job.tool.version:
        body["tool_version"] = job.tool.version
    return body


def system_properties(galaxy_properties: Mapping[str, str]) -> dict[str, str]:
    """Return what a client must know of this system."""
    return {"separator": _SEPARATOR, **galaxy_properties}


def _tool(values: Mapping[str, object]) -> Tool:
    return Tool(id=str(values.get("tool_id") or ""), version=str(values.get("tool_version") or ""))
