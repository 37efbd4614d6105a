"""Uploads that break off, lie about their length, or do not come at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime.tests.bad_input.answers import assert_refused
from runtime.tests.bad_input.api import Api, job_path, new_id
from runtime.tests.bad_input.raw_connection import RawConnection
from runtime.tests.live_server import LiveServer, wait_until

Leave = Callable[[RawConnection], None]

#: How a client may go away in the middle.
LEAVING: dict[str, Leave] = {"closes": RawConnection.close, "resets": RawConnection.reset}
#: What it said and sent until then.
BEGINNINGS = {
    "length": b"Content-Length: 300000\r\n\r\n" + b"x" * 150_000,
    "length, nothing": b"Content-Length: 300000\r\n\r\n",
    "length, all but one": b"Content-Length: 300000\r\n\r\n" + b"x" * 299_999,
    "chunks": b"Transfer-Encoding: chunked\r\n\r\n" + b"10000\r\n" + b"x" * 65_536 + b"\r\n",
    "chunks, within one": b"Transfer-Encoding: chunked\r\n\r\n10000\r\n" + b"x" * 1000,
    "chunks, without the last": b"Transfer-Encoding: chunked\r\n\r\n5\r\nxxxxx\r\n0\r\n",
    "chunks, nothing": b"Transfer-Encoding: chunked\r\n\r\n",
}
NOT_CHUNKS = [
    b"zz\r\nxxxxx\r\n0\r\n\r\n",
    b"-5\r\nxxxxx\r\n0\r\n\r\n",
    b"5\r\nxxxxxyyy\r\n0\r\n\r\n",
    b"\r\n\r\n",
    b"5 5\r\nxxxxx\r\n0\r\n\r\n",
    b"0x5\r\nxxxxx\r\n0\r\n\r\n",
]


@pytest.fixture
def job(api: Api) -> tuple[str, Path]:
    """Provide a job with an input named old."""
    job_id = new_id()
    directory = api.setup(job_id)
    assert api.upload(job_id, "old", "input", b"intact").code == 200
    return job_id, directory / "inputs"


@pytest.mark.parametrize("leave", LEAVING.values(), ids=LEAVING)
@pytest.mark.parametrize("beginning", BEGINNINGS.values(), ids=BEGINNINGS)
@pytest.mark.parametrize("name", ["new", "old", "sub/new"])
def test_an_upload_that_breaks_off_leaves_no_file_and_the_old_one_intact(
    server: LiveServer, job: tuple[str, Path], name: str, beginning: bytes, leave: Leave
) -> None:
    job_id, inputs = job
    connection = RawConnection(server)
    connection.send(_head(server, job_id, name) + beginning)
    wait_until(lambda: _partial_files(inputs) != [], 10, "the upload has begun", server)
    leave(connection)
    wait_until(lambda: _partial_files(inputs) == [], 10, "the upload's beginning is gone", server)
    assert _files(inputs) == ["old"]
    assert (inputs / "old").read_bytes() == b"intact"


@pytest.mark.parametrize("beginning", [one for name, one in BEGINNINGS.items()], ids=BEGINNINGS)
def test_a_client_that_sends_no_more_is_told_that_its_upload_is_not_whole(
    server: LiveServer, job: tuple[str, Path], beginning: bytes
) -> None:
    job_id, inputs = job
    with RawConnection(server) as connection:
        connection.send(_head(server, job_id, "old") + beginning)
        connection.send_no_more()
        assert_refused(connection.answer(), 400)
    assert _files(inputs) == ["old"]
    assert (inputs / "old").read_bytes() == b"intact"


@pytest.mark.parametrize("body", NOT_CHUNKS)
def test_chunks_that_are_none_are_refused(server: LiveServer, job: tuple[str, Path], body: bytes) -> None:
    job_id, inputs = job
    with RawConnection(server) as connection:
        connection.send(_head(server, job_id, "old") + b"Transfer-Encoding: chunked\r\n\r\n" + body)
        assert_refused(connection.answer(), 400)
        assert connection.receive() == b"", "where the next request begins is not known: the connection ends"
    assert _files(inputs) == ["old"]
    assert (inputs / "old").read_bytes() == b"intact"


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: x\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: 5, 5\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: gzip\r\n",
        b"Transfer-Encoding: chunked, chunked\r\n",
    ],
)
def test_a_length_that_could_be_read_in_two_ways_is_refused(
    server: LiveServer, job: tuple[str, Path], headers: bytes
) -> None:
    job_id, inputs = job
    with RawConnection(server) as connection:
        connection.send(_head(server, job_id, "new") + headers + b"\r\n5\r\nhello\r\n0\r\n\r\n")
        assert_refused(connection.answer(), 400)
        assert connection.receive() == b""
    assert _files(inputs) == ["old"]


def test_a_chunked_upload_arrives(server: LiveServer, job: tuple[str, Path]) -> None:
    job_id, inputs = job
    chunks = b"".join(b"%x\r\n%s\r\n" % (size, b"c" * size) for size in (1, 10, 65_536, 3))
    with RawConnection(server) as connection:
        connection.send(_head(server, job_id, "new") + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
        connection.send(b"0\r\n\r\n")
        assert connection.answer().code == 200
    assert (inputs / "new").read_bytes() == b"c" * 65_550


@pytest.mark.parametrize(
    "framing", [b"Content-Length: 0\r\n\r\n", b"\r\n", b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"]
)
def test_an_empty_upload_makes_an_empty_file(
    server: LiveServer, job: tuple[str, Path], framing: bytes
) -> None:
    """A trap of protocol.md section 11."""
    job_id, inputs = job
    with RawConnection(server) as connection:
        connection.send(_head(server, job_id, "old") + framing)
        assert connection.answer().code == 200
    assert (inputs / "old").read_bytes() == b""


def test_a_client_that_waits_for_permission_gets_it_and_its_file_arrives(
    server: LiveServer, job: tuple[str, Path]
) -> None:
    """protocol.md section 1.1: libcurl asks for it above 1 MiB."""
    job_id, inputs = job
    with RawConnection(server) as connection:
        connection.send(_head(server, job_id, "new") + b"Content-Length: 7\r\nExpect: 100-continue\r\n\r\n")
        assert connection.receive() == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.send(b"allowed")
        assert connection.answer().code == 200
    assert (inputs / "new").read_bytes() == b"allowed"


def test_a_body_is_the_file_whatever_it_is_said_to_be(api: Api, job: tuple[str, Path]) -> None:
    """protocol.md section 1.4: never form-parsed."""
    job_id, inputs = job
    for declared in (
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json",
    ):
        answer = api.ask(
            "POST",
            job_path(job_id, "/files"),
            query={"name": "new", "type": "input"},
            body=b"name=other&type=config",
            headers={"Content-Type": declared},
        )
        assert answer.code == 200
        assert (inputs / "new").read_bytes() == b"name=other&type=config"


def test_a_refused_upload_does_not_disturb_the_next_request_on_its_connection(
    server: LiveServer, job: tuple[str, Path]
) -> None:
    job_id, _ = job
    with RawConnection(server) as connection:
        body = b"GET /nope HTTP/1.1\r\nHost: x\r\n\r\n"
        connection.send(_head(server, job_id, "../x") + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        assert_refused(connection.answer(), 400)
        connection.send(f"GET /healthz?private_token={server.token} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert connection.answer().code == 200


def test_a_large_refused_upload_gets_its_answer(server: LiveServer, job: tuple[str, Path]) -> None:
    """The answer comes although the client is not through with sending."""
    job_id, _ = job
    with RawConnection(server) as connection:
        size = 20_000_000
        connection.send(_head(server, job_id, "../x") + b"Content-Length: %d\r\n\r\n" % size + b"x" * size)
        assert_refused(connection.answer(), 400)


def test_uploads_of_one_file_at_once_leave_one_of_them_whole(
    api: Api, server: LiveServer, job: tuple[str, Path]
) -> None:
    job_id, inputs = job
    connections = [RawConnection(server) for _ in range(8)]
    for number, connection in enumerate(connections):
        connection.send(_head(server, job_id, "same") + b"Content-Length: 200000\r\n\r\n")
        connection.send(b"%d" % number * 100_000)
    for number, connection in enumerate(connections):
        connection.send(b"%d" % number * 100_000)
    for connection in connections:
        assert connection.answer().code == 200
        connection.close()
    content = (inputs / "same").read_bytes()
    assert content in [b"%d" % number * 200_000 for number in range(8)]
    assert _files(inputs) == ["old", "same"]
    assert api.status(job_id)["status"] == "preprocessing"


def test_an_upload_in_progress_is_neither_listed_nor_fetched(server: LiveServer, api: Api) -> None:
    job_id = new_id()
    directory = api.setup(job_id)
    api.cancel(job_id)
    with RawConnection(server) as connection:
        connection.send(_head(server, job_id, "new", "output") + b"Content-Length: 9\r\n\r\nhalf")
        wait_until(lambda: _partial_files(directory / "outputs") != [], 10, "the upload has begun", server)
        (partial,) = _partial_files(directory / "outputs")
        assert api.wait(job_id)["outputs_directory_contents"] == []
        assert_refused(api.download(job_id, partial), 400)
        connection.send(b" done")
        assert connection.answer().code == 200
    assert api.status(job_id)["outputs_directory_contents"] == ["new"]


def test_an_upload_to_a_job_that_is_removed_meanwhile_leaves_nothing(server: LiveServer, api: Api) -> None:
    job_id = new_id()
    directory = api.setup(job_id)
    with RawConnection(server) as connection:
        connection.send(_head(server, job_id, "new") + b"Content-Length: 9\r\n\r\nhalf")
        wait_until(lambda: _partial_files(directory / "inputs") != [], 10, "the upload has begun", server)
        assert api.clean(job_id).code == 200
        connection.send(b" done")
        assert_refused(connection.answer(), 400, 404, 409)
    assert not directory.exists()


def _head(server: LiveServer, job_id: str, name: str, path_type: str = "input") -> bytes:
    target = f"{job_path(job_id)}/files?name={name}&type={path_type}&private_token={server.token}"
    return f"POST {target} HTTP/1.1\r\nHost: x\r\n".encode()


def _files(directory: Path) -> list[str]:
    """Return the files below a directory, whoever may know of them."""
    return sorted(
        os.path.relpath(os.path.join(where, name), directory)
        for where, _, names in os.walk(directory)
        for name in names
    )


def _partial_files(directory: Path) -> list[str]:
    return [name for name in _files(directory) if ".pulsar-partial-" in name]
