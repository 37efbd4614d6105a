"""Writing outages down, also while the store is busy."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from functools import partial

from pulsar_runtime.domain.errors import StoreError
from pulsar_runtime.domain.ids import ManagerName
from pulsar_runtime.ports import OutageLog, Reactor

logger = logging.getLogger(__name__)

_RETRY_SECONDS = 5.0


class OutageJournal:
    """Implements the port `OutageLog` for those who cannot wait: what fails for the moment is tried again."""

    def __init__(self, log: OutageLog, reactor: Reactor) -> None:
        self._log = log
        self._reactor = reactor
        self._unwritten: deque[Callable[[], None]] = deque()

    def begin(self, manager: ManagerName) -> None:
        """Note that a manager's batch system does not answer."""
        self._note(partial(self._log.begin, manager))

    def end(self, manager: ManagerName) -> None:
        """Note that it answers again."""
        self._note(partial(self._log.end, manager))

    def _note(self, write: Callable[[], None]) -> None:
        self._unwritten.append(write)
        self._write()

    def _write(self) -> None:
        try:
            while self._unwritten:
                self._unwritten[0]()
                self._unwritten.popleft()
        except StoreError as exc:
            if not exc.transient:
                raise
            logger.warning("an outage is written down later: %s", exc, extra={"action": "store_busy"})
            self._reactor.call_later(_RETRY_SECONDS, self._write)
