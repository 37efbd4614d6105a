"""Job routes: setup, submit, status, cancel, clean (protocol sections 1.4 and 14.3)."""

from __future__ import annotations

from urllib.parse import quote

import attrs
import pytest

from pulsar_runtime.protocol.version import PULSAR_VERSION
from runtime.tests.unit.application.supervision import A_MOMENT
from runtime.tests.unit.web.steps import PROTECTED, WAYS, end, run, setup, status
from runtime.tests.unit.web.web_world import Reply, WebWorld


def test_a_job_from_setup_to_clean(web: WebWorld) -> None:
    answer = setup(web).json
    assert (answer["job_id"], answer["job_directory"]) == ("101", "/staging/101")
    assert (answer["tool_id"], answer["pulsar_version"]) == ("cat1", PULSAR_VERSION)
    assert status(web).json == {"complete": "false", "status": "preprocessing", "job_id": "101"}
    uploaded = web.call("POST", "/jobs/101/files?name=in.dat&type=input", b"data")
    assert uploaded.json == {"path": "/staging/101/inputs/in.dat"}
    assert web.call("POST", "/jobs/101/submit?command_line=true").body == b"OK"
    web.served.world.pass_time(A_MOMENT)
    assert status(web).json == {"complete": "false", "status": "running", "job_id": "101"}
    end(web, 3)
    ended = status(web).json
    assert (ended["status"], ended["complete"], ended["returncode"]) == ("complete", "true", 3)
    assert web.call("DELETE", "/jobs/101").body == b"OK"
    assert status(web).json["status"] == "lost"
    assert web.served.files.trees == {}


def test_a_running_job_is_cancelled(web: WebWorld) -> None:
    run(web)
    assert web.call("PUT", "/jobs/101/cancel").body == b"OK"
    cancelled = status(web).json
    assert (cancelled["status"], cancelled["complete"]) == ("cancelled", "true")


def test_the_job_of_a_named_manager_is_another(web: WebWorld) -> None:
    assert web.call("POST", "/managers/keeping/jobs?job_id=101").json["job_directory"] == "/kept/101"
    assert web.call("GET", "/managers/keeping/jobs/101/status").json["status"] == "preprocessing"
    assert status(web).json["status"] == "lost"


def test_a_manager_that_assigns_ids_is_asked_by_either_id(web: WebWorld) -> None:
    assigned = web.call("POST", "/managers/assigning/jobs?job_id=7").json["job_id"]
    assert len(assigned) == 32
    for name in ("7", assigned):
        answer = web.call("GET", f"/managers/assigning/jobs/{name}/status").json
        assert (answer["status"], answer["job_id"]) == ("preprocessing", assigned)


@pytest.mark.parametrize(
    "name", ["with space", "quo'te", "a;b", "$(x)", "na\u00efve \u2603", "a%2Fb", "a+b", "?", "#"]
)
def test_an_id_may_look_strange(web: WebWorld, name: str) -> None:
    assert setup(web, name).json["job_id"] == name
    reply = web.call("GET", f"/jobs/{quote(name, safe='')}/status")
    assert reply.json == {"complete": "false", "status": "preprocessing", "job_id": name}


def test_json_is_ascii(web: WebWorld) -> None:
    assert b"na\\u00efve" in setup(web, "na\u00efve").body


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_a_status_may_be_asked_for_with_any_method(web: WebWorld, method: str) -> None:
    setup(web)
    assert web.call(method, "/jobs/101/status?job_id=other").json["job_id"] == "101"


# --- both ways ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "target"),
    [
        *PROTECTED,
        ("GET", "/jobs/1/status?private_token=x&job_id=1"),
        ("GET", "/managers/_default_/jobs/1/status"),
        ("GET", "/managers/nope/jobs/1/status"),
        ("GET", "/jobs/../status"),
        ("GET", "/jobs/1/status?a=%FF"),
        ("POST", "/jobs"),
        ("POST", "/jobs?job_id=%FF"),
        ("PATCH", "/jobs/1/files"),
        ("GET", "/jobs/1/files?name=out"),
    ],
)
def test_both_ways_give_the_same_answer(method: str, target: str) -> None:
    """Whatever became of the job; why there are two ways is told in decision record 0005."""
    answers: list[list[Reply]] = []
    for way in WAYS:
        web = WebWorld(way)
        answers.append([ask(web, method, target)])
        setup(web, "1")
        web.call("POST", "/jobs/1/files?name=out&type=output", b"result")
        answers[-1].append(ask(web, method, target))
        run(web, "1")
        answers[-1].append(ask(web, method, target))
        end(web)
        answers[-1].append(ask(web, method, target))
    assert answers[0] == answers[1]


def ask(web: WebWorld, method: str, target: str) -> Reply:
    """Make a request; leave out of the answer what differs without a reason."""
    reply = web.call(method, target, b"body")
    reply.headers.pop("ETag", None)
    # gunicorn sends no body in answer to HEAD, whatever an application says.
    return attrs.evolve(reply, body=b"") if method == "HEAD" else reply
