"""gunicorn's master process, which tells the service manager how it and its workers are."""

from __future__ import annotations

import time

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker

from pulsar_runtime.systemd.notification import Notifier


class PulsarArbiter(Arbiter):  # type: ignore[misc] # gunicorn is not typed
    """Starts workers, and others in place of those that end.

    It is ready when the first worker accepts connections, and well for as long as one does.
    """

    def __init__(self, server: BaseApplication, notifier: Notifier) -> None:
        self._notifier = notifier
        self._ready = False
        #: When the next sign of life is due, on the monotonic clock.
        self._due = 0.0
        super().__init__(server)

    def wait_for_signals(self, timeout: float = 1.0) -> list[int]:
        """Report, then wait: gunicorn comes here with every turn of its loop."""
        self._report()
        awaited: list[int] = super().wait_for_signals(
            min(timeout, self._notifier.heartbeat_seconds or timeout)
        )
        return awaited

    def halt(self, reason: str | None = None, exit_status: int = 0) -> None:
        """Stop the workers and end this process."""
        self._notifier.stopping(reason or "Finishing the requests that have begun")
        super().halt(reason, exit_status)

    def _report(self) -> None:
        if not any(self._accepts(worker) for worker in self.WORKERS.values()):
            return
        if not self._ready:
            self._ready = True
            self._notifier.ready(f"Listening at {', '.join(map(str, self.LISTENERS))}")
        heartbeat, now = self._notifier.heartbeat_seconds, time.monotonic()
        if heartbeat is not None and now >= self._due:
            self._due = now + heartbeat
            self._notifier.alive()

    def _accepts(self, worker: Worker) -> bool:
        """Tell whether a worker has begun to accept connections and is not taken for hung."""
        # A worker's file has the time of its making, on the other clock, until the worker touches it first.
        silence: float = time.monotonic() - worker.tmp.last_update()
        limit: float = self.timeout
        return 0 <= silence <= limit
