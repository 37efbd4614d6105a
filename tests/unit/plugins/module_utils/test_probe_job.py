from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from plugins.module_utils.endpoint import Endpoint
from plugins.module_utils.probe_job import ProbeJob
from plugins.module_utils.probe_phase import ProbeFailed
from tests.unit.scripted_server import Asked, Reply, ScriptedServer

ENDED = {"complete": "true", "status": "complete", "returncode": 0, "stdout": "", "stderr": ""}
GOING_ON = {"complete": "false", "status": "queued", "job_id": "given"}


class PulsarTwin:
    """Answers as protocol sections 1.4, 2.1 and 3 have it, but for what a test wants otherwise."""

    def __init__(self) -> None:
        self.status: Mapping[str, object] = dict(ENDED)
        self.refused: dict[str, tuple[int, bytes]] = {}
        self.spoils_output = False
        self.received = b""

    def __call__(self, asked: Asked) -> Reply:
        what = f"{asked.method} {asked.path.rpartition('/')[2]}"
        if what in self.refused:
            status, body = self.refused[what]
            return Reply(body, status)
        return Reply(self.body(what, asked))

    def body(self, what: str, asked: Asked) -> bytes:
        if what == "GET healthz":
            return b'{"version": "0.16.0"}'
        if what == "POST jobs":
            places = {f"{name}_directory": f"/jobs/given/{name}" for name in ("inputs", "outputs")}
            return json.dumps({"job_id": "given", "job_directory": "/jobs/given", **places}).encode()
        if what == "GET status":
            return json.dumps(self.status).encode()
        if what == "POST files":
            self.received = asked.body
        if what == "GET files" and asked.query["type"] == "output":
            return b"something else" if self.spoils_output else self.received
        if what == "GET files":
            return b"node-7\n"
        return b"OK"


@pytest.fixture
def twin(scripted_server: ScriptedServer) -> PulsarTwin:
    answers = PulsarTwin()
    scripted_server.reply = answers
    return answers


@pytest.fixture
def probe(scripted_server: ScriptedServer) -> ProbeJob:
    endpoint = Endpoint(scripted_server.url, token=None, timeout=0.5, validate_certs=True, ca_path=None)
    return ProbeJob(endpoint, manager=None)


def failure(probe: ProbeJob) -> ProbeFailed:
    with pytest.raises(ProbeFailed) as caught:
        probe.run()
    return caught.value


@pytest.mark.usefixtures("twin")
def test_a_job_is_run_as_galaxy_runs_one_and_removed(
    scripted_server: ScriptedServer, probe: ProbeJob
) -> None:
    """In the order of protocol section 1.8, with the id that the server gave."""
    probe.run()
    assert scripted_server.requests() == [
        "GET /readyz",
        "GET /healthz",
        "POST /jobs",
        "POST /jobs/given/files",
        "POST /jobs/given/submit",
        "GET /jobs/given/status",
        "GET /jobs/given/files",
        "GET /jobs/given/files",
        "DELETE /jobs/given",
    ]
    assert [phase["name"] for phase in probe.phases] == [
        *("ready", "setup", "stage_in", "submit", "run", "stage_out", "clean")
    ]
    assert all(phase["seconds"] >= 0 for phase in probe.phases)
    assert (probe.version, probe.working_host, probe.job_directory) == ("0.16.0", "node-7", "/jobs/given")


@pytest.mark.usefixtures("twin")
def test_readiness_alone_changes_nothing(scripted_server: ScriptedServer, probe: ProbeJob) -> None:
    probe.ask_readiness()
    assert scripted_server.requests() == ["GET /readyz", "GET /healthz"]


@pytest.mark.usefixtures("twin")
def test_a_manager_is_asked_by_its_name(scripted_server: ScriptedServer) -> None:
    endpoint = Endpoint(scripted_server.url, token=None, timeout=5, validate_certs=True, ca_path=None)
    ProbeJob(endpoint, manager="big nodes").run()
    assert {asked.path.partition("/jobs")[0] for asked in scripted_server.asked} == {
        *("/managers/big%20nodes", "/managers/big%20nodes/readyz", "/managers/big%20nodes/healthz")
    }


@pytest.mark.usefixtures("twin")
def test_a_job_may_ask_for_a_user(scripted_server: ScriptedServer) -> None:
    """Protocol section 1.8: ``params`` are those of the destination, without ``submit_``."""
    endpoint = Endpoint(scripted_server.url, token=None, timeout=5, validate_certs=True, ca_path=None)
    ProbeJob(endpoint, manager=None, user="alice").run()
    (submitted,) = [asked for asked in scripted_server.asked if asked.path.endswith("/submit")]
    assert submitted.query["params"] == '{"user": "alice"}'


def test_a_job_that_does_not_end_is_cancelled_and_removed(
    twin: PulsarTwin, scripted_server: ScriptedServer, probe: ProbeJob
) -> None:
    twin.status = GOING_ON
    assert str(failure(probe)) == (
        "the job is still queued when the time is up: "
        "are all slots of the manager taken by other jobs, and does the agent run?"
    )
    assert scripted_server.requests()[-3:] == [
        *("PUT /jobs/given/cancel", "GET /jobs/given/status", "DELETE /jobs/given")
    ]
    assert probe.phases[-1]["name"] == "run"


def test_what_a_failed_job_printed_is_kept(twin: PulsarTwin, probe: ProbeJob) -> None:
    twin.status = {
        **ENDED,
        "returncode": 127,
        "stderr": "no tool",
        "job_stderr": "x" * 5000 + "cat: not found",
    }
    failed = failure(probe)
    assert "the job ended as complete with return code 127" in str(failed)
    assert failed.streams["stdout"] == ""
    assert failed.streams["stderr"].endswith("xxcat: not found")
    assert len(failed.streams["stderr"]) == 2000


def test_an_output_that_is_not_the_input_is_a_failure(
    twin: PulsarTwin, scripted_server: ScriptedServer, probe: ProbeJob
) -> None:
    twin.spoils_output = True
    assert "the output is b'something else', and the input was b'" in str(failure(probe))
    assert scripted_server.requests()[-1] == "DELETE /jobs/given"


def test_a_refused_setup_leaves_nothing_to_remove(
    twin: PulsarTwin, scripted_server: ScriptedServer, probe: ProbeJob
) -> None:
    twin.refused = {"POST jobs": (503, b"")}
    assert "POST" in str(failure(probe))
    assert scripted_server.requests()[-1] == "POST /jobs"


def test_a_job_that_cannot_be_removed_either_is_named(twin: PulsarTwin, probe: ProbeJob) -> None:
    twin.refused = {"GET files": (404, b""), "DELETE given": (409, b'{"error": "busy"}')}
    message = str(failure(probe))
    assert "/jobs/given/files was answered 404" in message
    assert "Job given could not be removed either: DELETE" in message
    assert message.endswith("was answered 409 (busy)")


def test_an_answer_that_is_not_pulsars_fails_in_its_phase(twin: PulsarTwin, probe: ProbeJob) -> None:
    twin.refused = {"POST jobs": (200, b"{}")}
    assert "names no 'job_id': is a Pulsar server at this URL?" in str(failure(probe))
    assert probe.phases[-1]["name"] == "setup"
