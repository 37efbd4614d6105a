"""The gunicorn worker: one greenlet for each connection, so that none can hold up another.

Why gevent, and why these limits: decision record 0004.
"""

from __future__ import annotations

import json
import logging
import socket
import time
import uuid
from contextlib import suppress
from http import HTTPStatus
from typing import ClassVar

import gevent
from gevent.socket import wait_read
from gunicorn.http.errors import (
    LimitRequestHeaders,
    LimitRequestLine,
    NoMoreData,
    ParseException,
)
from gunicorn.workers.ggevent import GeventWorker

from pulsar_runtime.web.request_head import GatheredRequest, GatheringParser

logger = logging.getLogger(__name__)

#: How much of a refused request is read, so that the client gets to read our answer (RFC 9112 section 9.6).
_LINGER_BYTES = 32 * 1024 * 1024
_LINGER_SECONDS = 5.0

_REFUSALS: dict[type[Exception], HTTPStatus] = {
    LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    ParseException: HTTPStatus.BAD_REQUEST,
}


class PulsarWorker(GeventWorker):  # type: ignore[misc] # gunicorn is not typed
    """Serves HTTP/1.1 with a limit for each thing that a client can be slow at."""

    #: Set once, before gunicorn forks.
    head_timeout_seconds: ClassVar[float] = 30.0
    body_timeout_seconds: ClassVar[float] = 60.0
    keepalive_seconds: ClassVar[float] = 75.0

    def handle(self, listener: socket.socket, client: socket.socket, addr: object) -> None:
        """Serve one connection until either side has had enough."""
        try:
            # Applies to each wait inside a body, ours or the client's.
            client.settimeout(self.body_timeout_seconds)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._serve(listener.getsockname(), client, addr)
        except (StopIteration, NoMoreData, TimeoutError, ConnectionError):
            # The client left, or is too slow to be waited for.
            pass
        except OSError as exc:
            logger.info("connection from %s ended: %s", addr, exc, extra={"action": "connection_ended"})
        finally:
            client.close()

    def _serve(self, listener_name: object, client: socket.socket, addr: object) -> None:
        parser = GatheringParser(self.cfg, client, addr)
        while self.alive:
            try:
                request = self._next_request(parser, client)
                self.handle_request(listener_name, request, client, addr)
            except (StopIteration, OSError):
                raise
            except Exception as exc:  # noqa: BLE001 - the top of a connection; every error is answered and logged
                self._refuse(client, addr, exc)
                return
            if not parser.finish_body(deadline=time.monotonic() + _LINGER_SECONDS):
                _linger(client)
                return

    def _next_request(self, parser: GatheringParser, client: socket.socket) -> GatheredRequest:
        """Wait for a head; raises `TimeoutError` when none comes in time."""
        buffered = parser.unreader.take_buffered()
        if buffered:
            parser.unreader.unread(buffered)
        elif parser.req_count:
            wait_read(client.fileno(), timeout=self.keepalive_seconds, timeout_exc=TimeoutError())
        with gevent.Timeout(self.head_timeout_seconds, TimeoutError()):
            request: GatheredRequest = next(parser)
        return request

    def _refuse(self, client: socket.socket, addr: object, error: Exception) -> None:
        """Answer what Flask never got to see; the request itself is not repeated, it may hold a token."""
        status = next((_REFUSALS[kind] for kind in type(error).__mro__ if kind in _REFUSALS), None)
        if status is None:
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            number = uuid.uuid4().hex[:12]
            logger.error("internal error %s", number, exc_info=error, extra={"action": "internal_error"})
            text = f"internal error {number}"
        else:
            text = status.phrase
            logger.info("refused a request from %s: %s", addr, text, extra={"action": "request_refused"})
        body = json.dumps({"error": text}).encode()
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        client.sendall(head.encode("ascii") + body)
        _linger(client)


def _linger(client: socket.socket) -> None:
    """Let the client read the answer before the connection is closed on what it still sends."""
    client.shutdown(socket.SHUT_WR)
    drained = 0
    with suppress(TimeoutError), gevent.Timeout(_LINGER_SECONDS, TimeoutError()):
        while drained < _LINGER_BYTES and (data := client.recv(256 * 1024)):
            drained += len(data)
