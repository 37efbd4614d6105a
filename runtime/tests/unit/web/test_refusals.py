"""What is refused, and how (protocol sections 1.1, 1.2 and 14.3)."""

from __future__ import annotations

import pytest

from pulsar_runtime.protocol.version import PULSAR_VERSION
from runtime.tests.unit.web.steps import PROTECTED, WAYS, setup, status
from runtime.tests.unit.web.web_world import WebWorld


@pytest.mark.parametrize(
    ("method", "target", "code"),
    [
        ("POST", "/jobs", 400),
        ("POST", "/jobs?job_id=", 400),
        ("POST", "/jobs?job_id=a%2Fb", 400),
        ("POST", "/jobs?job_id=..", 400),
        ("POST", "/jobs?job_id=%FF", 400),
        ("POST", "/jobs/./submit?command_line=x", 400),
        ("GET", "/jobs/../status", 400),
        ("GET", "/jobs/%FF/status", 400),
        ("GET", "/jobs/a%00b/status", 400),
        ("POST", "/jobs/101/submit", 400),
        ("POST", "/jobs/101/submit?command_line=x&env=notjson", 400),
        ("POST", "/jobs/102/submit?command_line=x", 404),
        ("POST", "/jobs/101/files?name=../x&type=input", 400),
        ("POST", "/jobs/101/files?name=x&type=bogus", 400),
        ("POST", "/jobs/101/files?name=x", 400),
        ("POST", "/jobs/101/files?type=input", 400),
        ("POST", "/jobs/101/files?name=&type=input", 400),
        ("POST", "/jobs/101/files?name=return_code&type=jobdir", 400),
        ("POST", "/jobs/101/files?name=x*&type=output_workdir", 404),
        ("GET", "/jobs/101/files", 400),
        ("GET", "/jobs/101/files?name=missing", 404),
        ("GET", "/jobs/102/files?name=missing", 404),
        ("GET", "/jobs/101/files/path?name=x", 400),
        ("GET", "/managers/nope/jobs/101/status", 404),
        ("POST", "/managers/nope/jobs?job_id=1", 404),
        ("PUT", "/cache", 400),
    ],
)
def test_a_request_that_means_nothing_is_refused(
    shared: WebWorld, method: str, target: str, code: int
) -> None:
    setup(shared)
    reply = shared.call(method, target)
    assert reply.status == code
    assert set(reply.json) == {"error"}
    assert status(shared).json["status"] == "preprocessing"


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/nope"),
        ("GET", "/"),
        ("POST", "/healthz"),
        ("HEAD", "/healthz"),
        ("HEAD", "/jobs/101/status"),
        ("OPTIONS", "/jobs"),
        ("GET", "/healthz/"),
        ("GET", "//healthz"),
        ("GET", "/jobs?job_id=101"),
        ("PUT", "/jobs?job_id=101"),
        ("GET", "/jobs/101"),
        ("GET", "/jobs/101/submit"),
        ("POST", "/jobs/101/cancel"),
        ("PUT", "/jobs/101/files"),
        ("GET", "/jobs/101/status/"),
        ("GET", "//jobs/101/status"),
        ("GET", "/jobs//status"),
        ("GET", "/jobs/a/b/status"),
        ("GET", "/JOBS/101/status"),
        ("GET", "/managers/_default_"),
        ("GET", "/managers//jobs/101/status"),
    ],
)
def test_what_is_no_route_is_404_and_never_a_redirect(shared: WebWorld, method: str, target: str) -> None:
    assert shared.call(method, target).status == 404


def test_a_body_is_never_read_as_a_form(web: WebWorld) -> None:
    form = {"CONTENT_TYPE": "application/x-www-form-urlencoded"}
    assert web.call("POST", "/jobs", b"job_id=101", **form).status == 400
    setup(web)
    web.call("POST", "/jobs/101/files?name=a&type=input", b"a=1&b=2", **form)
    assert web.served.files.trees["/staging/101"]["inputs/a"] == b"a=1&b=2"


def test_a_bug_is_answered_with_a_number(web: WebWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("detail of ours")

    monkeypatch.setattr(web.served.store, "find", fail)
    reply = status(web)
    assert reply.status == 500
    assert b"detail of ours" not in reply.body


# --- tokens ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "target"), PROTECTED)
@pytest.mark.parametrize("way", WAYS)
def test_every_route_needs_a_token(way: str, method: str, target: str) -> None:
    web = WebWorld(way, token="secret")
    joint = "&" if "?" in target else "?"
    for route in (target, f"/managers/_default_{target}", f"/managers/nope{target}"):
        for refused in (
            web.call(method, route),
            web.call(method, f"{route}{joint}private_token=wrong"),
            web.call(method, route, HTTP_AUTHORIZATION="Bearer wrong"),
            web.call(method, f"{route}{joint}private_token=secret", HTTP_AUTHORIZATION="Bearer wrong"),
        ):
            assert refused.status == 401
            assert "secret" not in refused.body.decode()
        assert web.served.files.trees == {}
    for accepted in (
        web.call(method, f"{target}{joint}private_token=secret"),
        web.call(method, target, HTTP_AUTHORIZATION="Bearer secret"),
        web.call(method, target, HTTP_AUTHORIZATION="bearer secret"),
        web.call(method, f"{target}{joint}private_token=secret", HTTP_AUTHORIZATION="Basic xyz"),
    ):
        assert accepted.status != 401


@pytest.mark.parametrize("way", WAYS)
def test_an_unknown_route_is_404_also_without_a_token(way: str) -> None:
    """First the route, then the token, then the parameters (protocol section 1.2)."""
    web = WebWorld(way, token="secret")
    assert web.call("GET", "/nope").status == 404
    assert web.call("POST", "/jobs").status == 401


@pytest.mark.parametrize("ready", [True, False])
@pytest.mark.parametrize("way", WAYS)
def test_everyone_may_ask_whether_it_is_ready_and_learns_nothing_else(
    way: str,
    ready: bool,  # noqa: FBT001 - a parameter of pytest
) -> None:
    web = WebWorld(way, token="secret")
    web.ready = ready
    reply = web.call("GET", "/readyz")
    assert (reply.status, reply.json) == (200 if ready else 503, {"ready": ready})


def test_health_tells_the_version(web: WebWorld) -> None:
    assert web.call("GET", "/healthz").json == {"version": PULSAR_VERSION}
    assert web.call("GET", "/managers/_default_/healthz").json == {"version": PULSAR_VERSION}
