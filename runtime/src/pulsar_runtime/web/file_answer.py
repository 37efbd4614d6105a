"""Files as answers: length, ranges, and no copy through this process where the server can help."""

from __future__ import annotations

import os
import re
from io import RawIOBase
from typing import TYPE_CHECKING

from pulsar_runtime.web.answer import Answer

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_CONTENT_TYPE = "application/octet-stream"

_BLOCK_BYTES = 256 * 1024

#: One range (RFC 9110 section 14.1.2); several at once are nobody's wish here.
_ONE_RANGE = re.compile(r"bytes=(?!-$)([0-9]{0,999})-([0-9]{0,999})", re.IGNORECASE)

#: Up to here one write of head and file costs less than sendfile(2).
_SMALL_BYTES = 32 * 1024


def file_answer(environ: WSGIEnvironment, file: RawIOBase) -> Answer:
    """Answer with *file*, or with the one range that was asked for (RFC 9110 section 14)."""
    details = os.fstat(file.fileno())
    size, tag = details.st_size, f'"{details.st_mtime_ns:x}-{details.st_size:x}"'
    start, stop, status = _part(environ, size, tag)
    headers = [("Accept-Ranges", "bytes"), ("ETag", tag)]
    if status != 200:  # noqa: PLR2004 - the code itself is the clearest name
        which = f"{start}-{stop - 1}" if status == 206 else "*"  # noqa: PLR2004 - as above
        headers.append(("Content-Range", f"bytes {which}/{size}"))
    length = stop - start
    file.seek(start)
    if environ["REQUEST_METHOD"] == "HEAD" or length <= _SMALL_BYTES:
        with file:
            data = b"" if environ["REQUEST_METHOD"] == "HEAD" else file.read(length) or b""
        body = [data]
    else:
        body = environ["wsgi.file_wrapper"](file, _BLOCK_BYTES)
    return Answer(body=body, length=length, content_type=_CONTENT_TYPE, status=status, headers=tuple(headers))


def _part(environ: WSGIEnvironment, size: int, tag: str) -> tuple[int, int, int]:
    """Return the first byte, the one behind the last, and the HTTP status."""
    wanted = _ONE_RANGE.fullmatch(environ.get("HTTP_RANGE", ""))
    if wanted is None or environ.get("HTTP_IF_RANGE", tag) != tag:
        return 0, size, 200
    first, last = wanted.groups()
    if not first:
        # The last so many bytes, or all there are.
        start, stop = max(0, size - int(last)), size
    elif last and int(last) < int(first):
        return 0, size, 200
    else:
        start, stop = int(first), min(size, int(last) + 1) if last else size
    return (start, stop, 206) if start < size else (0, 0, 416)
