"""One warning for each outage, however often it is met."""

from __future__ import annotations

import logging

logger = logging.getLogger(__name__)


class Outage:
    """Whether something answers; says so when that changes."""

    def __init__(self, what: str) -> None:
        self._what = what
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

    def over(self) -> None:
        """Hear that it answered."""
        if self._lasts:
            logger.warning("%s answers again", self._what, extra={"action": "scheduler_answers"})
        self._lasts = False
