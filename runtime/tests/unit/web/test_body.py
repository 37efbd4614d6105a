"""Bodies go to their file as they come, and are refused when they are cut off."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from gunicorn.http.errors import InvalidChunkSize

from pulsar_runtime.domain.errors import MalformedRequest
from pulsar_runtime.web.body import receive
from runtime.tests.unit.web.web_world import environ


def received(tmp_path: Path, body: bytes, **more: object) -> bytes:
    path = tmp_path / "file"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    try:
        receive(environ("POST", "/", body, **more), descriptor, lambda: None)
    finally:
        os.close(descriptor)
    return path.read_bytes()


@pytest.mark.parametrize("body", [b"", b"x", b"\0\xff" * 1_000_000, b"a=1&b=2"], ids=len)
@pytest.mark.parametrize("content_type", ["", "application/x-www-form-urlencoded", "application/json"])
def test_a_body_is_the_file_whatever_it_is_called(tmp_path: Path, body: bytes, content_type: str) -> None:
    assert received(tmp_path, body, CONTENT_TYPE=content_type) == body


def test_a_body_of_unknown_length_ends_where_it_ends(tmp_path: Path) -> None:
    assert received(tmp_path, b"chunked", CONTENT_LENGTH="") == b"chunked"


def test_a_body_that_is_shorter_than_announced_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MalformedRequest, match="4 of 10 bytes"):
        received(tmp_path, b"half", CONTENT_LENGTH="10")


@pytest.mark.parametrize("error", [TimeoutError(), ConnectionResetError(), InvalidChunkSize(b"zz")])
def test_a_client_that_leaves_or_stalls_is_told(tmp_path: Path, error: Exception) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            if not data:
                raise error
            return data

    with pytest.raises(MalformedRequest, match="stopped"):
        received(tmp_path, b"", **{"wsgi.input": Broken(b"half"), "CONTENT_LENGTH": "10"})


def test_others_have_their_turn_during_a_long_body(tmp_path: Path) -> None:
    turns: list[None] = []
    with (tmp_path / "file").open("wb") as file:
        receive(environ("POST", "/", b"x" * 2_000_000), file.fileno(), lambda: turns.append(None))
    assert len(turns) > 1


def test_a_disk_that_takes_little_at_a_time_gets_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """write(2) may take less than it is given."""
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, bytes(data[:1000])))
    assert received(tmp_path, b"0123456789" * 1000) == b"0123456789" * 1000
