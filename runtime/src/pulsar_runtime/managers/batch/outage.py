"""One warning for each outage, however often it is met, and one entry in a log for all that fails at once."""

from __future__ import annotations

import logging

from pulsar_runtime.domain.ids import ManagerName
from pulsar_runtime.ports import OutageLog

logger = logging.getLogger(__name__)


class Outages:
    """All that may fail to answer one manager, which counts as one batch system."""

    def __init__(self, log: OutageLog, manager: ManagerName) -> None:
        self._log = log
        self._manager = manager
        self._lasting: set[Outage] = set()

    def of(self, what: str) -> Outage:
        """Follow one thing more."""
        return Outage(what, self)

    def began(self, outage: Outage) -> None:
        """Hear that one thing does not answer."""
        if not self._lasting:
            self._log.begin(self._manager)
        self._lasting.add(outage)

    def ended(self, outage: Outage) -> None:
        """Hear that it answers again."""
        self._lasting.remove(outage)
        if not self._lasting:
            self._log.end(self._manager)


class Outage:
    """Whether something answers; says so when that changes."""

    def __init__(self, what: str, outages: Outages) -> None:
        self._what = what
        self._outages = outages
        self._lasts = False

    @property
    def lasts(self) -> bool:
        """Tell whether the last that was heard is that it failed."""
        return self._lasts

    def met(self, words: str) -> None:
        """Hear that it failed."""
        if not self._lasts:
            text = "%s: %s; jobs stay as they are, and it is tried again"
            logger.warning(text, self._what, words, extra={"action": "scheduler_outage"})
            self._lasts = True
            self._outages.began(self)

    def over(self) -> None:
        """Hear that it answered."""
        if self._lasts:
            logger.warning("%s: that is over", self._what, extra={"action": "scheduler_answers"})
            self._lasts = False
            self._outages.ended(self)
