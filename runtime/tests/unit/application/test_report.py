"""What a client is told of a job's end (protocol section 3.2)."""

from __future__ import annotations

import os

import pytest

from pulsar_runtime.domain.ids import JobId
from pulsar_runtime.domain.job import Submission
from pulsar_runtime.domain.paths import Directory, JobFile, RelativePath
from pulsar_runtime.domain.staging import DynamicFileSource
from pulsar_runtime.domain.status import JobStatus
from runtime.tests.unit.application.served import Served
from runtime.tests.unit.application.supervision import MAIN


def put(served: Served, directory: Directory, name: str, data: bytes) -> None:
    with served.files.receiving("/staging/1", JobFile(directory, RelativePath.parse(name))) as descriptor:
        os.write(descriptor, data)


def test_a_report_holds_what_the_job_left(served: Served) -> None:
    job = served.ended(code=3)
    put(served, Directory.METADATA, "tool_stdout", b"tool out")
    put(served, Directory.METADATA, "tool_stderr", b"tool err")
    put(served, Directory.METADATA, "job_stdout", b"job out")
    put(served, Directory.METADATA, "job_stderr", b"job err")
    put(served, Directory.WORKING, "sub/x", b"")
    put(served, Directory.OUTPUTS, "out.dat", b"")
    report = served.service.report(job)
    assert (report.job_id, report.status, report.return_code) == ("1", JobStatus.COMPLETE, 3)
    assert (report.stdout, report.stderr) == ("tool out", "tool err")
    assert (report.job_stdout, report.job_stderr) == ("job out", "job err")
    assert (report.job_directory, report.working_directory, report.metadata_directory) == (
        "/staging/1",
        "/staging/1/working",
        "/staging/1/metadata",
    )
    assert list(report.working_directory_contents) == ["sub/x"]
    assert list(report.outputs_directory_contents) == ["out.dat"]
    assert list(report.metadata_directory_contents) == [
        "job_stderr",
        "job_stdout",
        "tool_stderr",
        "tool_stdout",
    ]
    assert {"working", "outputs", "tool_id"} <= set(report.job_directory_contents)


def test_streams_in_the_old_place_are_found(served: Served) -> None:
    """Directly in the job directory (protocol section 2.3)."""
    job = served.ended()
    put(served, Directory.JOB, "tool_stdout", b"old place")
    assert served.service.report(job).stdout == "old place"
    put(served, Directory.METADATA, "tool_stdout", b"")
    assert served.service.report(job).stdout == ""


def test_streams_are_cut_at_the_limit_and_decoded_leniently(served: Served) -> None:
    job = served.ended()
    for name in ("tool_stdout", "tool_stderr", "job_stdout", "job_stderr"):
        put(served, Directory.METADATA, name, b"0123456\xff\xc3\xa9and so on")
    report = served.service.report(job)
    expected = "0123456\ufffd\u00e9"
    streams = [report.stdout, report.stderr, report.job_stdout, report.job_stderr]
    assert streams == [expected] * 4


def test_a_job_without_streams_has_empty_ones(served: Served) -> None:
    report = served.service.report(served.ended())
    assert (report.stdout, report.stderr, report.job_stdout, report.job_stderr) == ("",) * 4


def test_the_reason_of_an_end_stands_in_for_the_jobs_own_stream(served: Served) -> None:
    job = served.running()
    served.world.host.vanish(f"{job.key}-1")
    report = served.service.report(served.world.now(job))
    assert (report.status, report.return_code) == (JobStatus.LOST, None)
    assert "vanished" in report.job_stderr


def test_dynamic_files_that_are_there_come_with_their_text(served: Served) -> None:
    """Those that are not are left out (protocol section 3.6)."""
    served.setup()
    there, missing = DynamicFileSource("galaxy.json", "galaxy"), DynamicFileSource("no.json", "legacy_galaxy")
    served.submit(submission=Submission(command_line="true", dynamic_file_sources=(missing, there)))
    text = "longer than any stream: \u00e9 {}"
    put(served, Directory.WORKING, "galaxy.json", text.encode())
    put(served, Directory.OUTPUTS, "no.json", b"{}")
    served.service.cancel(MAIN, JobId("1"))
    report = served.service.report(served.service.known(MAIN, JobId("1")))
    assert list(report.dynamic_files) == [(there, text)]


def test_a_job_that_was_never_submitted_has_no_dynamic_files(served: Served) -> None:
    served.setup()
    served.service.cancel(MAIN, JobId("1"))
    report = served.service.report(served.service.known(MAIN, JobId("1")))
    assert (report.status, list(report.dynamic_files)) == (JobStatus.CANCELLED, [])


@pytest.mark.parametrize("name", ["unknown", "\u00e9"])
def test_an_unknown_job_is_lost_and_empty(served: Served, name: str) -> None:
    report = served.service.report_unknown(MAIN, JobId(name))
    assert (report.job_id, report.status, report.return_code) == (name, JobStatus.LOST, None)
    assert report.job_directory == f"/staging/{name}"
    assert (report.stdout, list(report.working_directory_contents)) == ("", [])
