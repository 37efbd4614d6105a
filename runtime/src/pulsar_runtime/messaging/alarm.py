"""A way to wake a thread that waits for a socket, or to end it."""

from __future__ import annotations

import contextlib
import os
import select
import time


class Stopped(BaseException):
    """The thread is to end; nothing but the thread's own top catches it."""


class Alarm:
    """Rings once, however often it was rung since it was heard; any thread may ring it."""

    def __init__(self) -> None:
        self.descriptor = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._stopping = False

    def ring(self) -> None:
        """Wake the thread."""
        os.eventfd_write(self.descriptor, 1)

    def stop(self) -> None:
        """Let the thread end as soon as it listens."""
        self._stopping = True
        self.ring()

    def hear(self) -> None:
        """Fall silent; raises `Stopped` when the thread is to end."""
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self.descriptor)
        if self._stopping:
            raise Stopped

    def sleep(self, seconds: float) -> None:
        """Wait for *seconds*, whoever rings; raises `Stopped` when the thread is to end."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            select.select([self.descriptor], [], [], left)
            self.hear()
            # Heard, but not acted upon: whoever rang is answered by whoever comes after the pause.

    def close(self) -> None:
        """Release the descriptor."""
        os.close(self.descriptor)
