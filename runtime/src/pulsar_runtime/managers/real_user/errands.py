"""Short commands, a few at a time, however many jobs there are."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial

from pulsar_runtime.managers.batch.commands import Commands, run_call
from pulsar_runtime.managers.batch.dialect import CommandResult
from pulsar_runtime.managers.batch.host import Call

Told = Callable[[CommandResult], None]


class Errands:
    """Runs calls in their order, *width* at a time."""

    def __init__(self, commands: Commands, *, width: int = 4) -> None:
        self._commands = commands
        self._width = width
        self._busy = 0
        self._line: deque[tuple[Call, Told]] = deque()

    def run(self, call: Call, told: Told) -> None:
        """Run a call when its turn comes, and tell how it ended, not before this returns."""
        self._line.append((call, told))
        self._next()

    def close(self) -> None:
        """Tell nobody any more; what runs goes on."""
        self._line.clear()
        self._commands.close()

    def _next(self) -> None:
        while self._line and self._busy < self._width:
            call, told = self._line.popleft()
            self._busy += 1
            run_call(self._commands, call, partial(self._ended, told))

    def _ended(self, told: Told, result: CommandResult) -> None:
        self._busy -= 1
        told(result)
        self._next()
