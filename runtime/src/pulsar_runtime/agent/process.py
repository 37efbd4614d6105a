"""One agent from its start to its stop."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

from pulsar_runtime.agent.reactor import SelectorReactor
from pulsar_runtime.application.supervisor import Supervisor
from pulsar_runtime.domain.errors import AlreadyRunning
from pulsar_runtime.systemd.notification import SILENT, Notifier

logger = logging.getLogger(__name__)

LOCK_NAME = "agent.lock"

#: How often the agent shows that it is alive to those who want to know without being asked.
_LIFE_SECONDS = 5.0


@contextlib.contextmanager
def only_agent(directory: Path) -> Iterator[None]:
    """Hold the right to serve the job store of *directory*; raises `AlreadyRunning`."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(directory / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise AlreadyRunning(
            f"another agent serves {directory}: stop it, or give this instance its own persistence_directory"
        ) from None
    else:
        yield
    finally:
        os.close(descriptor)


def run(
    supervisor: Supervisor,
    reactor: SelectorReactor,
    doorbell: socket.socket,
    recovered: Callable[[], None],
    *,
    show_life: Callable[[], None],
    notifier: Notifier = SILENT,
) -> None:
    """Recover all jobs, call *recovered*, and serve until a signal says stop; running jobs go on.

    *show_life* is called every few seconds for as long as the reactor turns.
    """
    with _signals(reactor):
        reactor.watch(doorbell.fileno(), lambda: _answer(doorbell, supervisor))
        notifier.status("Recovering jobs")
        supervisor.round()
        recovered()
        logger.info("agent is ready", extra={"action": "agent_ready"})
        notifier.ready("Ready for jobs")
        _repeat(reactor, _LIFE_SECONDS, show_life)
        if notifier.heartbeat_seconds is not None:
            _repeat(reactor, notifier.heartbeat_seconds, notifier.alive)
        reactor.run()
        logger.info("agent stops; running jobs go on", extra={"action": "agent_stops"})
        notifier.stopping("Stopping; running jobs go on")


def _repeat(reactor: SelectorReactor, seconds: float, beat: Callable[[], None]) -> None:
    """Call *beat* now and from time to time."""
    beat()
    reactor.call_later(seconds, lambda: _repeat(reactor, seconds, beat))


def _answer(doorbell: socket.socket, supervisor: Supervisor) -> None:
    # However often it rang, one look finds everything.
    with contextlib.suppress(BlockingIOError):
        while True:
            doorbell.recv(1)
    supervisor.look()


@contextlib.contextmanager
def _signals(reactor: SelectorReactor) -> Iterator[None]:
    """Stop the reactor at SIGTERM and SIGINT, whatever it is waiting for."""
    reader, writer = socket.socketpair()
    for end in (reader, writer):
        end.setblocking(False)  # noqa: FBT003 - socket's only spelling
    earlier_fd = signal.set_wakeup_fd(writer.fileno())
    handlers: dict[signal.Signals, Callable[..., None]] = {
        signal.SIGTERM: lambda *_: reactor.stop(),
        signal.SIGINT: lambda *_: reactor.stop(),
    }
    if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
        # Started with nohup. A handler that does nothing ignores it as well, but jobs do not inherit that.
        handlers[signal.SIGHUP] = lambda *_: None
    earlier = {number: signal.signal(number, handler) for number, handler in handlers.items()}

    def drain() -> None:
        reader.recv(64)

    reactor.watch(reader.fileno(), drain)
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(earlier_fd)
        reactor.unwatch(reader.fileno())
        reader.close()
        writer.close()
