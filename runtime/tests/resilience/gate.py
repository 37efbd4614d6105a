"""A gate at which jobs wait, at no cost, until a test lets them pass."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Self


class Gate:
    """Closed until `open` is called, then open for good; a context manager, for the descriptor it holds."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        os.mkfifo(path)

    @property
    def wait(self) -> str:
        """The shell command that waits at the gate: opening a FIFO waits for its other side (fifo(7))."""
        return f": < {self._path}"

    def open(self) -> None:
        """Let everyone pass, now and later."""
        if self._descriptor is None:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
