"""The agent's side of the process that talks to the DRMAA library."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from pulsar_runtime.managers.batch.outage import Outages
from pulsar_runtime.ports import Reactor

#: The process, as Python is told of it.
PROGRAM = ("-m", "pulsar_runtime.managers.drmaa.session")

_RESTART_SECONDS = 5.0
#: A library that says nothing for so long is worth a warning.
_PATIENCE_SECONDS = 60.0
_BUFFER_BYTES = 64 * 1024

#: Grid Engine's library needs more room for its thread-local variables than a program that loads it late has.
#: https://www.gnu.org/software/libc/manual/html_node/Dynamic-Linking-Tunables.html
_ROOM = {"GLIBC_TUNABLES": "glibc.rtld.optional_static_tls=4096"}


class SessionClient:
    """Starts the session process, again if it ends, and passes on what it says.

    *ready* is called whenever a session has begun, *heard* with every other answer. *state* is a file that
    names the session from one process to the next.
    """

    def __init__(
        self,
        *,
        library: str,
        state: str,
        reactor: Reactor,
        environ: Mapping[str, str],
        ready: Callable[[], None],
        heard: Callable[[dict[str, Any]], None],
        outages: Outages,
    ) -> None:
        self._library = library
        self._state = state
        self._reactor = reactor
        self._environ = {**_ROOM, **environ}
        self._ready = ready
        self._heard = heard
        self._process: subprocess.Popen[bytes] | None = None
        self._rest = b""
        self._closed = False
        #: Since when the library owes an answer.
        self._unanswered_since: float | None = None
        self._outage = outages.of("the DRMAA session")
        self.is_ready = False

    def start(self) -> None:
        """Begin a session, unless there is one."""
        if self._process is not None or self._closed:
            return
        self._process = subprocess.Popen(
            [sys.executable, *PROGRAM, self._library, self._state],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=self._environ,
            cwd="/",
            start_new_session=True,
        )
        self._reactor.watch(self._output(self._process), self._read)

    def ask_for(self, **request: object) -> None:
        """Send a request that is answered; once a new session is ready, it has to be sent again."""
        if self._unanswered_since is None:
            self._unanswered_since = time.monotonic()
        self.ask(**request)

    def ask_states(self, numbers: Collection[str]) -> None:
        """Ask how jobs are, unless an answer is still to come: a library that hangs is not asked for more."""
        if self._unanswered_since is None:
            self.ask_for(states=[*numbers])
        elif time.monotonic() - self._unanswered_since > _PATIENCE_SECONDS:
            self._outage.met("the library does not answer")

    def ask(self, **request: object) -> None:
        """Send a request."""
        if self._process is None or self._process.stdin is None:
            return
        try:
            self._process.stdin.write(f"{json.dumps(request)}\n".encode())
            self._process.stdin.flush()
        except BrokenPipeError:
            # Its end is read in a moment.
            return

    def close(self) -> None:
        """Let the process end when it is through with what it was asked for."""
        self._closed = True
        self._let_go()

    def _read(self) -> None:
        if self._process is None:
            return
        data = os.read(self._output(self._process), _BUFFER_BYTES)
        if not data:
            self._failed(f"its process ended with {self._let_go()}")
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._hear(json.loads(line))

    def _hear(self, answer: dict[str, Any]) -> None:
        match answer:
            case {"failed": words}:
                self._outage.met(words)
            case {"ready": _}:
                self._outage.over()
                self.is_ready = True
                self._ready()
            case _:
                self._outage.over()
                self._unanswered_since = None
                self._heard(answer)

    def _failed(self, words: str) -> None:
        self._outage.met(words)
        self._reactor.call_later(_RESTART_SECONDS, self.start)

    def _let_go(self) -> int | None:
        process, self._process, self._rest, self.is_ready = self._process, None, b"", False
        self._unanswered_since = None
        if process is None:
            return None
        self._reactor.unwatch(self._output(process))
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
        if not self._closed:
            # It does not speak any more; nothing is to wait for its end.
            process.kill()
            return process.wait()
        # It may still be at work, and is nobody's child then.
        process.returncode = process.poll() or 0
        return None

    @staticmethod
    def _output(process: subprocess.Popen[bytes]) -> int:
        if process.stdout is None:
            raise ValueError("the session's process was started without a pipe")
        return process.stdout.fileno()
