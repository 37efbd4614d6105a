from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from benchmarks.deadline import Deadline
from benchmarks.files_api import FilesApi, Move, running_files_api

TIMEOUT = 10


@pytest.fixture
def api() -> Iterator[FilesApi]:
    with running_files_api() as api:
        yield api


def url(api: FilesApi, path: str) -> str:
    """Name a file as the protocol does (section 5.2)."""
    return f"{api.endpoint}&path={quote(path, safe='')}&file_type=input"


def test_a_file_that_is_there_goes_out_whole(api: FilesApi, tmp_path: Path) -> None:
    given = tmp_path / "a b.dat"
    given.write_bytes(content := os.urandom(300_000))
    answer = requests.get(url(api, str(given)), timeout=TIMEOUT)
    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["ETag"]
    assert api.moves == [Move("GET", str(given), len(content))]


@pytest.mark.parametrize("size", [0, 1, 4096, 3_000_000])
def test_what_comes_in_is_measured_without_the_form_around_it(api: FilesApi, size: int) -> None:
    form = {"file": ("o.dat", os.urandom(size), "application/octet-stream")}
    answer = requests.post(url(api, "/galaxy/o.dat"), files=form, timeout=TIMEOUT)
    assert answer.json() == {"message": "ok"}
    assert api.moves == [Move("POST", "/galaxy/o.dat", size)]


def test_a_connection_is_used_again(api: FilesApi, tmp_path: Path) -> None:
    given = tmp_path / "a.dat"
    given.write_bytes(b"alpha")
    with requests.Session() as session:
        for _ in range(3):
            session.post(url(api, "/galaxy/o.dat"), files={"file": b"omega"}, timeout=TIMEOUT)
            assert session.get(url(api, str(given)), timeout=TIMEOUT).content == b"alpha"
    assert [move.size for move in api.moves] == [5] * 6


def test_a_conversation_ends_with_its_connection(api: FilesApi) -> None:
    before = threading.active_count()
    with requests.Session() as session:
        session.post(url(api, "/galaxy/o.dat"), files={"file": b"omega"}, timeout=TIMEOUT)
        assert threading.active_count() == before + 1
    Deadline(TIMEOUT, "the thread ends").until(lambda: threading.active_count() == before, every=0.01)
