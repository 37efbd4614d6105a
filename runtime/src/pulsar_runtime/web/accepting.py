"""How a worker accepts connections, and how it stops: without losing one that it has accepted."""

from __future__ import annotations

import os
import signal
import time
from functools import partial
from types import FrameType

import gevent
from gevent.event import Event
from gevent.pool import Pool
from gevent.server import StreamServer
from gevent.socket import socket
from gunicorn.workers.ggevent import GeventWorker

#: How often gunicorn is told that this worker is not hung.
_TELL_SECONDS = 1.0

#: How long a client that has just connected may take to begin its request when the worker is to stop.
_FIRST_REQUEST_SECONDS = 2.0

#: How long a handler that is ended has for tidying up.
_TIDY_SECONDS = 1.0


class AcceptingWorker(GeventWorker):  # type: ignore[misc] # gunicorn is not typed
    """Accepts connections until it is to stop; then it leaves new ones to others and finishes its own.

    What waits in the kernel is answered by whoever accepts at the same socket next.
    """

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)
        #: Connections whose client waits for nothing: between two requests.
        self.idle: set[gevent.Greenlet] = set()
        #: Connections that were accepted, and have not begun their first request.
        self.fresh: set[gevent.Greenlet] = set()
        self._stop = Event()

    def run(self) -> None:
        """Serve until a signal says stop."""
        servers = [self._accept(listener) for listener in self.sockets]
        self.notify()
        # gunicorn's master looks after its children now, and sees that this one accepts.
        os.kill(self.ppid, signal.SIGCHLD)
        while self.alive:
            self.notify()
            self._stop.wait(_TELL_SECONDS)
        for server in servers:
            server.close()
        _end(self.idle)
        gevent.spawn_later(_FIRST_REQUEST_SECONDS, _end, self.fresh)
        self._finish([server.pool for server in servers])

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop after the requests that have begun; connections that only wait for one are ended now."""
        super().handle_exit(sig, frame)
        # Not from within a signal handler, which may have interrupted anything.
        gevent.spawn(self._stop.set)

    def _accept(self, listener: socket) -> StreamServer:
        server = StreamServer(
            listener, handle=partial(self.handle, listener), spawn=Pool(self.worker_connections)
        )
        if self.cfg.workers > 1:
            # The others shall get some too.
            server.max_accept = 1
        server.start()
        return server

    def _finish(self, pools: list[Pool]) -> None:
        """Wait for the connections that are left, but not for ever."""
        deadline = time.monotonic() + self.cfg.graceful_timeout
        while any(pools) and time.monotonic() < deadline:
            self.notify()
            for pool in pools:
                pool.join(timeout=_TELL_SECONDS)
        left = sum(map(len, pools))
        if left:
            self.log.warning("%s connections did not end in time and are cut off", left)
        for pool in pools:
            pool.kill(timeout=_TIDY_SECONDS)


def _end(connections: set[gevent.Greenlet]) -> None:
    for connection in connections:
        connection.kill(ConnectionAbortedError, block=False)
