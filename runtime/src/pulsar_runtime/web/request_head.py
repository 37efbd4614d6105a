"""The head of a request, gathered in time linear in its length.

Galaxy puts whole command lines into the query string, so request lines of megabytes are normal here.
gunicorn's own reading looks at everything again with every few kilobytes that arrive; here each byte is
looked at once, and the limit is applied before anything is parsed.
"""

from __future__ import annotations

import time
from typing import Any, ClassVar, Protocol

import attrs
from gunicorn.http.body import LengthReader
from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine, NoMoreData, ParseException
from gunicorn.http.message import Request
from gunicorn.http.parser import Parser

from pulsar_runtime.web.raw_body import RawBody

_READ_BYTES = 64 * 1024

#: All header lines together; Galaxy's clients send a few hundred bytes.
_HEADERS_LIMIT_BYTES = 64 * 1024


class TooManyHeads(ParseException):  # type: ignore[misc] # gunicorn is not typed
    """So much of unfinished heads is held already that this one has to wait outside."""


class _Unreader(Protocol):
    def read(self, size: int | None = None, read_ahead: int | None = None) -> bytes: ...
    def unread(self, data: bytes) -> None: ...


@attrs.define(kw_only=True)
class HeadLimits:
    """What the heads of requests may cost one process."""

    line_bytes: int = 8 * 1024 * 1024
    seconds: float = 30.0
    #: All unfinished heads together: anyone may begin one, with or without a token.
    total_bytes: int = 256 * 1024 * 1024
    #: How much of that is taken.
    held_bytes: int = 0


class GatheredRequest(Request):  # type: ignore[misc] # gunicorn is not typed
    """A request whose head is complete before it is parsed."""

    #: Set once per process, before the first request.
    limits: ClassVar[HeadLimits] = HeadLimits()

    #: gunicorn's, or our `RawBody`.
    body: Any

    def parse(self, unreader: _Unreader) -> bytes:
        """Read up to the end of the head, then let gunicorn parse it."""
        unreader.unread(bytes(gather(unreader, self.limits)))
        rest: bytes = super().parse(unreader)
        return rest

    def _peer_is_trusted_proxy(self) -> bool:
        """Believe nobody in front what it says about paths and schemes; nothing here asks for them."""
        return False

    def set_body_reader(self) -> None:
        """Let gunicorn judge how the body is framed, and read one of known length ourselves."""
        super().set_body_reader()
        reader = self.body.reader
        if isinstance(reader, LengthReader):
            self.body = RawBody(self.unreader, reader.length)


class GatheringParser(Parser):  # type: ignore[misc] # gunicorn is not typed
    """Parses the requests of one connection."""

    mesg_class = GatheredRequest


def gather(unreader: _Unreader, limits: HeadLimits) -> bytearray:
    """Read until the head is complete; what follows it in the buffer is returned too.

    Raises `StopIteration` at the end of the connection, `NoMoreData` inside a head, `TimeoutError`,
    `LimitRequestLine`, `LimitRequestHeaders` and `TooManyHeads`.
    """
    head = _Head(limits)
    deadline = None
    try:
        while not head.complete():
            # Each wait is limited by the socket; this limits all of them together.
            if deadline is not None and time.monotonic() > deadline:
                raise TimeoutError
            data = unreader.read(read_ahead=_READ_BYTES)
            if not data:
                raise NoMoreData(b"") if head.data else StopIteration
            deadline = deadline or time.monotonic() + limits.seconds
            head.add(data)
    finally:
        limits.held_bytes -= len(head.data)
    return head.data


class _Head:
    """A head that grows; each byte of it is looked at once."""

    def __init__(self, limits: HeadLimits) -> None:
        self.data = bytearray()
        self._limits = limits
        #: Where the request line ends, once that is known.
        self._line_end = -1
        #: Up to where it was looked at.
        self._seen = 0

    def add(self, data: bytes) -> None:
        self.data += data
        self._limits.held_bytes += len(data)
        if self._limits.held_bytes > self._limits.total_bytes:
            raise TooManyHeads

    def complete(self) -> bool:
        """Tell whether gunicorn can parse it, or refuse it, without reading more."""
        seen, self._seen = self._seen, len(self.data)
        if self._line_end < 0:
            # One empty line may come first (RFC 9112 section 2.2).
            start = 2 if self.data.startswith(b"\r\n") else 0
            self._line_end = self.data.find(b"\r\n", max(start, seen - 1))
            if (self._line_end if self._line_end >= 0 else len(self.data)) > self._limits.line_bytes:
                raise LimitRequestLine(len(self.data), self._limits.line_bytes)
            if self._line_end < 0:
                # A bare line feed: gunicorn will say so.
                return self.data.find(b"\n", max(start, seen)) >= 0
        if self.data.find(b"\r\n\r\n", max(self._line_end, seen - 3)) >= 0:
            return True
        if len(self.data) - self._line_end > _HEADERS_LIMIT_BYTES:
            raise LimitRequestHeaders("headers")
        return False
