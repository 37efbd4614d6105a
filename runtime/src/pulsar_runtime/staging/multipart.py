"""A multipart/form-data body with one file, as Galaxy wants it (protocol section 5.3; RFC 7578)."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

#: As browsers write names (https://html.spec.whatwg.org/#multipart-form-data).
_ESCAPES = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})


class MultipartFile:
    """A part named ``file`` of *size* bytes; what it holds is taken from *pieces* as it is sent."""

    def __init__(self, name: str, size: int, pieces: Iterator[bytes]) -> None:
        boundary = secrets.token_hex(16)
        self.content_type = f"multipart/form-data; boundary={boundary}"
        disposition = f'form-data; name="file"; filename="{name.translate(_ESCAPES)}"'
        self._head = f"--{boundary}\r\nContent-Disposition: {disposition}\r\n\r\n".encode("utf-8", "replace")
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self._size = size
        self._pieces = pieces

    def __len__(self) -> int:
        return len(self._head) + self._size + len(self._tail)

    def __iter__(self) -> Iterator[bytes]:
        first = next(self._pieces, b"")
        # Most files fit into one piece, and then everything into one packet or a few.
        pending = self._head + first
        for piece in self._pieces:
            yield pending
            pending = piece
        yield pending + self._tail
