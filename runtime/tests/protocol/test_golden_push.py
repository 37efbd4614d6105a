"""A real Galaxy's requests in push mode, replayed: we answer as was recorded, or as the protocol wants."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from runtime.tests.live_server import LiveServer, wait_until
from runtime.tests.protocol.recordings import Exchange, RecordedJob, recorded_jobs
from runtime.tests.protocol.replay import Replay

JOBS = recorded_jobs("rest-push", "rest-push-2")
#: What every job directory has (protocol section 2.3); the rest is the server's own affair.
LAYOUT = {"inputs", "working", "outputs", "configs", "tool_files", "metadata", "tool_script.sh"}
#: Files that plugins of the job script write; which ones is configuration.
METRICS = ("__instrument_", "memory_statement.log")


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_a_recorded_job_gets_the_recorded_answers(job: RecordedJob, server: LiveServer) -> None:
    replay = Replay(server)
    status: Mapping[str, Any] = {}
    for exchange in job.exchanges:
        match exchange.operation:
            case "POST jobs":
                assert _without_version(replay.send(exchange).json) == _without_version(
                    replay.mapped_json(exchange.answer)
                )
            case "POST files":
                answer = replay.send(exchange).json
                assert answer == replay.mapped_json(exchange.answer)
                assert Path(answer["path"]).read_bytes() == replay.mapped(exchange.body)
            case "GET status":
                status = _check_status(replay, exchange)
            case "GET files":
                _check_download(replay, exchange, status)
            case "POST submit" | "PUT cancel" | "DELETE jobs":
                if exchange.operation == "PUT cancel":
                    _await_recorded_output(replay, job)
                answer_to_command = replay.send(exchange)
                assert (answer_to_command.code, answer_to_command.body) == (200, b"OK")
            case other:
                pytest.fail(f"the recording holds {other}, which no test covers")
    if job.exchanges[-1].operation == "DELETE jobs":
        assert not replay.job_directory(job.job_id).exists()


@pytest.mark.parametrize("job", [job for job in JOBS if "resubmit" in job.name], ids=lambda job: job.name)
def test_an_id_used_again_after_a_failed_staging_runs_the_new_job(
    job: RecordedJob, server: LiveServer
) -> None:
    """The recorded server repeated the first failure; the protocol wants the new job (wire/README.md)."""
    replay = Replay(server)
    statuses = []
    given = b""
    for exchange in job.exchanges:
        if exchange.operation == "GET status":
            statuses.append(replay.poll(exchange))
        else:
            assert replay.send(exchange).code == 200
        if exchange.query.get("type") == "input":
            given = exchange.body
    assert [(status["status"], status["returncode"]) for status in statuses] == [
        ("failed", 1),
        ("complete", 0),
    ]
    (output,) = (replay.job_directory(job.job_id) / "outputs").iterdir()
    assert output.read_bytes() == given + b"attempt 2\n"


def _await_recorded_output(replay: Replay, job: RecordedJob) -> None:
    """Let a job that is to be cancelled say what it had said when it was recorded."""
    said = [one.answer["stdout"] for one in job.exchanges if "stdout" in one.answer][-1].encode()
    stream = replay.job_directory(job.job_id) / "metadata" / "tool_stdout"
    if said:
        wait_until(
            lambda: stream.exists() and stream.read_bytes() == said,
            10,
            f"{stream} holds {said!r}",
            replay.server,
        )


def _check_status(replay: Replay, exchange: Exchange) -> Mapping[str, Any]:
    """Compare a status; one that was recorded half way may be a later one here."""
    wanted = replay.mapped_json(exchange.answer)
    if wanted["complete"] == "false":
        status: Mapping[str, Any] = replay.poll(exchange, wanted["status"])
        if status["status"] not in ("complete", "cancelled"):
            assert status == {**wanted, "status": status["status"]}
        return status
    status = replay.poll(exchange)
    assert status.keys() == wanted.keys()
    if wanted["status"] != "failed":  # what comes of a failure is the matter of the test above
        assert _determined(status) == _determined(wanted)
        assert set(wanted["job_directory_contents"]) & LAYOUT <= set(status["job_directory_contents"])
    return status


def _check_download(replay: Replay, exchange: Exchange, status: Mapping[str, Any]) -> None:
    name = exchange.query["name"]
    if name.startswith(METRICS):
        if name not in status["metadata_directory_contents"]:
            return
        assert replay.send(exchange).code == 200
        return
    answer = replay.send(exchange)
    assert answer.code == 200, (name, answer.body)
    if isinstance(exchange.answer, str):
        assert answer.body == replay.mapped(exchange.answer.encode())
    else:
        assert json.loads(answer.body) == exchange.answer


def _determined(status: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what depends on chance, on the machine or on the server; order lists that have no order."""
    killed = status["status"] == "cancelled"
    sources = status["realized_dynamic_file_sources"]
    return {
        **_without_version(status),
        "returncode": None if killed else status["returncode"],
        "job_stderr": None if killed else status["job_stderr"],
        "working_directory_contents": sorted(status["working_directory_contents"]),
        "outputs_directory_contents": sorted(status["outputs_directory_contents"]),
        "metadata_directory_contents": sorted(
            name for name in status["metadata_directory_contents"] if not name.startswith(METRICS)
        ),
        "job_directory_contents": None,
        "realized_dynamic_file_sources": [
            {**source, "contents": json.loads(source["contents"])} for source in sources
        ],
    }


def _without_version(answer: Mapping[str, Any]) -> dict[str, Any]:
    assert answer["pulsar_version"]
    return {key: value for key, value in answer.items() if key != "pulsar_version"}
