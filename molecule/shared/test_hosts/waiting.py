"""Waiting for what happens on another machine, with a limit."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 30.0
INTERVAL = 0.2


class NotInTime(AssertionError):
    """What was waited for did not happen."""


def wait_until(condition: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Ask again and again until the condition holds; raise `NotInTime` when that takes too many seconds."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise NotInTime(f"not within {patience:.0f} s")
        time.sleep(INTERVAL)
