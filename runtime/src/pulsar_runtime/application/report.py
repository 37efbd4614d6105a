"""Everything that a client gets to know about a job that has ended."""

from __future__ import annotations

import os
from collections.abc import Sequence

import attrs

from pulsar_runtime.application.manager_rules import ManagerRules
from pulsar_runtime.domain.errors import UnknownJob
from pulsar_runtime.domain.ids import JobId
from pulsar_runtime.domain.job import Job
from pulsar_runtime.domain.paths import Directory, JobFile, RelativePath
from pulsar_runtime.domain.staging import DynamicFileSource
from pulsar_runtime.domain.status import JobStatus
from pulsar_runtime.ports import JobStore


@attrs.frozen(kw_only=True)
class JobReport:
    """The outcome of a job, and the names of the files that can be fetched."""

    job_id: JobId
    status: JobStatus
    job_directory: str
    return_code: int | None = None
    stdout: str = ""
    stderr: str = ""
    job_stdout: str = ""
    job_stderr: str = ""
    working_directory_contents: Sequence[str] = ()
    metadata_directory_contents: Sequence[str] = ()
    outputs_directory_contents: Sequence[str] = ()
    job_directory_contents: Sequence[str] = ()
    dynamic_files: Sequence[tuple[DynamicFileSource, str]] = ()

    @property
    def working_directory(self) -> str:
        """Where the job ran."""
        return os.path.join(self.job_directory, Directory.WORKING)

    @property
    def metadata_directory(self) -> str:
        """Where its metadata and streams are."""
        return os.path.join(self.job_directory, Directory.METADATA)


def report_unknown(rules: ManagerRules, job_id: JobId) -> JobReport:
    """Report a job that nobody knows: lost, and otherwise empty."""
    return JobReport(
        job_id=job_id, status=JobStatus.LOST, job_directory=os.path.join(rules.staging_directory, job_id)
    )


def report(rules: ManagerRules, store: JobStore, job: Job) -> JobReport:
    """Read what a job left behind."""
    files, directory = rules.files, job.directory
    contents = {
        which: files.listing(directory, which)
        for which in (Directory.WORKING, Directory.METADATA, Directory.OUTPUTS, Directory.JOB)
    }

    def stream(name: str, *places: Directory) -> str:
        for place in places:
            if name in contents[place]:
                file = JobFile(place, RelativePath((name,)))
                return files.read_text(directory, file, rules.maximum_stream_size) or ""
        return ""

    return JobReport(
        job_id=job.job_id,
        status=job.status,
        job_directory=directory,
        return_code=job.return_code,
        # Older tools leave them directly in the job directory (protocol section 2.3).
        stdout=stream("tool_stdout", Directory.METADATA, Directory.JOB),
        stderr=stream("tool_stderr", Directory.METADATA, Directory.JOB),
        job_stdout=stream("job_stdout", Directory.METADATA),
        job_stderr=stream("job_stderr", Directory.METADATA) or job.reason,
        working_directory_contents=contents[Directory.WORKING],
        metadata_directory_contents=contents[Directory.METADATA],
        outputs_directory_contents=contents[Directory.OUTPUTS],
        job_directory_contents=contents[Directory.JOB],
        dynamic_files=_dynamic_files(rules, store, job),
    )


def _dynamic_files(rules: ManagerRules, store: JobStore, job: Job) -> list[tuple[DynamicFileSource, str]]:
    try:
        sources = store.submission(job.key).dynamic_file_sources
    except UnknownJob:
        # Cancelled before it was submitted.
        return []
    found = []
    for source in sources:
        file = JobFile(Directory.WORKING, RelativePath.parse(source.path))
        contents = rules.files.read_text(job.directory, file, None)
        if contents is not None:
            found.append((source, contents))
    return found
