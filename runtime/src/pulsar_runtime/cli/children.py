"""Child processes under one parent that passes signals on."""

from __future__ import annotations

import ctypes
import gc
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from typing import NoReturn

from pulsar_runtime.domain.errors import PulsarRuntimeError

logger = logging.getLogger(__name__)

#: A child that gives up sooner could not start, and would not the next time. gunicorn tries for 5 seconds
#: to get a port that is taken.
_STARTED_SECONDS = 10.0

#: Exit codes of a child that did not give up but was ended by somebody.
_ENDED_FROM_OUTSIDE = frozenset({0, -signal.SIGTERM, -signal.SIGKILL})

_STOP = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})

#: prctl(2): the signal that a process gets when its parent is gone.
_PR_SET_PDEATHSIG = 1


class Children:
    """Runs each of *programs* in a child; one that dies later on is started again.

    They are started in their order, and stopped in the opposite one.
    """

    def __init__(self, programs: Mapping[str, Callable[[], None]]) -> None:
        self._programs = programs
        self._names: dict[int, str] = {}
        self._started: dict[str, float] = {}
        self._stopping = False
        self._exit_code = 0

    def run(self) -> int:
        """Return the exit code once all children have ended."""
        # One that is ignored stays so: nohup(1) did that. Blocked, it would be heard (sigwait(3)).
        awaited = {number for number in _STOP if signal.getsignal(number) is not signal.SIG_IGN}
        awaited.add(signal.SIGCHLD)
        signal.pthread_sigmask(signal.SIG_BLOCK, awaited)
        # Collections in the children leave alone what was made here, and its pages stay shared.
        gc.freeze()
        for name in self._programs:
            self._start(name)
        while self._names:
            number = signal.sigwait(awaited)
            if number == signal.SIGCHLD:
                self._reap()
            else:
                self._stop(0)
        return self._exit_code

    def _start(self, name: str) -> None:
        self._started[name] = time.monotonic()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            _become(self._programs[name], name, parent)
        self._names[pid] = name

    def _reap(self) -> None:
        for pid, name in list(self._names.items()):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if not ended:
                continue
            del self._names[pid]
            if self._stopping:
                self._stop(0)
                continue
            code = os.waitstatus_to_exitcode(status)
            soon = time.monotonic() - self._started[name] < _STARTED_SECONDS
            if soon and code not in _ENDED_FROM_OUTSIDE:
                logger.error(
                    "%s could not start (exit code %s): stopping", name, code, extra={"action": "stop"}
                )
                self._stop(1)
            else:
                logger.error(
                    "%s ended (exit code %s): starting it again", name, code, extra={"action": "restart"}
                )
                self._start(name)

    def _stop(self, exit_code: int) -> None:
        """Ask the last of the programs to end; when it has, the one before, which it may have needed."""
        self._stopping = True
        self._exit_code = self._exit_code or exit_code
        order = list(self._programs)
        if self._names:
            os.kill(max(self._names, key=lambda pid: order.index(self._names[pid])), signal.SIGTERM)


def run_and_exit(program: Callable[[], None], name: str) -> NoReturn:
    """Run *program*, log why it failed if it did, and end this process on the spot.

    Without the interpreter's tidying up: in a fork the parent's stack above this frame is none of the
    child's business, and gevent's patches do not survive it.
    """
    code = 1
    try:
        program()
        code = 0
    except SystemExit as exc:
        code = exc.code if isinstance(exc.code, int) else 1
    except PulsarRuntimeError as error:
        logger.error("%s: %s", name, error, extra={"action": "start_failed"})  # noqa: TRY400 - our errors say enough
    except BaseException:
        logger.exception("%s failed", name, extra={"action": "start_failed"})
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _become(program: Callable[[], None], name: str, parent: int) -> NoReturn:
    """Run *program* in a fresh child, and end with the parent."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        # It died before it was asked to tell.
        os._exit(1)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {*_STOP, signal.SIGCHLD})
    run_and_exit(program, name)
