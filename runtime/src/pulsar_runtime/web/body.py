"""Request bodies: raw bytes, straight to a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gunicorn.http.errors import NoMoreData, ParseException

from pulsar_runtime.domain.errors import MalformedRequest
from pulsar_runtime.web.raw_body import RawBody, write_all

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_CHUNK_BYTES = 256 * 1024


def receive(environ: WSGIEnvironment, descriptor: int, pause: Callable[[], None]) -> None:
    """Write the body of a request to *descriptor*; raises `MalformedRequest` when it is cut off.

    Whatever content type the client claims, the body is the file (protocol section 11, trap 1).
    """
    stream = environ["wsgi.input"]
    received = 0
    with _blaming_the_client():
        if isinstance(stream, RawBody):
            received = stream.pour(descriptor, pause)
        else:
            while chunk := stream.read(_CHUNK_BYTES):
                received += len(chunk)
                write_all(descriptor, memoryview(chunk))
                pause()
    expected = int(environ.get("CONTENT_LENGTH") or 0)
    if received < expected:
        raise MalformedRequest(f"the upload ended after {received} of {expected} bytes")


def arrived(environ: WSGIEnvironment) -> bytes | None:
    """Return the body of a request if all of it came together with the head."""
    stream = environ["wsgi.input"]
    return stream.arrived() if isinstance(stream, RawBody) else None


@contextmanager
def _blaming_the_client() -> Iterator[None]:
    """Tell a client that left, is too slow, or sends chunks that are none, from a disk that is full."""
    try:
        yield
    except (TimeoutError, ConnectionError, NoMoreData, ParseException) as exc:
        raise MalformedRequest(f"the upload stopped: {exc}") from exc
