"""A named pipe that holds jobs back until they are let go, so that no job has to be timed."""

from __future__ import annotations

import os
from pathlib import Path

HOLD_SECONDS = 120


class Gate:
    """Jobs wait at the gate, at most ``HOLD_SECONDS`` each; a job takes one line to pass."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self._path = path
        # Open in both directions, so that neither side waits for the other to open it (fifo(7)).
        self._descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)

    def wait_command(self) -> str:
        """Return the bash command that waits."""
        return f"read -t {HOLD_SECONDS} _ <> '{self._path}'"

    def let_go(self, jobs: int) -> None:
        """Let so many jobs pass."""
        os.write(self._descriptor, b"\n" * jobs)

    def close(self) -> None:
        """Close our side; jobs that still wait do so until their time is up."""
        os.close(self._descriptor)
