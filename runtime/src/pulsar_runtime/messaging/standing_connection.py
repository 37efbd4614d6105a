"""A thread that holds a connection to the broker, and makes it anew whenever it breaks."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable

from pulsar_runtime.domain.errors import BrokerRefused, PulsarRuntimeError
from pulsar_runtime.messaging.alarm import Alarm, Stopped
from pulsar_runtime.messaging.cure import cure
from pulsar_runtime.messaging.link import Link
from pulsar_runtime.messaging.settings import BrokerSettings

logger = logging.getLogger(__name__)

_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 30.0

#: A connection that held so long was a good one.
_GOOD_SECONDS = 10.0

#: How long a thread may take to end; it is in the middle of one message at most.
_END_SECONDS = 10.0


class StandingConnection:
    """Runs *serve* over one connection after the other, in a thread of its own, until it is stopped."""

    def __init__(
        self, name: str, settings: BrokerSettings, serve: Callable[[Link], None], alarm: Alarm
    ) -> None:
        self._name = name
        self._settings = settings
        self._serve = serve
        self._alarm = alarm
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._failures = 0
        self._said = ""

    def start(self) -> None:
        """Begin to connect."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, after what it is in the middle of."""
        self._alarm.stop()
        self._thread.join(_END_SECONDS)

    def _run(self) -> None:
        try:
            while True:
                began = time.monotonic()
                self._connect_and_serve()
                good = time.monotonic() - began >= _GOOD_SECONDS
                self._failures = 0 if good else self._failures + 1
                self._alarm.sleep(self._pause())
        except Stopped:
            return

    def _connect_and_serve(self) -> None:
        """Return when the connection could not be made, or has broken."""
        try:
            link = Link(self._settings, self._alarm)
            try:
                self._say("connected to the broker (%s)", self._settings)
                self._serve(link)
            except Stopped:
                link.close()
                raise
            finally:
                link.abandon()
        except BrokerRefused as error:
            self._say("the broker (%s) refuses: %s%s", self._settings, error, cure(str(error)))
        except PulsarRuntimeError as error:
            self._say("no connection to the broker (%s): %s", self._settings, error)
        except Exception:
            # A message that does this is given up after some times; the thread is not.
            logger.exception("%s failed", self._name, extra={"action": "messages_failed"})

    def _pause(self) -> float:
        """Return how long to wait: longer each time, and not just as long as everybody else."""
        longest: float = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2.0**self._failures)
        return random.uniform(longest / 2, longest)  # noqa: S311 - nobody has to be unable to guess it

    def _say(self, text: str, *values: object) -> None:
        """Log something unless it is what was logged last."""
        line = text % values
        if line != self._said:
            logger.warning("%s: %s", self._name, line, extra={"action": "broker"})
        self._said = line
