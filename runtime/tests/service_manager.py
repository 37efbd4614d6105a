"""A service manager for one half of a server: it gives it sockets and variables, and hears what it says."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal

from runtime.tests.live_server import START_LIMIT, STOP_LIMIT, LiveServer, serve_command

Half = Literal["agent", "web"]

#: The descriptor is to be 3, and the variables name the process, as sd_listen_fds(3) says.
_AS_A_MANAGER = """\
if [ -n "$LISTENER" ]; then
    [ "$LISTENER" = 3 ] || exec 3<&"$LISTENER" {LISTENER}<&-
    export LISTEN_FDS=1 LISTEN_PID=$$ LISTEN_FDNAMES=web
fi
export WATCHDOG_PID=$$
exec "$@"
"""


class ServiceManager:
    """Runs a half of *server* as a unit of type notify; what it says is kept until it is asked for."""

    def __init__(self, server: LiveServer, directory: Path, *, watchdog_seconds: float = 20.0) -> None:
        self._server = server
        self._watchdog = watchdog_seconds
        self._address = directory / "notify"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self._address))
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, half: Half, listener: socket.socket | None = None) -> subprocess.Popen[bytes]:
        """Start it, with *listener* in place of an address of its own, and wait until it says it is ready."""
        process = self.begin(half, listener)
        self.await_word("READY=1", process)
        return process

    def begin(self, half: Half, listener: socket.socket | None = None) -> subprocess.Popen[bytes]:
        """Start it, and wait for nothing."""
        program = serve_command(self._server.config, self._server.bind)[0]
        command = [program, half, "--config", str(self._server.config)]
        if half == "web" and listener is None:
            command += ["--bind", self._server.bind]
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self._server.directory),
            "NOTIFY_SOCKET": str(self._address),
            "WATCHDOG_USEC": str(int(self._watchdog * 1_000_000)),
            "LISTENER": str(listener.fileno()) if listener else "",
        }
        with self._server.log.open("ab") as log:
            process = subprocess.Popen(
                ["bash", "-c", _AS_A_MANAGER, "manager", *command],
                cwd=self._server.directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[listener.fileno()] if listener else [],
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def hear(self, seconds: float) -> str | None:
        """Return the next thing that is said, or None when nothing is for so long."""
        self._socket.settimeout(max(seconds, 0.001))
        try:
            return self._socket.recv(4096).decode()
        except TimeoutError:
            return None

    def await_word(self, word: str, process: subprocess.Popen[bytes]) -> list[str]:
        """Wait until *word* is said; return everything up to it."""
        heard: list[str] = []
        deadline = time.monotonic() + START_LIMIT
        while time.monotonic() < deadline and process.poll() is None:
            said = self.hear(0.1)
            if said is not None:
                heard.append(said)
                if word in said.splitlines():
                    return heard
        raise AssertionError(f"{word} was not said, only {heard}\n{self._server.log_tail()}")

    def stop(self, process: subprocess.Popen[bytes]) -> int:
        """End the process as a manager does, and return its exit code."""
        process.send_signal(signal.SIGTERM)
        return process.wait(STOP_LIMIT)

    def close(self) -> None:
        """End all that was started, and hear no more."""
        for process in self._processes:
            process.kill()
            process.wait(STOP_LIMIT)
        self._server.end_everything()
        self._socket.close()


@contextmanager
def service_manager(
    server: LiveServer, directory: Path, *, watchdog_seconds: float = 20.0
) -> Iterator[ServiceManager]:
    """Provide a manager for as long as the block lasts; nothing of the server runs afterwards."""
    with closing(ServiceManager(server, directory, watchdog_seconds=watchdog_seconds)) as manager:
        yield manager
