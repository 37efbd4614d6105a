"""One connection to the broker, used by one thread."""

from __future__ import annotations

import select
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import kombu
from amqp.exceptions import (
    AccessRefused,
    AMQPError,
    AMQPNotImplementedError,
    InvalidCommand,
    NotAllowed,
    PreconditionFailed,
    ResourceLocked,
)

from pulsar_runtime.domain.errors import BrokerRefused, BrokerUnavailable
from pulsar_runtime.messaging.alarm import Alarm
from pulsar_runtime.messaging.settings import BrokerSettings, TlsSettings

_CONNECT_SECONDS = 15.0

#: A broker that hangs, or takes nothing, may not hold up the thread for longer.
_ANSWER_SECONDS = 30

#: How long the rest of what began to arrive may take.
_ARRIVAL_SECONDS = 5.0

#: Heartbeats are sent, and missed, in parts of their interval (AMQP 0-9-1 section 4.2.7).
_LOOKS_PER_HEARTBEAT = 4

#: What somebody has to change before it can succeed; everything else may pass by itself.
_REFUSALS = (
    AccessRefused,
    AMQPNotImplementedError,
    InvalidCommand,
    NotAllowed,
    PreconditionFailed,
    ResourceLocked,
    ssl.SSLCertVerificationError,
)


class Link:
    """A connection that has been opened; every call may raise `BrokerUnavailable` or `BrokerRefused`."""

    def __init__(self, settings: BrokerSettings, alarm: Alarm) -> None:
        self._alarm = alarm
        self._pause = (settings.heartbeat_seconds or 240) / _LOOKS_PER_HEARTBEAT
        self._connection = kombu.Connection(
            transport="pyamqp",
            hostname=settings.host,
            port=settings.port,
            virtual_host=settings.virtual_host,
            userid=settings.user,
            password=settings.password,
            ssl=_tls(settings.tls, settings.host) if settings.tls else False,
            heartbeat=settings.heartbeat_seconds or 0,
            connect_timeout=_CONNECT_SECONDS,
            transport_options={"read_timeout": _ANSWER_SECONDS, "write_timeout": _ANSWER_SECONDS},
        )
        with self.translating():
            self._connection.connect()

    def channel(self) -> Any:  # noqa: ANN401 - kombu's, which is not typed
        """Open a channel."""
        with self.translating():
            return self._connection.channel()

    def wait(self, seconds: float) -> None:
        """Deal with what arrives for *seconds*, or until something did or the alarm rings.

        Raises `Stopped` when the alarm says that the thread is to end.
        """
        deadline = time.monotonic() + seconds
        while True:
            left = max(0.0, deadline - time.monotonic())
            arrived = self._readable(min(left, self._pause))
            with self.translating():
                while self._readable(0):
                    # Something arrived, so this waits only for the rest of its frame. kombu's drain_events
                    # would go on after a heartbeat, deaf to the alarm, and sending none itself.
                    with suppress(TimeoutError):
                        self._connection.connection.blocking_read(_ARRIVAL_SECONDS)
                self._connection.heartbeat_check(rate=_LOOKS_PER_HEARTBEAT)
            if arrived or time.monotonic() >= deadline:
                self._alarm.hear()
                return

    def close(self) -> None:
        """Take leave of the broker; what was not acknowledged goes back to its queue."""
        with suppress(BrokerUnavailable, BrokerRefused), self.translating():
            self._connection.release()

    def abandon(self) -> None:
        """Close the connection without a word, for a broker that may not answer."""
        with suppress(BrokerUnavailable, BrokerRefused), self.translating():
            self._connection.collect()

    @contextmanager
    def translating(self) -> Iterator[None]:
        """Turn the library's errors into ours."""
        try:
            yield
        except _REFUSALS as exc:
            raise BrokerRefused(_said(exc)) from exc
        # An AttributeError is what the library raises when the connection vanishes under its hands.
        except (AMQPError, kombu.exceptions.OperationalError, OSError, AttributeError) as exc:
            raise BrokerUnavailable(_said(exc)) from exc

    def _readable(self, seconds: float) -> bool:
        """Wait until there is something to read, or the alarm rings."""
        with self.translating():
            sock = self._connection.connection.sock
            if isinstance(sock, ssl.SSLSocket) and sock.pending():
                return True
            ready, _, _ = select.select([sock, self._alarm.descriptor], [], [], seconds)
        return bool(ready) if seconds else sock in ready


def _tls(tls: TlsSettings, host: str) -> dict[str, object]:
    """Return the library's options."""
    options: dict[str, object] = {
        "ca_certs": tls.ca_file,
        "certfile": tls.certificate_file,
        "keyfile": tls.key_file,
        "cert_reqs": ssl.CERT_NONE,
        "tls_minimum_version": ssl.TLSVersion.TLSv1_2,
    }
    if tls.verify:
        # Only with a name to expect does the library look at the one in the certificate.
        options |= {"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": tls.server_name or host}
    return options


def _said(error: Exception) -> str:
    """Return what the library says, on one line."""
    return " ".join(str(error).split()) or type(error).__name__
