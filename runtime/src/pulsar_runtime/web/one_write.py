"""A socket that sends the head of an answer together with its body."""

from __future__ import annotations

import os
import socket
from io import RawIOBase

from gevent.socket import wait_write

#: More than this is not held back.
_HELD_BYTES = 64 * 1024


class OneWrite:
    """Holds back what gunicorn writes in pieces, until `flush` or until it is large."""

    def __init__(self, client: socket.socket) -> None:
        self._client = client
        self._held = b""

    def sendall(self, data: bytes) -> None:
        """Send *data* sooner or later."""
        self._held += data
        if len(self._held) >= _HELD_BYTES:
            self.flush()

    def send(self, data: bytes) -> int:
        """Send *data* now: gunicorn's ``100 Continue``, without which no body comes."""
        self._client.sendall(data)
        return len(data)

    def sendfile(self, file: RawIOBase, offset: int = 0, count: int = 0) -> int:
        """Send a part of a file without a copy through this process, as gevent's own socket would make."""
        self.flush()
        target, source = self._client.fileno(), file.fileno()
        sent = 0
        while sent < count:
            try:
                now = os.sendfile(target, source, offset + sent, count - sent)
            except BlockingIOError:
                wait_write(target, timeout=self._client.gettimeout(), timeout_exc=TimeoutError())
                continue
            if not now:
                # Cut off by its job meanwhile; the client sees that the answer is not whole.
                raise ConnectionAbortedError(f"the file ended after {sent} of {count} bytes")
            sent += now
        return sent

    def flush(self) -> None:
        """Send what was held back."""
        held, self._held = self._held, b""
        if held:
            self._client.sendall(held)
