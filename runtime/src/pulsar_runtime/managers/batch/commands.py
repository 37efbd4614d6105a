"""Commands that run beside the reactor: none is waited for, and none may take for ever."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Protocol

import attrs

from pulsar_runtime.managers.batch.dialect import CommandResult
from pulsar_runtime.managers.batch.host import Call
from pulsar_runtime.ports import Reactor

Told = Callable[[CommandResult], None]


class Commands(Protocol):
    """Runs commands."""

    def run(self, argv: Sequence[str], told: Told, *, stdin: int | None = None) -> None:
        """Start a command, and tell how it ended from the reactor's thread, not before this returns."""

    def close(self) -> None:
        """Tell nobody any more; what runs goes on."""


@attrs.define(eq=False)
class _Running:
    process: subprocess.Popen[bytes]
    pidfd: int
    output: tuple[int, int]
    #: None once it was told.
    told: Told | None


class ReactorCommands:
    """Implements `Commands` with processes, here or by way of *prefix* on another host."""

    def __init__(self, reactor: Reactor, *, environ: Mapping[str, str], limit_seconds: float = 60.0) -> None:
        self._reactor = reactor
        self._environ = dict(environ)
        self._limit = limit_seconds
        self._running: set[_Running] = set()

    def run(self, argv: Sequence[str], told: Told, *, stdin: int | None = None) -> None:
        """Start a command in a session of its own, with nothing but *stdin* from us."""
        # Files and not pipes: no amount of output holds the command up, and no child of it holds us up.
        output = (os.memfd_create("stdout"), os.memfd_create("stderr"))
        try:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL if stdin is None else stdin,
                stdout=output[0],
                stderr=output[1],
                cwd="/",
                env=self._environ,
                start_new_session=True,
            )
        except OSError as exc:
            _close(output)
            result = CommandResult(exit_code=None, stderr=f"{argv[0]} cannot be run: {exc.strerror}")
            self._reactor.call_later(0.0, lambda: told(result))
            return
        running = _Running(process, os.pidfd_open(process.pid), output, told)
        self._running.add(running)
        self._reactor.watch(running.pidfd, partial(self._ended, running))
        self._reactor.call_later(self._limit, partial(self._expire, running, argv[0]))

    def close(self) -> None:
        """Tell nobody any more; what runs goes on."""
        for running in self._running:
            running.told = None
            self._reactor.unwatch(running.pidfd)
            os.close(running.pidfd)
            _close(running.output)
            # Popen is to say nothing of a process that is left to itself.
            running.process.returncode = running.process.poll() or 0
        self._running.clear()

    def _ended(self, running: _Running) -> None:
        self._running.discard(running)
        self._reactor.unwatch(running.pidfd)
        os.close(running.pidfd)
        code = running.process.wait()
        stdout, stderr = map(_content, running.output)
        _close(running.output)
        self._tell(running, CommandResult(exit_code=code, stdout=stdout, stderr=stderr))

    def _expire(self, running: _Running, command: str) -> None:
        if running in self._running:
            # What root runs for us cannot be killed, and has a limit of its own.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(running.process.pid, signal.SIGKILL)
            # Told now: a process that hangs in the kernel does not end when it is killed.
            words = f"{command} did not end within {self._limit:.0f} s"
            self._tell(running, CommandResult(exit_code=None, stderr=words))

    @staticmethod
    def _tell(running: _Running, result: CommandResult) -> None:
        told, running.told = running.told, None
        if told is not None:
            told(result)


def run_call(commands: Commands, call: Call, told: Told) -> None:
    """Run a call with its standard input from memory."""
    stdin = os.memfd_create("stdin")
    try:
        os.write(stdin, call.stdin.encode("utf-8", "surrogateescape"))
        os.lseek(stdin, 0, os.SEEK_SET)
        commands.run(call.argv, told, stdin=stdin)
    finally:
        os.close(stdin)


def _content(descriptor: int) -> str:
    with os.fdopen(os.dup(descriptor), "rb") as file:
        file.seek(0)
        return file.read().decode("utf-8", "replace")


def _close(descriptors: tuple[int, int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
