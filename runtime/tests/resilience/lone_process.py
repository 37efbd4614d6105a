"""One half of the server, web or agent, run by its own command."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from runtime.tests.live_server import STOP_LIMIT, LiveServer, serve_command

Half = Literal["agent", "web"]


@contextmanager
def running_alone(server: LiveServer, half: Half) -> Iterator[subprocess.Popen[bytes]]:
    """Run one half of a server that does not run as a whole; it is stopped when the block ends."""
    process = start_alone(server, half)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_LIMIT)


def start_alone(server: LiveServer, half: Half) -> subprocess.Popen[bytes]:
    """Start one half of a server; its log is the server's."""
    program = serve_command(server.config, server.bind)[0]
    bind = ["--bind", server.bind] if half == "web" else []
    with server.log.open("ab") as log:
        return subprocess.Popen(
            [program, half, "--config", str(server.config), *bind],
            cwd=server.directory,
            env={"PATH": os.environ["PATH"], "HOME": str(server.directory)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
