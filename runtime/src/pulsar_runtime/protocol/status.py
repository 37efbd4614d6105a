"""The two forms of a status (protocol sections 3.1 and 3.2)."""

from __future__ import annotations

from collections.abc import Mapping

from pulsar_runtime.application.report import JobReport
from pulsar_runtime.domain.ids import JobId
from pulsar_runtime.domain.status import JobStatus
from pulsar_runtime.protocol.setup import system_properties
from pulsar_runtime.protocol.version import PULSAR_VERSION


def unfinished(job_id: JobId, status: JobStatus) -> dict[str, object]:
    """Describe a job that goes on; ``complete`` is a string on the wire."""
    return {"complete": "false", "status": status.value, "job_id": job_id}


def finished(report: JobReport, galaxy_properties: Mapping[str, str]) -> dict[str, object]:
    """Describe a job that has ended, or is unknown, with all that a client needs to collect its results."""
    return {
        "job_id": report.job_id,
        "complete": "true",
        "status": report.status.value,
        "returncode": report.return_code,
        "stdout": report.stdout,
        "stderr": report.stderr,
        "job_stdout": report.job_stdout,
        "job_stderr": report.job_stderr,
        "working_directory": report.working_directory,
        "metadata_directory": report.metadata_directory,
        "job_directory": report.job_directory,
        "working_directory_contents": list(report.working_directory_contents),
        "metadata_directory_contents": list(report.metadata_directory_contents),
        "outputs_directory_contents": list(report.outputs_directory_contents),
        "job_directory_contents": list(report.job_directory_contents),
        "system_properties": system_properties(galaxy_properties),
        "pulsar_version": PULSAR_VERSION,
        "realized_dynamic_file_sources": [
            {"path": source.path, "type": source.type, "contents": contents}
            for source, contents in report.dynamic_files
        ],
    }
