"""What the cache routes may rely on, wherever the files are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pulsar_runtime.domain.errors import FileNotThere
from pulsar_runtime.ports import FileCache
from pulsar_runtime.store.file_cache import DirectoryFileCache
from pulsar_runtime.testing.file_cache import InMemoryFileCache

TOKEN, OTHER = "a" * 64, "b" * 64


@pytest.fixture(params=["twin", "directory"])
def cache(request: pytest.FixtureRequest, tmp_path: Path) -> FileCache:
    return InMemoryFileCache() if request.param == "twin" else DirectoryFileCache(tmp_path / "cache")


def insert(cache: FileCache, data: bytes) -> None:
    with cache.receiving(TOKEN) as descriptor:
        os.write(descriptor, data)


def contents(cache: FileCache) -> bytes:
    with cache.open(TOKEN) as file:
        return file.read() or b""


def test_only_the_first_who_asks_is_to_upload(cache: FileCache) -> None:
    assert [cache.claim(TOKEN), cache.claim(TOKEN), cache.claim(OTHER)] == [True, False, True]


def test_a_file_is_ready_once_it_is_there(cache: FileCache) -> None:
    cache.claim(TOKEN)
    assert not cache.ready(TOKEN)
    insert(cache, b"data\0\xff")
    assert cache.ready(TOKEN)
    assert not cache.ready(OTHER)
    assert contents(cache) == b"data\0\xff"


def test_nobody_is_to_upload_what_is_there(cache: FileCache) -> None:
    insert(cache, b"data")
    assert not cache.claim(TOKEN)


def test_a_file_is_not_ready_while_it_arrives(cache: FileCache) -> None:
    with cache.receiving(TOKEN) as descriptor:
        os.write(descriptor, b"half")
        assert not cache.ready(TOKEN)


def test_an_upload_that_breaks_off_leaves_what_was_there(cache: FileCache) -> None:
    insert(cache, b"whole")
    with pytest.raises(ConnectionResetError), cache.receiving(TOKEN) as descriptor:  # noqa: PT012 - the block is what fails
        os.write(descriptor, b"half")
        raise ConnectionResetError
    assert contents(cache) == b"whole"


def test_an_upload_that_breaks_off_leaves_nothing(cache: FileCache) -> None:
    with pytest.raises(ConnectionResetError), cache.receiving(TOKEN):
        raise ConnectionResetError
    assert not cache.ready(TOKEN)


def test_what_is_not_there_cannot_be_opened(cache: FileCache) -> None:
    with pytest.raises(FileNotThere):
        cache.open(TOKEN)


def test_two_uploads_of_one_file_do_not_mix(cache: FileCache) -> None:
    with cache.receiving(TOKEN) as first, cache.receiving(TOKEN) as second:
        os.write(first, b"1111")
        os.write(second, b"22")
    assert contents(cache) in (b"1111", b"22")
