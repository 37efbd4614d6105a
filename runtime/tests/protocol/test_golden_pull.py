"""A real Galaxy's requests in the modes in which the server is to move the files itself.

This release does not: it takes every request, and the job fails with a reason that says what to do.
"""

from __future__ import annotations

import json

import pytest

from runtime.tests.live_server import LiveServer
from runtime.tests.protocol.recordings import RecordedJob, recorded_jobs
from runtime.tests.protocol.replay import Replay


@pytest.mark.parametrize("job", recorded_jobs("rest-pull", "rest-tus"), ids=lambda job: job.name)
def test_a_recorded_job_is_answered_and_fails_with_a_reason(job: RecordedJob, server: LiveServer) -> None:
    replay = Replay(server)
    action = ""
    for exchange in job.exchanges:
        if exchange.operation == "GET status":
            status = replay.poll(exchange)
            assert (status["status"], status["complete"], status["returncode"]) == ("failed", "true", 1)
            assert action in status["job_stderr"]
            continue
        answer = replay.send(exchange)
        assert answer.code == 200, (exchange.operation, answer.body)
        match exchange.operation:
            case "POST jobs":
                assert answer.json.keys() == exchange.answer.keys()
            case "POST files":
                assert answer.json == replay.mapped_json(exchange.answer)
            case "POST submit":
                action = json.loads(exchange.query["remote_staging"])["action_mapper"]["default_action"]
                assert answer.body == b"OK"
            case _:
                assert answer.body == b"OK"
