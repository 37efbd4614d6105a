"""A real Galaxy's requests in the modes in which the server moves the files, replayed beside a files API.

The API gives what Galaxy gave when it was recorded; we must send what the recorded server sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.tests.files_api import FilesApi, running_files_api
from runtime.tests.live_server import LiveServer
from runtime.tests.protocol.galaxy_files import endpoint, fetched, sent
from runtime.tests.protocol.recordings import RecordedJob, recorded_jobs
from runtime.tests.protocol.replay import Replay

JOBS = recorded_jobs("rest-pull", "rest-tus")
#: Files of metrics: which ones there are, and what they say, is configuration.
METRICS = "__instrument_"


@pytest.fixture(scope="module")
def galaxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FilesApi]:
    with running_files_api(tmp_path_factory.mktemp("galaxy")) as api:
        api.any_key = True
        yield api


@pytest.mark.parametrize("job", [job for job in JOBS if "resubmit" not in job.name], ids=lambda job: job.name)
def test_a_recorded_job_moves_the_recorded_files(
    job: RecordedJob, server: LiveServer, galaxy: FilesApi
) -> None:
    replay = replaying(server, galaxy, job)
    before = len(galaxy.calls)
    for exchange in job.exchanges:
        if exchange.operation == "GET status":
            status = replay.poll(exchange, exchange.answer["status"])
            if exchange.answer["complete"] == "true":
                assert [status[key] for key in ("status", "complete", "stdout", "stderr")] == [
                    exchange.answer[key] for key in ("status", "complete", "stdout", "stderr")
                ]
                if status["status"] == "complete":
                    assert status["returncode"] == exchange.answer["returncode"]
        else:
            assert replay.send(exchange).code == 200, exchange.operation
    calls = galaxy.calls[before:]
    got = {(call.path, call.file_type) for call in calls if call.method == "GET"}
    assert got == {(file.path, file.file_type) for file in fetched(job)}
    given = {
        (call.path, call.file_type) for call in calls if call.method == "POST" and call.endpoint == "files"
    }
    wanted = sent(job)
    assert without_metrics(given) == without_metrics({(file.path, file.file_type) for file in wanted})
    for file in wanted:
        if file.content is not None and METRICS not in file.path and not is_of_the_machine(job, file.path):
            recorded = replay.mapped(file.content.encode()).decode()
            assert meaning(galaxy.file(file.path).read_text()) == meaning(recorded), file.path


@pytest.mark.parametrize("job", [job for job in JOBS if "resubmit" in job.name], ids=lambda job: job.name)
def test_a_job_whose_files_cannot_be_had_fails_with_a_reason_and_may_be_sent_again(
    job: RecordedJob, server: LiveServer, galaxy: FilesApi
) -> None:
    """The recorded server repeated the first failure; the protocol wants the new job (wire/README.md)."""
    replay = replaying(server, galaxy, job)
    statuses = []
    for exchange in job.exchanges:
        if exchange.operation == "GET status":
            statuses.append(replay.poll(exchange))
        else:
            assert replay.send(exchange).code == 200
    first, second = statuses
    assert (first["status"], first["returncode"]) == ("failed", 1)
    assert "scp" in first["job_stderr"]
    assert "scp" not in second["job_stderr"]


def replaying(server: LiveServer, galaxy: FilesApi, job: RecordedJob) -> Replay:
    """Give Galaxy the files of a job, and send its requests with our files API in place of Galaxy's."""
    replay = Replay(
        server, endpoints={endpoint(job).partition("/api/")[0]: f"http://127.0.0.1:{galaxy.port}"}
    )
    for file in fetched(job):
        assert file.content is not None, file.path
        content = replay.mapped(file.content.encode())
        if "cancel" not in job.name:
            # Some tools wait for Galaxy to be restarted.
            content = re.sub(rb"sleep \d+", b"sleep 0.2", content)
        galaxy.write(file.path, content)
    return replay


def without_metrics(files: set[tuple[str, str]]) -> set[tuple[str, str]]:
    return {(path, kind) for path, kind in files if not Path(path).name.startswith(METRICS)}


def is_of_the_machine(job: RecordedJob, path: str) -> bool:
    """Tell whether an output lists the environment of the machine (the fifth one of the tool `multi`)."""
    contents = [file.content or "" for file in sent(job) if file.path == path]
    return any("GALAXY_SLOTS" in content for content in contents)


def meaning(text: str) -> object:
    """Return what a text says: recordings hold JSON without the spaces that it had."""
    try:
        return json.loads(text)
    except ValueError:
        return text
