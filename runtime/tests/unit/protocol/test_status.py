"""The two forms of a status (protocol sections 3.1 and 3.2)."""

from __future__ import annotations

import json

import pytest

from pulsar_runtime.application.report import JobReport
from pulsar_runtime.domain.ids import JobId
from pulsar_runtime.domain.staging import DynamicFileSource
from pulsar_runtime.domain.status import JobStatus
from pulsar_runtime.protocol import status
from pulsar_runtime.protocol.version import PULSAR_VERSION

ONE = JobId("101")
FULL = JobReport(
    job_id=ONE,
    status=JobStatus.COMPLETE,
    job_directory="/staging/101",
    return_code=3,
    stdout="out \u00e9",
    stderr="err",
    job_stdout="job out",
    job_stderr="job err",
    working_directory_contents=["a", "sub/b"],
    metadata_directory_contents=["m"],
    outputs_directory_contents=["o"],
    job_directory_contents=["outputs", "working"],
    dynamic_files=[(DynamicFileSource("galaxy.json", "galaxy"), "{}")],
)


@pytest.mark.parametrize("word", ["preprocessing", "queued", "running", "postprocessing"])
def test_a_job_that_goes_on_is_told_in_three_keys(word: str) -> None:
    """``complete`` is a text, never a boolean."""
    assert status.unfinished(ONE, JobStatus(word)) == {"complete": "false", "status": word, "job_id": "101"}


def test_a_job_that_has_ended_is_told_in_full() -> None:
    answer = status.finished(FULL, {"galaxy_home": "/galaxy"})
    assert answer == {
        "job_id": "101",
        "complete": "true",
        "status": "complete",
        "returncode": 3,
        "stdout": "out \u00e9",
        "stderr": "err",
        "job_stdout": "job out",
        "job_stderr": "job err",
        "working_directory": "/staging/101/working",
        "metadata_directory": "/staging/101/metadata",
        "job_directory": "/staging/101",
        "working_directory_contents": ["a", "sub/b"],
        "metadata_directory_contents": ["m"],
        "outputs_directory_contents": ["o"],
        "job_directory_contents": ["outputs", "working"],
        "system_properties": {"separator": "/", "galaxy_home": "/galaxy"},
        "pulsar_version": PULSAR_VERSION,
        "realized_dynamic_file_sources": [{"path": "galaxy.json", "type": "galaxy", "contents": "{}"}],
    }
    assert json.loads(json.dumps(answer)) == answer


@pytest.mark.parametrize("word", ["complete", "failed", "cancelled", "lost"])
def test_nothing_is_left_out_of_an_empty_end(word: str) -> None:
    """An unknown job too has every key: a missing one is a crash of Galaxy's."""
    answer = status.finished(JobReport(job_id=ONE, status=JobStatus(word), job_directory="/s/101"), {})
    assert answer.keys() == status.finished(FULL, {}).keys()
    assert (answer["status"], answer["complete"], answer["returncode"]) == (word, "true", None)
    assert [value for key, value in answer.items() if key.endswith("_contents")] == [[], [], [], []]
    assert answer["realized_dynamic_file_sources"] == []
    # A null would make Galaxy read a file instead (protocol section 3.5).
    assert [answer[key] for key in ("stdout", "stderr", "job_stdout", "job_stderr")] == ["", "", "", ""]
