"""A request's head is gathered whole, looked at once, and limited before anything is parsed."""

from __future__ import annotations

import time
from collections.abc import Iterable
from itertools import accumulate, pairwise
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine, NoMoreData, ParseException
from hypothesis import example, given
from hypothesis import strategies as st

from pulsar_runtime.web import request_head
from pulsar_runtime.web.request_head import GatheringParser, HeadLimits, TooManyHeads, gather

PEER = ("127.0.0.1", 1)
HEAD = b"POST /jobs/1/submit?command_line=x HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n"


class Chunks:
    """A connection that gives its bytes in these pieces."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.left = list(chunks)
        self.given = b""

    def read(self, size: int | None = None, read_ahead: int | None = None) -> bytes:
        assert (size, bool(read_ahead)) == (None, True)
        chunk = self.left.pop(0) if self.left else b""
        self.given += chunk
        return chunk

    def unread(self, data: bytes) -> None:
        raise AssertionError(f"{data!r} is given back while a head is gathered")


def is_whole(data: bytes) -> bool:
    """Tell whether a head is complete, by looking at it from the start each time."""
    line_end = data.find(b"\r\n", 2 if data.startswith(b"\r\n") else 0)
    if line_end < 0:
        return b"\n" in data[2 if data.startswith(b"\r\n") else 0 :]
    return b"\r\n\r\n" in data[line_end:]


def split(data: bytes, places: Iterable[int]) -> list[bytes]:
    edges = [0, *sorted({place for place in places if 0 < place < len(data)}), len(data)]
    return [data[begin:end] for begin, end in pairwise(edges)]


#: Texts made of what matters, and longer runs in between.
_HEADS = st.lists(
    st.sampled_from([b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"G", b" /?a=b", b"Host: a", b"x" * 30])
).map(b"".join)


@given(_HEADS, st.lists(st.integers(0, 200)))
@example(HEAD, list(range(200)))
@example(b"\r\n" + HEAD, list(range(200)))
@example(HEAD + HEAD, [len(HEAD)])
@example(b"\n\r\n", [1])
def test_reading_stops_exactly_when_the_head_is_whole(data: bytes, places: list[int]) -> None:
    """Whatever the pieces in which it comes, and whatever follows it."""
    chunks = Chunks(split(data, places) if data else [])
    limits = HeadLimits()
    whole = next(filter(is_whole, accumulate(chunks.left)), None)
    if whole is None:
        with pytest.raises(NoMoreData if data else StopIteration):
            gather(chunks, limits)
    else:
        assert bytes(gather(chunks, limits)) == chunks.given == whole
    assert limits.held_bytes == 0


@pytest.mark.parametrize("place", range(1, len(HEAD)))
def test_a_head_may_be_cut_anywhere(place: int) -> None:
    assert bytes(gather(Chunks(split(HEAD, [place])), HeadLimits())) == HEAD


def test_a_head_may_come_byte_by_byte() -> None:
    assert bytes(gather(Chunks(split(HEAD, range(len(HEAD)))), HeadLimits())) == HEAD


# --- linear ------------------------------------------------------------------------------------------------


class Watched(bytearray):
    """Counts the bytes that searches look at."""

    looked_at = 0

    def find(self, *arguments: Any) -> int:  # noqa: ANN401 - those of bytearray
        begin = arguments[1] if len(arguments) > 1 else 0
        found = super().find(*arguments)
        Watched.looked_at += (found if found >= 0 else len(self)) - min(begin, len(self))
        return found


@pytest.mark.parametrize("size", [100_000, 400_000, 1_600_000])
def test_every_byte_is_looked_at_a_fixed_number_of_times(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(request_head, "bytearray", Watched, raising=False)
    monkeypatch.setattr(Watched, "looked_at", 0)
    head = b"POST /?command_line=" + b"x" * size + b" HTTP/1.1\r\n" + b"A: b\r\n" * 5000 + b"\r\n"
    gather(Chunks(split(head, range(0, len(head), 1000))), HeadLimits())
    assert len(head) <= Watched.looked_at <= 3 * len(head) + 10_000


# --- limits ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [1, 7, 1000, 10**6])
@pytest.mark.parametrize("beyond", [0, 1, 5000])
def test_a_line_is_refused_exactly_beyond_its_limit(step: int, beyond: int) -> None:
    limit = 2000
    line = b"GET /" + b"x" * (limit + beyond - len(b"GET / HTTP/1.1")) + b" HTTP/1.1"
    assert len(line) == limit + beyond
    chunks = Chunks(split(line + b"\r\nHost: a\r\n\r\n", range(0, len(line), step)))
    if beyond:
        with pytest.raises(LimitRequestLine):
            gather(chunks, HeadLimits(line_bytes=limit))
    else:
        gather(chunks, HeadLimits(line_bytes=limit))


def test_an_endless_line_is_not_read_to_its_end() -> None:
    chunks = Chunks([b"x" * 1000] * 1000)
    with pytest.raises(LimitRequestLine):
        gather(chunks, HeadLimits(line_bytes=10_000))
    assert len(chunks.given) <= 12_000


def test_endless_headers_are_not_read_to_their_end() -> None:
    chunks = Chunks([b"GET / HTTP/1.1\r\n", *[b"A: b\r\n" * 1000] * 1000])
    with pytest.raises(LimitRequestHeaders):
        gather(chunks, HeadLimits())
    assert len(chunks.given) <= 80_000


def test_unfinished_heads_together_are_limited_and_give_back_what_they_held() -> None:
    limits = HeadLimits(total_bytes=10_000)
    limits.held_bytes = 9_000
    with pytest.raises(TooManyHeads):
        gather(Chunks([b"x" * 600, b"x" * 600]), limits)
    assert limits.held_bytes == 9_000
    gather(Chunks([HEAD]), limits)
    assert limits.held_bytes == 9_000


def test_a_head_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though each single piece of it comes in time."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    class Slow(Chunks):
        def read(self, size: int | None = None, read_ahead: int | None = None) -> bytes:
            now[0] += 9.0
            return super().read(size, read_ahead)

    chunks = Slow([b"x"] * 100)
    with pytest.raises(TimeoutError):
        gather(chunks, HeadLimits(seconds=30.0))
    assert 3 <= len(chunks.given) <= 5


def test_waiting_for_the_first_byte_is_not_a_slow_head(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection may be idle between requests; the socket limits that."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    class Idle(Chunks):
        def read(self, size: int | None = None, read_ahead: int | None = None) -> bytes:
            now[0] += 0.0 if self.given else 500.0
            return super().read(size, read_ahead)

    assert bytes(gather(Idle([HEAD[:10], HEAD[10:]]), HeadLimits(seconds=30.0))) == HEAD


# --- with gunicorn -----------------------------------------------------------------------------------------


def parsed(*chunks: bytes) -> Any:  # noqa: ANN401 - gunicorn is not typed
    config = Config()
    config.set("limit_request_line", 0)
    config.set("limit_request_field_size", 0)
    return GatheringParser(config, iter(chunks), PEER)


def test_a_gathered_request_is_parsed_as_it_was_sent() -> None:
    query = b"command_line=" + b"x" * 1_000_000
    parser = parsed(b"POST /jobs?" + query[:500_000], query[500_000:] + b" HTTP/1.1\r\nHost: a\r\n", b"\r\n")
    request = next(parser)
    assert (request.method, request.path, len(request.query)) == ("POST", "/jobs", len(query))
    assert ("HOST", "a") in request.headers


def test_a_body_that_came_with_its_head_is_not_lost() -> None:
    request = next(parsed(b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n01234", b"56789"))
    assert request.body.read() == b"0123456789"


def test_requests_that_come_together_are_served_one_by_one() -> None:
    parser = parsed(b"GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\nGET /", b"3 HTTP/1.1\r\n\r\n")
    assert [next(parser).path for _ in range(3)] == ["/1", "/2", "/3"]
    with pytest.raises(StopIteration):
        next(parser)


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\nHost: a\n\n",
        b"nonsense\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_what_is_not_http_is_refused_and_not_waited_for(head: bytes) -> None:
    with pytest.raises(ParseException):
        next(parsed(head))
