from __future__ import annotations

import json
from typing import Any

import pytest

from plugins.modules.galaxy_pulsar_probe import main
from tests.galaxy_side.galaxy_judge import GalaxyJudge
from tests.unit.galaxy_twin import HISTORY, JOB, KEY, UPLOAD, GalaxyTwin
from tests.unit.run_module import run_module
from tests.unit.scripted_server import Reply, ScriptedServer

PHASES = ["ready", "upload", "submit", "queue", "run", "check", "clean"]
PURGE = f"DELETE /api/histories/{HISTORY}"
CANCEL = f"DELETE /api/jobs/{JOB}"
DESTINATION = f"GET /api/jobs/{JOB}/destination_params"


@pytest.fixture
def galaxy(scripted_server: ScriptedServer) -> GalaxyTwin:
    twin = GalaxyTwin()
    scripted_server.reply = twin
    return twin


def probe(server: ScriptedServer, *, check: bool = False, **arguments: object) -> dict[str, Any]:
    result = run_module(main, check=check, **{"url": server.url, "api_key": KEY, "timeout": 20, **arguments})
    assert KEY not in json.dumps(result)
    assert result.get("changed", False) is False
    return result


def test_a_probe_runs_the_tool_and_purges_its_history(
    galaxy: GalaxyTwin, scripted_server: ScriptedServer
) -> None:
    result = probe(scripted_server, runner="pulsar_site")
    assert not result["failed"], result["msg"]
    assert [phase["name"] for phase in result["phases"]] == PHASES
    assert result["version"] == "26.1"
    assert result["runner"] == "pulsar_site"
    assert (result["job"]["id"], result["job"]["state"], result["job"]["exit_code"]) == (JOB, "ok", 0)
    assert galaxy.messages["/api/tools"] == {
        "history_id": HISTORY,
        "tool_id": "cat1",
        "inputs": {"input1": {"src": "hda", "id": "4838a50e9e0d1a0f"}},
    }
    assert scripted_server.requests()[-1] == PURGE
    assert scripted_server.asked[-1].query == {"purge": "true"}
    assert all(asked.headers["Content-Type"] == "application/json" for asked in scripted_server.asked)


def test_galaxy_understands_what_is_sent_and_would_answer_like_this(
    galaxy: GalaxyTwin, scripted_server: ScriptedServer, galaxy_judge: GalaxyJudge
) -> None:
    assert not probe(scripted_server)["failed"]
    for model, message in (
        ("schema.CreateHistoryPayload", galaxy.messages["/api/histories"]),
        ("fetch_data.FetchDataPayload", galaxy.messages["/api/tools/fetch"]),
        ("jobs.EncodedJobDetails", galaxy.job(JOB)),
        ("jobs.JobDestinationParams", galaxy.destination),
    ):
        assert galaxy_judge.api_problems(f"galaxy.schema.{model}", message) == []


def test_secrets_of_the_destination_are_not_told(galaxy: GalaxyTwin, scripted_server: ScriptedServer) -> None:
    result = probe(scripted_server)
    assert result["destination"] == {**galaxy.destination, "private_token": "********"}


def test_check_mode_runs_no_job(galaxy: GalaxyTwin, scripted_server: ScriptedServer) -> None:
    result = probe(scripted_server, check=True)
    assert not result["failed"]
    assert [phase["name"] for phase in result["phases"]] == ["ready"]
    assert galaxy.messages == {}
    assert scripted_server.requests() == ["GET /api/version", "GET /api/users/current", "GET /api/tools/cat1"]


def test_a_tool_without_a_dataset_runs_with_its_inputs(
    galaxy: GalaxyTwin, scripted_server: ScriptedServer
) -> None:
    inputs = {"__job_resource|environment": "site"}
    result = probe(scripted_server, tool_id="a/b/own tool/1.0", input_name="", inputs=inputs)
    assert not result["failed"]
    assert "GET /api/tools/a/b/own%20tool/1.0" in scripted_server.requests()
    assert galaxy.messages["/api/tools"]["inputs"] == inputs
    assert "/api/tools/fetch" not in galaxy.messages
    # Only for the tool that copies is it known what the output has to be.
    assert not [request for request in scripted_server.requests() if request.endswith("/display")]


def test_a_job_that_went_elsewhere_is_a_failure(galaxy: GalaxyTwin, scripted_server: ScriptedServer) -> None:
    galaxy.destination = {"Runner": "local"}
    result = probe(scripted_server, runner="pulsar_site")
    assert (result["failed"], result["phase"]) == (True, "check")
    assert "went to the runner local in place of pulsar_site" in result["msg"]
    assert scripted_server.requests()[-1] == PURGE


def test_where_it_ran_takes_an_administrator(galaxy: GalaxyTwin, scripted_server: ScriptedServer) -> None:
    galaxy.replies[DESTINATION] = Reply(b'{"err_msg": "You must be an administrator."}', 403)
    assert "destination" not in probe(scripted_server)
    galaxy.states[JOB] = ["ok"]
    result = probe(scripted_server, runner="pulsar_site")
    assert "tells only administrators where a job went" in result["msg"]


def test_a_destination_that_cannot_be_had_is_a_failure(
    galaxy: GalaxyTwin, scripted_server: ScriptedServer
) -> None:
    galaxy.replies[DESTINATION] = Reply(b"{}", 500)
    assert probe(scripted_server)["phase"] == "run"


def test_a_wrong_output_is_a_failure(galaxy: GalaxyTwin, scripted_server: ScriptedServer) -> None:
    path = f"GET /api/histories/{HISTORY}/contents/a799d38679e985db/display"
    galaxy.replies[path] = Reply(b"something else")
    result = probe(scripted_server)
    assert (result["phase"], result["job"]["state"]) == ("check", "ok")
    assert "the output is b'something else'" in result["msg"]


def test_a_failed_job_says_what_it_printed(galaxy: GalaxyTwin, scripted_server: ScriptedServer) -> None:
    galaxy.states[JOB] = ["error"]
    galaxy.printed["tool_stderr"] = "no such file"
    result = probe(scripted_server)
    assert result["phase"] == "run"
    assert "the job ended as error with exit code 3" in result["msg"]
    assert result["job_stderr"] == "no such file"
    assert "job_stdout" not in result
    assert CANCEL not in scripted_server.requests()
    assert scripted_server.requests()[-1] == PURGE


def test_a_failed_upload_is_told_apart(galaxy: GalaxyTwin, scripted_server: ScriptedServer) -> None:
    galaxy.states[UPLOAD] = ["running", "error"]
    result = probe(scripted_server)
    assert result["phase"] == "upload"
    assert "the upload, which Galaxy does in a job, too, ended as error" in result["msg"]


@pytest.mark.parametrize(
    ("state", "phase", "question"),
    [
        ("new", "queue", "does a job handler run"),
        ("queued", "queue", "does Galaxy reach it or its broker"),
        ("waiting", "queue", "what do Galaxy's logs say"),
        ("running", "run", "can it send its results to Galaxy"),
    ],
)
def test_a_job_that_takes_too_long_is_cancelled(
    galaxy: GalaxyTwin, scripted_server: ScriptedServer, state: str, phase: str, question: str
) -> None:
    galaxy.states[JOB] = [state]
    result = probe(scripted_server, timeout=1)
    assert result["phase"] == phase
    assert f"is still {state} when the time is up: " in result["msg"]
    assert question in result["msg"]
    assert scripted_server.requests()[-2:] == [CANCEL, PURGE]


def test_a_history_that_stays_is_named(galaxy: GalaxyTwin, scripted_server: ScriptedServer) -> None:
    galaxy.states[JOB] = ["error"]
    galaxy.replies[PURGE] = Reply(b'{"err_msg": "busy"}', 500)
    result = probe(scripted_server)
    assert result["phase"] == "run"
    assert "The history galaxyops.pulsar probe could not be removed either" in result["msg"]


def test_a_history_that_cannot_be_made_leaves_nothing_to_remove(
    galaxy: GalaxyTwin, scripted_server: ScriptedServer
) -> None:
    galaxy.replies["POST /api/histories"] = Reply(b'{"err_msg": "no more of them"}', 403)
    result = probe(scripted_server)
    assert result["phase"] == "upload"
    assert "answered 403 (no more of them): the user whose key api_key is may not do this" in result["msg"]
    assert PURGE not in scripted_server.requests()


def test_inputs_that_make_no_job_are_named(galaxy: GalaxyTwin, scripted_server: ScriptedServer) -> None:
    galaxy.replies["POST /api/tools"] = Reply(b'{"jobs": [], "outputs": []}')
    result = probe(scripted_server)
    assert result["phase"] == "submit"
    assert "Galaxy made 0 jobs" in result["msg"]


@pytest.mark.usefixtures("galaxy")
def test_a_wrong_key_is_named(scripted_server: ScriptedServer) -> None:
    result = probe(scripted_server, api_key="wrong-one")
    assert result["phase"] == "ready"
    assert "api_key has to be the key of a user of this Galaxy" in result["msg"]


def test_a_tool_that_is_missing_is_named(galaxy: GalaxyTwin, scripted_server: ScriptedServer) -> None:
    galaxy.replies["GET /api/tools/cat1"] = Reply(b'{"err_msg": "Could not find tool"}', 404)
    result = probe(scripted_server)
    assert result["phase"] == "ready"
    assert "Could not find tool" in result["msg"]


def test_what_is_no_galaxy_is_told_apart(galaxy: GalaxyTwin, scripted_server: ScriptedServer) -> None:
    galaxy.replies["GET /api/version"] = Reply(b"<html>")
    assert "was answered with what is not Galaxy's: <html>" in probe(scripted_server)["msg"]


@pytest.mark.parametrize(
    "wrong", [{"url": "ftp://galaxy/"}, {"api_key": "two words"}, {"ca_path": "/nowhere"}]
)
def test_what_cannot_be_used_is_refused_before(
    scripted_server: ScriptedServer, wrong: dict[str, Any]
) -> None:
    result = probe(scripted_server, **wrong)
    assert result["failed"]
    assert "two words" not in json.dumps(result)
    assert scripted_server.requests() == []
