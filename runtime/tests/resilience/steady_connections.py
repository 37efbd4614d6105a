"""A steady stream of new connections, each with one request, and what became of each."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

CLIENTS = 4
PAUSE = 0.002
#: A connection may have to wait for the next generation of the server.
ANSWER_LIMIT = 30.0

REQUEST = b"GET /jobs/1/status?private_token=%s HTTP/1.1\r\nHost: a\r\n\r\n"


class SteadyConnections:
    """Clients that know nothing of each other, and count how their requests ended."""

    def __init__(self, address: tuple[Any, ...], token: str) -> None:
        self._address = address
        self._request = REQUEST % token.encode()
        self._enough = threading.Event()
        #: By their status lines, or by what went wrong.
        self.outcomes: Counter[str] = Counter()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Connect while the block runs; all have their answers when it has ended."""
        threads = [threading.Thread(target=self._connect_on_and_on) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._enough.set()
            for thread in threads:
                thread.join()

    def ask(self) -> str:
        """Make one connection and one request; return the status line, or what went wrong."""
        try:
            with socket.create_connection(self._address, timeout=ANSWER_LIMIT) as connection:
                connection.sendall(self._request)
                answer = connection.recv(4096)
        except OSError as error:
            return repr(error)
        return answer.split(b"\r\n")[0].decode() or "closed without an answer"

    def _connect_on_and_on(self) -> None:
        while not self._enough.is_set():
            self.outcomes[self.ask()] += 1
            time.sleep(PAUSE)
