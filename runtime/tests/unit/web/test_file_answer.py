"""Ranges of a file (RFC 9110 section 14)."""

from __future__ import annotations

from io import FileIO
from pathlib import Path

import pytest

from pulsar_runtime.web.answer import Answer
from pulsar_runtime.web.file_answer import file_answer
from runtime.tests.unit.web.web_world import environ

DATA = b"0123456789"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(DATA)
    return path


def ask(file: Path, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    answer: Answer = file_answer({**environ(method, "/"), **headers}, FileIO(file))
    body = b"".join(answer.body)
    if hasattr(answer.body, "close"):
        answer.body.close()
    return answer.status, dict(answer.all_headers()), body


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("bytes=0-0", slice(0, 1)),
        ("bytes=2-5", slice(2, 6)),
        ("bytes=9-9", slice(9, 10)),
        ("bytes=3-", slice(3, 10)),
        ("bytes=0-", slice(0, 10)),
        ("bytes=3-1000", slice(3, 10)),
        ("bytes=3-" + "9" * 500, slice(3, 10)),
        ("bytes=-3", slice(7, 10)),
        ("bytes=-1000", slice(0, 10)),
        ("Bytes=0-1", slice(0, 2)),
    ],
)
def test_one_range_is_that_part(file: Path, wanted: str, part: slice) -> None:
    status, headers, body = ask(file, HTTP_RANGE=wanted)
    assert (status, body) == (206, DATA[part])
    assert headers["Content-Range"] == f"bytes {part.start}-{part.stop - 1}/10"
    assert headers["Content-Length"] == str(len(body))


@pytest.mark.parametrize("wanted", ["bytes=10-", "bytes=10-20", "bytes=-0", "bytes=99999999999999999999-"])
def test_a_range_behind_the_end_cannot_be_satisfied(file: Path, wanted: str) -> None:
    status, headers, body = ask(file, HTTP_RANGE=wanted)
    assert (status, body, headers["Content-Range"]) == (416, b"", "bytes */10")


@pytest.mark.parametrize(
    "wanted",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=5-2",
        "bytes=0-1,3-4",
        "lines=0-1",
        "bytes=\u0661-",
        "bytes= 0-1",
    ],
)
def test_what_is_no_single_range_of_bytes_is_ignored(file: Path, wanted: str) -> None:
    status, headers, body = ask(file, HTTP_RANGE=wanted)
    assert (status, body, headers["Content-Length"]) == (200, DATA, "10")
    assert "Content-Range" not in headers


def test_a_part_continues_only_the_same_file(file: Path) -> None:
    _, headers, _ = ask(file)
    assert headers["Accept-Ranges"] == "bytes"
    same = ask(file, HTTP_RANGE="bytes=5-", HTTP_IF_RANGE=headers["ETag"])
    assert (same[0], same[2]) == (206, DATA[5:])
    file.write_bytes(b"another content")
    other = ask(file, HTTP_RANGE="bytes=5-", HTTP_IF_RANGE=headers["ETag"])
    assert (other[0], other[2]) == (200, b"another content")
    assert other[1]["ETag"] != headers["ETag"]


def test_the_head_of_a_part_has_no_body(file: Path) -> None:
    status, headers, body = ask(file, "HEAD", HTTP_RANGE="bytes=2-5")
    assert (status, headers["Content-Length"], body) == (206, "4", b"")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("size", [0, 10, 100_000])
def test_the_file_is_closed_once_it_was_sent(tmp_path: Path, method: str, size: int) -> None:
    (tmp_path / "large").write_bytes(b"x" * size)
    file = FileIO(tmp_path / "large")
    answer = file_answer(environ(method, "/"), file)
    assert sum(map(len, answer.body)) == (size if method == "GET" else 0)
    if hasattr(answer.body, "close"):
        answer.body.close()
    assert file.closed


def test_a_part_of_a_large_file_begins_where_it_should(tmp_path: Path) -> None:
    """Large ones are sent by the server itself, from where the file stands."""
    data = bytes(range(256)) * 4000
    (tmp_path / "large").write_bytes(data)
    status, headers, body = ask(tmp_path / "large", HTTP_RANGE="bytes=1000-")
    assert (status, headers["Content-Length"]) == (206, str(len(data) - 1000))
    assert body == data[1000:]
