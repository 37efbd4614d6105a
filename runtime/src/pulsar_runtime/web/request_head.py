"""The head of a request, gathered in time linear in its length.

Galaxy puts whole command lines into the query string, so request lines of megabytes are normal here.
gunicorn's own reading looks at everything again with every few kilobytes that arrive; here each byte is
looked at once, and the limit is applied before anything is parsed.
"""

from __future__ import annotations

from typing import ClassVar, Protocol

from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine, NoMoreData
from gunicorn.http.message import Request
from gunicorn.http.parser import Parser

_READ_BYTES = 64 * 1024

#: All header lines together; Galaxy's clients send a few hundred bytes.
_HEADERS_LIMIT_BYTES = 64 * 1024


class _Unreader(Protocol):
    def read(self, size: int | None = None, read_ahead: int | None = None) -> bytes: ...
    def unread(self, data: bytes) -> None: ...


class GatheredRequest(Request):  # type: ignore[misc] # gunicorn is not typed
    """A request whose head is complete before it is parsed."""

    #: Set once per process, before the first request.
    line_limit: ClassVar[int] = 8 * 1024 * 1024

    def parse(self, unreader: _Unreader) -> bytes:
        """Read up to the end of the head, then let gunicorn parse it."""
        unreader.unread(bytes(gather(unreader, self.line_limit)))
        rest: bytes = super().parse(unreader)
        return rest


class GatheringParser(Parser):  # type: ignore[misc] # gunicorn is not typed
    """Parses the requests of one connection."""

    mesg_class = GatheredRequest


def gather(unreader: _Unreader, line_limit: int) -> bytearray:
    """Read until the head is complete; what follows it in the buffer is returned too.

    Raises `StopIteration` at the end of the connection, `NoMoreData` inside a head, `LimitRequestLine`
    and `LimitRequestHeaders`.
    """
    head = bytearray()
    line_end = -1
    while True:
        seen = len(head)
        data = unreader.read(read_ahead=_READ_BYTES)
        if not data:
            if not head:
                raise StopIteration
            raise NoMoreData(b"")
        head += data
        if line_end < 0:
            # One empty line may come first (RFC 9112 section 2.2).
            line_end = head.find(b"\r\n", max(2, seen - 1))
            if (line_end if line_end >= 0 else len(head)) > line_limit:
                raise LimitRequestLine(len(head), line_limit)
            if line_end < 0 and head.find(b"\n", max(2, seen)) >= 0:
                # A bare line feed: gunicorn will say so.
                return head
        if line_end >= 0:
            if head.find(b"\r\n\r\n", max(line_end, seen - 3)) >= 0:
                return head
            if len(head) - line_end > _HEADERS_LIMIT_BYTES:
                raise LimitRequestHeaders("headers")
