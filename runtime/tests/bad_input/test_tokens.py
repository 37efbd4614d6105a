"""Requests without a token, with a wrong one, and with one for something else."""

from __future__ import annotations

import re

import pytest

from runtime.tests.bad_input.answers import assert_refused
from runtime.tests.bad_input.api import Api, ask, new_id
from runtime.tests.bad_input.file_tree import nothing_written
from runtime.tests.bad_input.raw_connection import RawConnection
from runtime.tests.bad_input.tokens import EXPIRED_TOKEN, OTHERS_TOKEN
from runtime.tests.live_server import LiveServer

#: Every route of protocol.md sections 1.4, 1.5 and 1.7 and our own, with parameters that would be accepted.
ROUTES = [
    ("POST", "/jobs?job_id=7"),
    ("POST", "/jobs/7/submit?command_line=true"),
    ("GET", "/jobs/7/status?x=1"),
    ("PUT", "/jobs/7/cancel?x=1"),
    ("DELETE", "/jobs/7?x=1"),
    ("POST", "/jobs/7/files?name=a&type=input"),
    ("GET", "/jobs/7/files?name=a"),
    ("HEAD", "/jobs/7/files?name=a"),
    ("GET", "/jobs/7/files/path?name=a&type=input"),
    ("PUT", "/cache?path=/a"),
    ("POST", "/cache?path=/a"),
    ("GET", "/cache/status?path=/a"),
    ("GET", "/healthz?x=1"),
    ("GET", "/metrics?x=1"),
]


@pytest.mark.parametrize("prefix", ["", "/managers/_default_", "/managers/single", "/managers/unknown"])
@pytest.mark.parametrize(("method", "target"), ROUTES)
def test_every_route_answers_401_without_a_valid_token(
    server: LiveServer, method: str, target: str, prefix: str
) -> None:
    token = server.token
    wrong = [
        "",
        "wrong",
        token[:-1],
        f"{token}x",
        token.upper(),
        "%00",
        "%C3%A9",
        OTHERS_TOKEN,
        EXPIRED_TOKEN,
    ]
    with nothing_written(server):
        answers = [ask(server, method, prefix + target, body=b"x" if method == "POST" else None)]
        answers += [ask(server, method, f"{prefix}{target}&private_token={one}") for one in wrong]
        answers += [
            ask(server, method, prefix + target, headers={"Authorization": value})
            for value in ("Bearer wrong", "Bearer ", "Bearer", "Basic d3Jvbmc6d3Jvbmc=", "\xff")
        ]
    assert [answer.code for answer in answers] == [401] * len(answers)
    assert {answer.headers["www-authenticate"] for answer in answers} == {"Bearer"}


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_token_in_the_header_opens(server: LiveServer, scheme: str) -> None:
    """The name of an authentication scheme has no case (RFC 9110 section 11.1)."""
    answer = ask(server, "GET", "/healthz", headers={"Authorization": f"{scheme} {server.token}"})
    assert answer.code == 200


def test_a_token_in_the_query_opens(server: LiveServer) -> None:
    assert ask(server, "GET", f"/healthz?private_token={server.token}").code == 200


def test_a_token_in_the_query_opens_where_a_header_is_for_somebody_else(server: LiveServer) -> None:
    """A proxy in between may ask for credentials of its own."""
    target = f"/healthz?private_token={server.token}"
    assert ask(server, "GET", target, headers={"Authorization": "Basic dXNlcjpwYXNz"}).code == 200


def test_a_token_for_one_manager_opens_that_manager_alone(server: LiveServer) -> None:
    def code(path: str) -> int:
        return ask(server, "GET", f"{path}?private_token={OTHERS_TOKEN}").code

    assert code("/managers/other/healthz") == 200
    assert code("/managers/other/jobs/unknown/status") == 200
    for path in ("/healthz", "/managers/single/healthz", "/managers/_default_/healthz", "/jobs/1/status"):
        assert code(path) == 401


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [("DELETE", "", ""), ("POST", "/files", "name=secret&type=output"), ("GET", "/files", "name=secret")],
)
def test_a_token_for_one_manager_does_not_reach_a_job_of_another(
    api: Api, server: LiveServer, method: str, path: str, name: str
) -> None:
    """The same job id at another manager is another job."""
    job_id = new_id()
    directory = api.setup(job_id)
    assert api.upload(job_id, "secret", "output", b"theirs").code == 200

    target = f"/managers/other/jobs/{job_id}{path}?private_token={OTHERS_TOKEN}&{name}"
    answer = ask(server, method, target, body=b"forged")

    assert b"theirs" not in answer.body
    assert (directory / "outputs" / "secret").read_bytes() == b"theirs"
    assert api.status(job_id)["status"] == "preprocessing"


def test_an_expired_token_is_said_to_have_expired(server: LiveServer) -> None:
    answer = ask(server, "GET", f"/healthz?private_token={EXPIRED_TOKEN}")
    assert_refused(answer, 401)
    assert "expired" in str(answer.json["error"])


@pytest.mark.parametrize("path", ["/readyz", "/managers/single/readyz"])
def test_everyone_may_ask_whether_the_server_is_ready(server: LiveServer, path: str) -> None:
    answer = ask(server, "GET", path)
    assert (answer.code, answer.json) == (200, {"ready": True})


@pytest.mark.parametrize(
    "target", ["/nope", "/jobs/1/nope", "/managers/single/nope", "/", "/jobs/1/2/status"]
)
def test_an_unknown_route_is_404_with_and_without_a_token(server: LiveServer, target: str) -> None:
    for query in ("", "?private_token=wrong", f"?private_token={server.token}"):
        assert_refused(ask(server, "GET", target + query), 404)


def test_no_token_is_ever_logged(api: Api, server: LiveServer) -> None:
    """Neither by requests that are served, nor by those that are refused or break off."""
    token = server.token.encode()
    for tail in (
        b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b" HTTP/9.9\r\n\r\n",
        b" HTTP/1.1\r\nbroken\r\n\r\n",
        b" HTTP/1.1\nHost: x\n\n",
        b"&x=%ff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"&x=" + b"y" * (9 << 20) + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b" HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b" HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
        + token
        + b"\r\nTransfer-Encoding: nonsense\r\n\r\n",
    ):
        with RawConnection(server) as connection:
            connection.send(b"GET /jobs/1/status?private_token=" + token + tail)
            connection.answer()
    with RawConnection(server) as connection:
        connection.send(b"POST /jobs/1/files?name=a&type=input&private_token=" + token)
        connection.send(b" HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf")
        connection.reset()
    assert api.run("exit 3")["returncode"] == 3

    written = server.log.read_text(errors="replace")
    assert written
    for secret in (server.token, OTHERS_TOKEN, EXPIRED_TOKEN):
        assert not re.search(re.escape(secret), written, re.IGNORECASE)
