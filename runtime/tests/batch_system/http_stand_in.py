"""A server of HTTP in this process that answers what a test says."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

import attrs


@attrs.frozen
class HttpRequest:
    """What was asked."""

    method: str
    path: str
    token: str
    user: str
    body: bytes


@attrs.frozen
class HttpAnswer:
    """What is said."""

    status: int
    text: str


class HttpStandIn:
    """Serves until it is closed; over TLS, if it is given how."""

    def __init__(
        self, answer: Callable[[HttpRequest], HttpAnswer], tls: ssl.SSLContext | None = None
    ) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(answer))
        self._scheme = "http" if tls is None else "https"
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _handler(answer: Callable[[HttpRequest], HttpAnswer]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def handle_one_request(self) -> None:
            """Answer whatever the method is, and end the connection."""
            self.close_connection = True
            self.raw_requestline = self.rfile.readline()
            if not self.raw_requestline or not self.parse_request():
                return
            said = answer(
                HttpRequest(
                    method=self.command,
                    path=self.path,
                    token=self.headers.get("X-SLURM-USER-TOKEN", ""),
                    user=self.headers.get("X-SLURM-USER-NAME", ""),
                    body=self.rfile.read(int(self.headers.get("Content-Length", 0))),
                )
            )
            self.send_response(said.status)
            self.end_headers()
            self.wfile.write(said.text.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
