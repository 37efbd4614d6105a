"""The doorbell: a datagram that tells the agent to look into the store."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

SOCKET_NAME = "agent.sock"

#: An agent that shows no life for so long has stopped, or hangs.
_SILENCE_SECONDS = 15.0


class SocketDoorbell:
    """Rings at a Unix socket; implements the port `Doorbell`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def ring(self) -> None:
        """Wake the agent if it runs; an agent that does not hear it looks by itself soon."""
        with (
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sender,
            # Nobody there, or its queue is full: then it is about to look anyway.
            contextlib.suppress(OSError),
            _reachable(self._directory) as address,
        ):
            sender.sendto(b"\n", address)

    def answered(self) -> bool:
        """Tell whether an agent listens, and has shown life not long ago."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            try:
                with _reachable(self._directory) as address:
                    sender.connect(address)
                    silence = time.monotonic() - os.stat(address).st_mtime
            except OSError:
                return False
        return 0 <= silence < _SILENCE_SECONDS


def listen(directory: Path) -> socket.socket:
    """Return a bound socket that becomes readable when somebody rings."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(directory / SOCKET_NAME)
    with _reachable(directory) as address:
        listener.bind(address)
    os.chmod(directory / SOCKET_NAME, 0o600)
    show_life(directory)
    return listener


def show_life(directory: Path) -> None:
    """Let those who ring know that somebody still listens; to be called every few seconds."""
    # This clock is the same in all processes, and nobody sets it.
    now = time.monotonic()
    # Where somebody has removed it nobody can ring either.
    with contextlib.suppress(FileNotFoundError):
        os.utime(directory / SOCKET_NAME, (now, now))


@contextlib.contextmanager
def _reachable(directory: Path) -> Iterator[str]:
    """Give the socket's address by way of its directory's descriptor, as unix(7) allows only 107 bytes."""
    descriptor = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}/{SOCKET_NAME}"
    finally:
        os.close(descriptor)
