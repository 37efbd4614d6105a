"""The gunicorn worker: one greenlet for each connection, so that none can hold up another.

Why gevent, and why these limits: decision record 0004.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import time
from contextlib import suppress
from http import HTTPStatus
from typing import ClassVar

import gevent
import gevent.monkey
from gunicorn.http import wsgi
from gunicorn.http.errors import (
    LimitRequestHeaders,
    LimitRequestLine,
    NoMoreData,
    ParseException,
)

from pulsar_runtime.web.accepting import AcceptingWorker
from pulsar_runtime.web.answer import as_json
from pulsar_runtime.web.errors import answer_for
from pulsar_runtime.web.one_write import OneWrite
from pulsar_runtime.web.plain_response import PlainResponse
from pulsar_runtime.web.request_head import GatheredRequest, GatheringParser, TooManyHeads

logger = logging.getLogger(__name__)

#: How much of a refused request is read, so that the client gets to read our answer (RFC 9112 section 9.6).
_LINGER_BYTES = 32 * 1024 * 1024
_LINGER_SECONDS = 5.0

_REFUSALS: dict[type[Exception], HTTPStatus] = {
    LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    TooManyHeads: HTTPStatus.SERVICE_UNAVAILABLE,
    LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    ParseException: HTTPStatus.BAD_REQUEST,
}


_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1})


def keep_signals_for_children() -> None:
    """Make a signal that comes right after a fork wait until the worker has its own handlers.

    Before, gunicorn's handlers of the parent process are in place in the child, and do nothing there.
    """
    os.register_at_fork(
        before=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS),
        after_in_parent=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS),
    )


class PulsarWorker(AcceptingWorker):
    """Serves HTTP/1.1 with a limit for each thing that a client can be slow at."""

    #: Set once, before gunicorn forks.
    body_timeout_seconds: ClassVar[float] = 60.0
    keepalive_seconds: ClassVar[float] = 75.0

    def patch(self) -> None:
        """Make the standard library's waiting cooperative, but not the closing of files.

        gevent closes a descriptor in a later turn of its loop; for files that is slow and helps nobody.
        """
        super().patch()
        os.close = gevent.monkey.get_original("os", "close")

    def init_signals(self) -> None:
        """Take over the signals; until now they were blocked, not lost (see `keep_signals_for_children`)."""
        super().init_signals()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)

    def handle(self, listener: socket.socket, client: socket.socket, addr: object) -> None:
        """Serve one connection until either side has had enough."""
        try:
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
        client.settimeout(GatheredRequest.limits.seconds)
        connection = gevent.getcurrent()
        try:
            # Known before the worker looks whether it is to stop, or this connection could be missed.
            self.fresh.add(connection)
            while self.alive or connection in self.fresh:
                request = next(parser)
                self.fresh.discard(connection)
                self.idle.discard(connection)
                # From here on it is the longest pause, the client's or ours, within a body.
                client.settimeout(self.body_timeout_seconds)
                self._answer(request, listener_name, client, addr)
                if not parser.finish_body(deadline=time.monotonic() + _LINGER_SECONDS):
                    _linger(client)
                    return
                client.settimeout(self.keepalive_seconds)
                self.idle.add(connection)
        except (StopIteration, OSError):
            raise
        except Exception as exc:  # noqa: BLE001 - the top of a connection; every error is answered and logged
            self._refuse(client, addr, exc)
        finally:
            self.fresh.discard(connection)
            self.idle.discard(connection)

    def _answer(
        self, request: GatheredRequest, listener_name: object, client: socket.socket, addr: object
    ) -> None:
        """Call the application for one request; raises `StopIteration` when the connection is to end."""
        output = OneWrite(client)
        response, environ = wsgi.create(
            request, output, addr, listener_name, self.cfg, response_class=PlainResponse
        )
        if not self.alive:
            response.force_close()
        body = self.wsgi(environ, response.start_response)
        try:
            if isinstance(body, wsgi.FileWrapper):
                response.write_file(body)
            else:
                for part in body:
                    response.write(part)
            response.close()
            output.flush()
        except (ConnectionError, TimeoutError):
            # The client left, or does not read.
            raise
        except Exception:
            if response.headers_sent:
                # Half an answer cannot be taken back; the client sees that it is not whole.
                logger.info(
                    "an answer to %s broke off", addr, extra={"action": "answer_broke_off"}, exc_info=True
                )
                raise StopIteration from None
            raise
        finally:
            if hasattr(body, "close"):
                body.close()
        if response.should_close():
            raise StopIteration

    def _refuse(self, client: socket.socket, addr: object, error: Exception) -> None:
        """Answer what Flask never got to see; the request itself is not repeated, it may hold a token."""
        status = next((_REFUSALS[kind] for kind in type(error).__mro__ if kind in _REFUSALS), None)
        if status is None:
            answer = answer_for(error)
        else:
            logger.info(
                "refused a request from %s: %s", addr, status.phrase, extra={"action": "request_refused"}
            )
            answer = as_json({"error": status.phrase}, status.value)
        headers = "".join(f"{name}: {value}\r\n" for name, value in answer.all_headers())
        head = f"HTTP/1.1 {answer.status_line}\r\n{headers}Connection: close\r\n\r\n"
        client.sendall(head.encode("ascii") + b"".join(answer.body))
        _linger(client)


def _linger(client: socket.socket) -> None:
    """Let the client read the answer before the connection is closed on what it still sends."""
    drained = 0
    # OSError: the client did not wait for it.
    with suppress(OSError), gevent.Timeout(_LINGER_SECONDS, TimeoutError()):
        client.shutdown(socket.SHUT_WR)
        while drained < _LINGER_BYTES and (data := client.recv(256 * 1024)):
            drained += len(data)
