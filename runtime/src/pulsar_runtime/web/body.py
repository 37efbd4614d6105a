"""Request bodies: raw bytes, straight to a file."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from gunicorn.http.errors import ParseException

from pulsar_runtime.domain.errors import MalformedRequest

if TYPE_CHECKING:
    from _typeshed.wsgi import InputStream, WSGIEnvironment

_CHUNK_BYTES = 256 * 1024


def receive(environ: WSGIEnvironment, descriptor: int, pause: Callable[[], None]) -> None:
    """Write the body of a request to *descriptor*; raises `MalformedRequest` when it is cut off.

    Whatever content type the client claims, the body is the file (protocol section 11, trap 1).
    """
    stream = environ["wsgi.input"]
    expected = int(environ.get("CONTENT_LENGTH") or 0)
    received = 0
    while chunk := _next_chunk(stream, received):
        received += len(chunk)
        view = memoryview(chunk)
        while view:
            view = view[os.write(descriptor, view) :]
        # A fast client would keep this greenlet running to the end of its file.
        pause()
    if received < expected:
        raise MalformedRequest(f"the upload ended after {received} of {expected} bytes")


def _next_chunk(stream: InputStream, received: int) -> bytes:
    try:
        return stream.read(_CHUNK_BYTES)
    except (OSError, ParseException) as exc:
        # The client left, is too slow, or its chunks are none.
        raise MalformedRequest(f"the upload stopped after {received} bytes: {exc}") from exc
