"""The process that talks to a batch system through its DRMAA library.

It reads requests from standard input and writes answers to standard output, one JSON object a line. A
library that crashes or hangs takes no agent with it, and an agent that is killed takes no answer with it:
what the library says is in a job's journal before anybody is told. It ends with its standard input.

One thread waits for the end of jobs, of all of them at once. Only the standard library is used.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from pulsar_runtime.managers.drmaa import journal
from pulsar_runtime.managers.drmaa.library import INVALID_JOB, DrmaaError, Library

#: How long one wait lasts; what is submitted meanwhile is waited for in the next.
_WAIT_SECONDS = 2
_PAUSE_SECONDS = 5.0


class Session:
    """One session; *state* is a file that names it, and is locked while anybody is in it."""

    def __init__(self, library: Library, state: int) -> None:
        self._library = library
        self._state = state
        #: Journals of the jobs that are followed, by their numbers.
        self._journals: dict[str, str] = {}
        #: Held from a submission until it was told, so that nobody hears of the end first.
        self._speaking = threading.Lock()
        self._submitted = threading.Event()

    def begin(self) -> None:
        """Enter the session of an earlier process if there was one and the batch system still has it."""
        earlier = os.pread(self._state, 4096, 0).decode().strip()
        try:
            contact = self._library.open(earlier or None)
        except DrmaaError as exc:
            if not earlier or exc.transient:
                raise
            contact = self._library.open(None)
        os.ftruncate(self._state, 0)
        os.pwrite(self._state, contact.encode(), 0)
        threading.Thread(target=self._wait, name="drmaa-wait", daemon=True).start()
        self._say(ready=contact)

    def answer(self, request: dict[str, Any]) -> None:
        """Do what is asked for."""
        match request:
            case {"submit": launch, "journal": path, "attributes": attributes, "arguments": arguments}:
                self._submit(launch, path, attributes, arguments)
            case {"follow": number, "journal": path}:
                self._journals[number] = path
                self._submitted.set()
            case {"cancel": number}:
                self._cancel(number)
            case {"states": numbers}:
                self._say(states={number: self._state_of(number) for number in numbers})

    def _submit(self, launch: str, path: str, attributes: dict[str, str], arguments: list[str]) -> None:
        with self._speaking:
            journal.note(path, begun=True)
            try:
                number = self._library.run(attributes, arguments)
            except DrmaaError as exc:
                journal.note(path, begun=False)
                self._say(refused=launch, words=str(exc), transient=exc.transient)
                return
            journal.note(path, number=number)
            self._journals[number] = path
            self._say(submitted=launch, number=number)
        self._submitted.set()

    def _cancel(self, number: str) -> None:
        try:
            self._library.terminate(number)
        except DrmaaError as exc:
            self._say(not_cancelled=number, words=str(exc), gone=exc.code == INVALID_JOB)

    def _state_of(self, number: str) -> dict[str, str | None]:
        """Return a state, or why there is none; a job that is not known has the state None."""
        try:
            return {"state": self._library.state(number)}
        except DrmaaError as exc:
            return {"state": None} if exc.code == INVALID_JOB else {"words": str(exc)}

    def _wait(self) -> None:
        while True:
            try:
                ended = self._library.wait(_WAIT_SECONDS)
            except DrmaaError as exc:
                if exc.code == INVALID_JOB:
                    # There is none; nothing can end before something is submitted.
                    self._submitted.wait()
                else:
                    time.sleep(_PAUSE_SECONDS)
                self._submitted.clear()
                continue
            if ended is None:
                continue
            end = {"exit_code": ended.exit_code, "signal": ended.signal, "usage": ended.usage}
            with self._speaking:
                path = self._journals.pop(ended.number, None)
                if path is not None:
                    # A journal that cannot be written is one that nobody will read either.
                    with contextlib.suppress(OSError):
                        journal.note(path, ended=end)
                self._say(ended=ended.number, how=end)

    def _say(self, **answer: object) -> None:
        # Whoever listened may be gone; what matters is in the journals.
        with contextlib.suppress(BrokenPipeError):
            sys.stdout.write(f"{json.dumps(answer)}\n")
            sys.stdout.flush()


def main(load: Callable[[str], Library] = Library) -> int:
    """Serve until standard input ends; the arguments are the library and the file that names the session."""
    path, state = sys.argv[1:]
    descriptor = os.open(state, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    # An agent that was killed may have left a process that is not through with its requests.
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        library = load(path)
        session = Session(library, descriptor)
        session.begin()
    except (OSError, DrmaaError) as exc:
        print(json.dumps({"failed": str(exc)}), flush=True)  # noqa: T201 - its answers go to standard output
        return 1
    for line in sys.stdin:
        session.answer(json.loads(line))
    # Not closed: the library would wait for the thread that waits, and the session is to be entered again.
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
