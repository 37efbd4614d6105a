"""The cache's directory; what any cache owes the routes is in the contract rung (protocol section 1.5)."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from pulsar_runtime.domain.errors import MalformedRequest
from pulsar_runtime.store.file_cache import DirectoryFileCache

TOKEN = "0123456789abcdef" * 4


@pytest.fixture
def cache(tmp_path: Path) -> DirectoryFileCache:
    return DirectoryFileCache(tmp_path / "cache")


@pytest.mark.parametrize(
    "token",
    ["", "x", "a" * 63, "a" * 65, "A" * 64, "../" + "a" * 61, "/" + "a" * 63, "a" * 63 + "\n", "\u0661" * 64],
)
def test_only_a_token_is_a_token(cache: DirectoryFileCache, tmp_path: Path, token: str) -> None:
    for call in (cache.claim, cache.ready, cache.open):
        with pytest.raises(MalformedRequest):
            call(token)
    with pytest.raises(MalformedRequest), cache.receiving(token):
        pass
    assert list(tmp_path.rglob("*")) == []


def test_a_file_is_stored_under_its_token_for_this_user_alone(
    cache: DirectoryFileCache, tmp_path: Path
) -> None:
    with cache.receiving(TOKEN) as descriptor:
        os.write(descriptor, b"data")
    (stored,) = (tmp_path / "cache").iterdir()
    assert (stored.name, stored.read_bytes()) == (TOKEN, b"data")
    assert stored.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700


def test_an_upload_that_breaks_off_leaves_no_file(cache: DirectoryFileCache, tmp_path: Path) -> None:
    with pytest.raises(ConnectionResetError), cache.receiving(TOKEN):
        raise ConnectionResetError
    assert list((tmp_path / "cache").iterdir()) == []


def test_what_is_known_survives_the_process(tmp_path: Path) -> None:
    first = DirectoryFileCache(tmp_path)
    assert first.claim(TOKEN)
    assert not DirectoryFileCache(tmp_path).claim(TOKEN)
    with first.receiving(TOKEN) as descriptor:
        os.write(descriptor, b"data")
    assert DirectoryFileCache(tmp_path).ready(TOKEN)


def test_a_caller_who_never_uploaded_is_not_waited_for_for_ever(
    cache: DirectoryFileCache, tmp_path: Path
) -> None:
    """With the reference nobody else ever would (protocol section 1.5)."""
    assert cache.claim(TOKEN)
    assert not cache.claim(TOKEN)
    (claim,) = (tmp_path / "cache").iterdir()
    yesterday = time.time() - 24 * 3600
    os.utime(claim, (yesterday, yesterday))
    assert cache.claim(TOKEN)
    assert not cache.claim(TOKEN)


def test_of_callers_at_once_one_is_to_upload(cache: DirectoryFileCache) -> None:
    barrier, claims = threading.Barrier(8), []

    def claim() -> None:
        barrier.wait(10)
        claims.append(cache.claim(TOKEN))

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(claims) == [False] * 7 + [True]
