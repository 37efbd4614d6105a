"""Bytes that are not UTF-8, from clients (refused) and from jobs (replaced)."""

from __future__ import annotations

import json

import pytest

from runtime.tests.bad_input.answers import assert_refused
from runtime.tests.bad_input.api import Api, ask, job_path, new_id
from runtime.tests.bad_input.file_tree import nothing_written
from runtime.tests.bad_input.raw_connection import RawConnection
from runtime.tests.live_server import LiveServer

#: Alone, cut short, overlong, and a surrogate: none is UTF-8 (RFC 3629).
NOT_UTF8 = [
    "%EF",
    "%FF",
    "%C3",
    "caf%E9",
    "%C0%AF",
    "%C0%AE%C0%AE%C0%AFx",
    "%ED%A0%80",
    "%F5%80%80%80",
    "%E2%98",
]


@pytest.mark.parametrize("text", NOT_UTF8)
def test_a_parameter_that_is_not_utf8_is_refused(server: LiveServer, api: Api, text: str) -> None:
    job_id = new_id()
    api.setup(job_id)
    token = f"&private_token={server.token}"
    with nothing_written(server):
        for method, target in (
            ("POST", f"/jobs?job_id={text}"),
            ("POST", f"/jobs?job_id=a&{text}=x"),
            ("POST", f"/jobs/{job_id}/submit?command_line={text}"),
            ("POST", f"/jobs/{job_id}/files?type=input&name={text}"),
            ("GET", f"/jobs/{job_id}/files?type=output&name={text}"),
            ("GET", f"/jobs/{job_id}/files/path?type=input&name={text}"),
            ("GET", f"/cache/status?path={text}"),
            ("GET", f"/healthz?{text}"),
        ):
            assert_refused(ask(server, method, target + token, body=b""), 400)


@pytest.mark.parametrize("text", NOT_UTF8)
def test_a_path_that_is_not_utf8_is_refused(api: Api, text: str) -> None:
    assert_refused(api.ask("GET", f"/jobs/{text}/status"), 400)
    assert_refused(api.ask("GET", f"/managers/{text}/healthz"), 400)


@pytest.mark.parametrize(
    "target", [b"/jobs/caf\xe9/status", b"/jobs/1/status?x=\xff", b"/healthz?\xc3\xa9", b"/\x80"]
)
def test_bytes_outside_ascii_in_a_request_line_are_refused(server: LiveServer, target: bytes) -> None:
    """They have to be percent-encoded (RFC 3986 section 2)."""
    with RawConnection(server) as connection:
        connection.send(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        assert_refused(connection.answer(), 400)


@pytest.mark.parametrize("text", ["100%", "%", "%zz", "a%2", "+", "a=b", "%u1234"])
def test_a_broken_escape_is_taken_as_it_is(api: Api, server: LiveServer, text: str) -> None:
    """As the query decoding of every form does (WHATWG URL, percent-decode)."""
    job_id = new_id()
    directory = api.setup(job_id)
    target = f"{job_path(job_id)}/files?type=input&name={text}&private_token={server.token}"
    assert ask(server, "POST", target, body=b"x").code == 200
    assert [path.name for path in (directory / "inputs").iterdir()] == [text.replace("+", " ")]


def test_what_a_job_writes_that_is_not_utf8_is_replaced(api: Api) -> None:
    status = api.run(
        r"""
        printf 'out \377\303 end'; printf 'err \200' >&2
        printf 'tool \xed\xa0\x80 out' > ../metadata/tool_stdout; printf '\xf0\x9f' > ../metadata/tool_stderr
        printf '{"a": "\xe9"}' > galaxy.json
        """,
        dynamic_file_sources=[{"path": "galaxy.json", "type": "galaxy"}],
    )
    assert status["returncode"] == 0
    assert status["job_stdout"] == "out \ufffd\ufffd end"
    assert status["job_stderr"] == "err \ufffd"
    # One replacement for each byte that begins nothing (Unicode section 3.9, maximal subparts).
    assert status["stdout"] == "tool \ufffd\ufffd\ufffd out"
    assert status["stderr"] == "\ufffd"
    (dynamic,) = json.loads(json.dumps(status["realized_dynamic_file_sources"]))
    assert dynamic["contents"] == '{"a": "\ufffd"}'


def test_a_stream_with_every_byte_there_is_reaches_the_client(api: Api) -> None:
    status = api.run(r"""for i in {0..255}; do printf "\\x$(printf %02x $i)"; done""")
    assert str(status["job_stdout"]).startswith("".join(map(chr, range(128))) + "\ufffd")


def test_a_name_that_is_not_utf8_is_not_listed(api: Api) -> None:
    """It could not be asked for (protocol.md section 1.9)."""
    status = api.run(
        r"""printf x > $'bad\xff'; printf x > good; mkdir $'d\xfe'; touch $'d\xfe/in' $'../o\xff'"""
    )
    assert status["working_directory_contents"] == ["good"]
    for key in ("job_directory_contents", "outputs_directory_contents", "metadata_directory_contents"):
        names = status[key]
        assert isinstance(names, list)
        for name in names:
            assert name.encode("utf-8")
