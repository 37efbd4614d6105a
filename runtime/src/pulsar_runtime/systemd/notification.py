"""Tell the service manager how this process is (sd_notify(3), sd_watchdog_enabled(3))."""

from __future__ import annotations

import logging
import socket
from collections.abc import MutableMapping

import attrs

logger = logging.getLogger(__name__)

#: The manager reads at once; a machine that does not come to it for longer has other troubles.
_SEND_SECONDS = 1.0


@attrs.frozen(kw_only=True)
class Notifier:
    """Sends what the manager wants to know; without a manager, nothing.

    It never raises: a process that cannot say how it is goes on with its work.
    """

    #: Path of a socket, or its abstract name after ``@``.
    address: str | None = None
    #: The longest silence after which the manager takes this process for hung; None if it does not care.
    watchdog_seconds: float | None = None

    @classmethod
    def taken_from(cls, environ: MutableMapping[str, str], pid: int) -> Notifier:
        """Make one for process *pid* from the manager's variables, and remove them from *environ*.

        Nobody that this process starts may speak in its name.
        """
        address = environ.pop("NOTIFY_SOCKET", None)
        microseconds = environ.pop("WATCHDOG_USEC", "")
        watched = environ.pop("WATCHDOG_PID", str(pid)) == str(pid) and microseconds.isdecimal()
        seconds = int(microseconds) / 1_000_000 if watched else 0.0
        return cls(address=address or None, watchdog_seconds=seconds or None)

    @property
    def heartbeat_seconds(self) -> float | None:
        """How often to say `alive`; None if nobody cares."""
        return self.watchdog_seconds and self.watchdog_seconds / 2

    def status(self, text: str) -> None:
        """Say in one line what is going on."""
        self._send(f"STATUS={text}")

    def ready(self, text: str) -> None:
        """Say that the start is complete."""
        self._send(f"READY=1\nSTATUS={text}")

    def stopping(self, text: str) -> None:
        """Say that the stop has begun."""
        self._send(f"STOPPING=1\nSTATUS={text}")

    def alive(self) -> None:
        """Say that all is well."""
        self._send("WATCHDOG=1")

    def _send(self, state: str) -> None:
        if self.address is None:
            return
        # An abstract name begins with NUL, which no environment variable can hold.
        address = f"\0{self.address[1:]}" if self.address.startswith("@") else self.address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.settimeout(_SEND_SECONDS)
                sender.sendto(state.encode(), address)
        except OSError as exc:
            logger.warning(
                "the service manager at %s cannot be told %r: %s",
                self.address,
                state,
                exc,
                extra={"action": "notification_failed"},
            )


#: For processes that no manager watches.
SILENT = Notifier()
