"""File and cache routes (protocol sections 1.4 and 1.5)."""

from __future__ import annotations

import hashlib

import pytest

from runtime.tests.unit.web.steps import WAYS, setup, status
from runtime.tests.unit.web.web_world import WebWorld


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("name=a&type=input", "inputs/a"),
        ("name=dataset_1_files/sub/x.txt&type=input", "inputs/dataset_1_files/sub/x.txt"),
        ("name=../x.txt&type=config", "configs/x.txt"),
        ("name=sub/x.txt&type=workdir", "working/x.txt"),
        ("name=sub/x.txt&type=metadata", "metadata/sub/x.txt"),
        ("name=tool_script.sh&type=jobdir", "tool_script.sh"),
        ("name=na%C3%AFve%20%E2%98%83&type=input", "inputs/na\u00efve \u2603"),
        ("name=a&type=input&type=output", "outputs/a"),
    ],
)
def test_an_upload_lands_where_the_protocol_says(web: WebWorld, query: str, place: str) -> None:
    setup(web)
    reply = web.call("POST", f"/jobs/101/files?{query}", b"data\0\xff")
    assert reply.json == {"path": f"/staging/101/{place}"}
    assert web.served.files.trees["/staging/101"][place] == b"data\0\xff"
    located = web.call("GET", f"/jobs/101/files/path?{query}")
    assert located.json == reply.json


def test_a_pattern_means_a_file_that_is_there(web: WebWorld) -> None:
    setup(web)
    web.call("POST", "/jobs/101/files?name=x1.txt&type=workdir", b"old")
    reply = web.call("POST", "/jobs/101/files?name=x*&type=output_workdir", b"new")
    assert reply.json == {"path": "/staging/101/working/x1.txt"}
    assert web.call("GET", "/jobs/101/files?name=x?.txt&type=output_workdir").body == b"new"
    assert web.call("GET", "/jobs/101/files/path?name=x*&type=output_workdir").json == reply.json


def test_an_upload_that_is_cut_off_is_refused_and_leaves_the_old_file(web: WebWorld) -> None:
    setup(web)
    web.call("POST", "/jobs/101/files?name=a&type=input", b"old")
    reply = web.call("POST", "/jobs/101/files?name=a&type=input", b"half", CONTENT_LENGTH="8")
    assert reply.status == 400
    assert "4 of 8 bytes" in reply.json["error"]
    assert web.served.files.trees["/staging/101"]["inputs/a"] == b"old"


def test_an_upload_before_setup_makes_the_job(web: WebWorld) -> None:
    assert web.call("POST", "/jobs/101/files?name=a&type=input", b"x").status == 200
    assert status(web).json["status"] == "preprocessing"


def test_an_empty_upload_is_an_empty_file(web: WebWorld) -> None:
    setup(web)
    assert web.call("POST", "/jobs/101/files?name=a&type=input", CONTENT_LENGTH="").status == 200
    assert web.served.files.trees["/staging/101"]["inputs/a"] == b""


@pytest.mark.parametrize("size", [0, 1, 32 * 1024, 32 * 1024 + 1, 3_000_000])
def test_a_download_is_the_bytes_with_their_length(web: WebWorld, size: int) -> None:
    data = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    setup(web)
    web.call("POST", "/jobs/101/files?name=a&type=output", data)
    reply = web.call("GET", "/jobs/101/files?name=a")
    assert (reply.status, reply.body) == (200, data)
    assert reply.headers["Content-Length"] == str(size)
    assert reply.headers["Content-Type"] == "application/octet-stream"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    head = web.call("HEAD", "/jobs/101/files?name=a")
    # The twin makes a file anew for each answer, and so its tag.
    tags = [answer.headers.pop("ETag") for answer in (head, reply)]
    assert all(tags)
    assert (head.status, head.body, head.headers) == (200, b"", reply.headers)


# --- the cache ---------------------------------------------------------------------------------------------


def token_of(address: str, path: str) -> str:
    return hashlib.sha256(f"IP:{address}:{path}".encode()).hexdigest()


def test_a_file_is_uploaded_once_and_used_again(web: WebWorld) -> None:
    setup(web)
    token = token_of("127.0.0.1", "/a/b")
    assert [web.call("PUT", "/cache?path=/a/b").json for _ in range(2)] == [True, False]
    assert web.call("GET", "/cache/status?path=/a/b").json == {"token": token, "ready": False}
    assert web.call("POST", "/cache?path=/a/b", b"data").json is None
    assert web.call("GET", "/cache/status?path=/a/b").json == {"token": token, "ready": True}
    reply = web.call("POST", f"/jobs/101/files?name=a&type=input&cache_token={token}", b"ignored")
    assert reply.status == 200
    assert web.served.files.trees["/staging/101"]["inputs/a"] == b"data"


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [("10.0.0.1", "10.0.0.1"), ("10.0.0.1, 10.0.0.2 ", "10.0.0.2"), ("", "127.0.0.1")],
)
def test_a_cached_file_belongs_to_the_address_that_the_last_proxy_saw(
    web: WebWorld, forwarded: str, address: str
) -> None:
    reply = web.call("GET", "/cache/status?path=/a", HTTP_X_FORWARDED_FOR=forwarded)
    assert reply.json["token"] == token_of(address, "/a")


def test_an_upload_from_the_cache_that_is_not_there_leaves_nothing(web: WebWorld) -> None:
    setup(web)
    reply = web.call("POST", f"/jobs/101/files?name=a&type=input&cache_token={'a' * 64}")
    assert reply.status == 404
    assert "inputs/a" not in web.served.files.trees["/staging/101"]


@pytest.mark.parametrize("way", WAYS)
def test_without_a_cache_its_routes_say_so(way: str) -> None:
    web = WebWorld(way, cache=False)
    setup(web)
    for reply in (
        web.call("PUT", "/cache?path=/a"),
        web.call("POST", "/cache?path=/a", b"x"),
        web.call("GET", "/cache/status?path=/a"),
        web.call("POST", "/jobs/101/files?name=a&type=input&cache_token=x"),
    ):
        assert reply.status == 404
        assert "file_cache_dir" in reply.json["error"]
