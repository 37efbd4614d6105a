"""Parts of a file, asked for in every possible way (RFC 9110 section 14)."""

from __future__ import annotations

import pytest

from runtime.tests.bad_input.answers import Answer, assert_refused
from runtime.tests.bad_input.api import Api, job_path, new_id
from runtime.tests.live_server import LiveServer

CONTENT = bytes(range(256)) * 40


@pytest.fixture(scope="module")
def job_id(server: LiveServer) -> str:
    """Provide a job with an output of known bytes, and an empty one."""
    api, job_id = Api(server=server), new_id()
    api.setup(job_id)
    assert api.upload(job_id, "known", "output", CONTENT).code == 200
    assert api.upload(job_id, "empty", "output", b"").code == 200
    return job_id


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-", 0, 10239),
        ("bytes=10-19", 10, 19),
        ("bytes=10239-", 10239, 10239),
        ("bytes=-1", 10239, 10239),
        ("bytes=-10240", 0, 10239),
        ("bytes=-99999", 0, 10239),
        ("bytes=5-99999", 5, 10239),
        ("bytes=0-99999999999999999999999", 0, 10239),
        ("Bytes=3-4", 3, 4),
    ],
)
def test_a_part_is_sent_with_where_it_belongs(
    api: Api, job_id: str, wanted: str, first: int, last: int
) -> None:
    answer = api.download(job_id, "known", headers={"Range": wanted})
    assert answer.code == 206
    assert answer.body == CONTENT[first : last + 1]
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(CONTENT)}"
    assert answer.headers["content-length"] == str(last + 1 - first)


@pytest.mark.parametrize(
    "wanted", ["bytes=10240-", "bytes=10240-10250", "bytes=99999999999999999999-", "bytes=-0"]
)
def test_a_part_that_is_not_there_is_416(api: Api, job_id: str, wanted: str) -> None:
    """And says how long the file is (section 15.5.17)."""
    answer = api.download(job_id, "known", headers={"Range": wanted})
    assert (answer.code, answer.headers["content-range"]) == (416, f"bytes */{len(CONTENT)}")
    assert CONTENT[:100] not in answer.body


@pytest.mark.parametrize("wanted", ["bytes=0-", "bytes=0-0", "bytes=-1", "bytes=5-"])
def test_an_empty_file_has_no_parts(api: Api, job_id: str, wanted: str) -> None:
    """A suffix of it is unsatisfiable or the whole (section 14.1.2)."""
    answer = api.download(job_id, "empty", headers={"Range": wanted})
    assert answer.code in (200, 416)
    assert answer.code == 200 or answer.headers["content-range"] == "bytes */0"


@pytest.mark.parametrize(
    "wanted",
    [
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=x-y",
        "bytes=5-2",
        "bytes=--5",
        "bytes=1-2-3",
        "bytes=0x1-0x2",
        "bytes=\u00b2-",
        "bytes=1-2,4-5",
        "bytes=0-0,-1",
        "lines=1-2",
        "",
        "-",
        "bytes=" + "9" * 5000 + "-",
        "bytes=" + "0-0," * 2000 + "1-1",
    ],
    ids=lambda wanted: wanted[:20].encode("ascii", "replace").decode(),
)
def test_a_range_that_means_nothing_here_is_ignored(api: Api, job_id: str, wanted: str) -> None:
    """Section 14.2: then the whole file is sent; several parts at once are nobody's wish here."""
    answer = api.download(job_id, "known", headers={"Range": wanted})
    assert answer.code in (200, 416)
    if answer.code == 200:
        assert answer.body == CONTENT


def test_a_part_of_another_version_is_not_mixed_in(api: Api, job_id: str) -> None:
    """Section 13.1.5: then the whole new file is sent."""
    tag = api.download(job_id, "known").headers["etag"]
    headers = {"Range": "bytes=0-3", "If-Range": tag}
    assert api.download(job_id, "known", headers=headers).body == CONTENT[:4]
    for other in ('"other"', f"W/{tag}", "Sun, 22 Nov 2026 00:00:00 GMT", "nonsense", ""):
        answer = api.download(job_id, "known", headers={**headers, "If-Range": other})
        assert (answer.code, answer.body) == (200, CONTENT)


def test_the_head_of_a_download_has_its_length_and_no_body(api: Api, job_id: str) -> None:
    answer = _head(api, job_id, {})
    assert (answer.code, answer.body) == (200, b"")
    assert answer.headers["content-length"] == str(len(CONTENT))
    assert answer.headers["accept-ranges"] == "bytes"
    answer = _head(api, job_id, {"Range": "bytes=0-9"})
    assert (answer.code, answer.body, answer.headers["content-length"]) in (
        (200, b"", "10240"),
        (206, b"", "10"),
    )


def test_the_head_of_a_missing_file_is_404(api: Api, job_id: str) -> None:
    assert api.ask("HEAD", job_path(job_id, "/files"), query={"name": "missing"}).code == 404
    assert_refused(api.download(job_id, "missing", headers={"Range": "bytes=0-3"}), 404)


def test_a_download_is_never_taken_for_a_page(api: Api, job_id: str) -> None:
    """Issue 2: application/octet-stream with nosniff, whatever is inside."""
    assert api.upload(job_id, "page.html", "output", b"<script>alert(1)</script>").code == 200
    for headers in ({}, {"Range": "bytes=0-5"}, {"Accept": "text/html"}):
        answer = api.download(job_id, "page.html", headers=headers)
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["x-content-type-options"] == "nosniff"


def _head(api: Api, job_id: str, headers: dict[str, str]) -> Answer:
    return api.ask("HEAD", job_path(job_id, "/files"), query={"name": "known"}, headers=headers)
