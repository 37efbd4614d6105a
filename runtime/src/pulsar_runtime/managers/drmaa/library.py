"""A batch system's DRMAA library, version 1.0 of its C binding.

http://www.ogf.org/documents/GFD.130.pdf (functions, attributes and error codes). Only the standard library,
for the processes that use it also run as other users.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

#: Error codes that mean something to us.
INVALID_JOB = 18
_TRY_LATER = frozenset({2, 5, 6, 16})
_EXIT_TIMEOUT = 23
_NO_RUSAGE = 24

ANY_JOB = "DRMAA_JOB_IDS_SESSION_ANY"
_TERMINATE = 4

#: What `Library.state` says of jobs that wait, run, and have ended.
PENDING, RUNNING, DONE, FAILED = "pending", "running", "done", "failed"
#: The first digit tells: waiting, on the machine (if suspended perhaps), done, failed.
_STATES = {1: PENDING, 2: RUNNING, 3: DONE, 4: FAILED}

_TEXT_BYTES = 1024

#: Where distributions put it, besides the places that the linker knows.
_PLACES = ("/usr/lib/gridengine-drmaa/lib/libdrmaa.so.1.0",)


class DrmaaError(Exception):
    """The library says no."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words or f"DRMAA error {code}")
        self.code = code

    @property
    def transient(self) -> bool:
        """Tell whether the same call may succeed later."""
        return self.code in _TRY_LATER


class Ended(NamedTuple):
    """How a job ended."""

    number: str
    #: None unless it ended by itself.
    exit_code: int | None
    signal: str
    #: What it used, in the batch system's own words.
    usage: dict[str, str]


def find(configured: str | None) -> str | None:
    """Return the library's path: the one that the site says, or where it usually is."""
    if configured:
        return configured
    return ctypes.util.find_library("drmaa") or next(
        (place for place in _PLACES if Path(place).exists()), None
    )


class Library:
    """A session with a batch system; one for each process. Raises `OSError` if *path* is no library."""

    def __init__(self, path: str) -> None:
        self._library = ctypes.CDLL(path)

    def open(self, contact: str | None) -> str:
        """Begin a session, or enter the one that *contact* names; return its name."""
        self._call("init", contact.encode() if contact else None)
        return self._text("get_contact")

    def close(self) -> None:
        """Leave the session; its jobs go on."""
        self._call("exit")

    def run(self, attributes: dict[str, str], arguments: Sequence[str]) -> str:
        """Submit a job; return its number."""
        template = ctypes.c_void_p()
        self._call("allocate_job_template", ctypes.byref(template))
        try:
            for name, value in attributes.items():
                self._call("set_attribute", template, f"drmaa_{name}".encode(), value.encode())
            vector = (ctypes.c_char_p * (len(arguments) + 1))(*(word.encode() for word in arguments), None)
            self._call("set_vector_attribute", template, b"drmaa_v_argv", vector)
            number = ctypes.create_string_buffer(_TEXT_BYTES)
            self._call("run_job", number, ctypes.c_size_t(_TEXT_BYTES), template)
        finally:
            self._call("delete_job_template", template)
        return number.value.decode()

    def state(self, number: str) -> str | None:
        """Return how a job is, or None if the library cannot tell."""
        state = ctypes.c_int()
        self._call("job_ps", number.encode(), ctypes.byref(state))
        return _STATES.get(state.value >> 4)

    def terminate(self, number: str) -> None:
        """End a job."""
        self._call("control", number.encode(), ctypes.c_int(_TERMINATE))

    def wait(self, seconds: int) -> Ended | None:
        """Return how a job of this session ended, or None if none did within *seconds*.

        Raises `DrmaaError` with `INVALID_JOB` when there is no job to wait for.
        """
        number = ctypes.create_string_buffer(_TEXT_BYTES)
        status, usage = ctypes.c_int(), ctypes.c_void_p()
        size = ctypes.c_size_t(_TEXT_BYTES)
        try:
            wanted, patience = ANY_JOB.encode(), ctypes.c_long(seconds)
            self._call("wait", wanted, number, size, ctypes.byref(status), patience, ctypes.byref(usage))
        except DrmaaError as exc:
            if exc.code == _EXIT_TIMEOUT:
                return None
            if exc.code != _NO_RUSAGE:
                raise
            # It never ran, but it has ended all the same.
            return Ended(number.value.decode(), None, "", {})
        exited = self._number("wifexited", status)
        signalled = self._number("wifsignaled", status)
        return Ended(
            number.value.decode(),
            self._number("wexitstatus", status) if exited else None,
            self._text("wtermsig", status) if signalled else "",
            dict(word.split("=", 1) for word in self._values(usage) if "=" in word),
        )

    def _number(self, function: str, status: ctypes.c_int) -> int:
        number = ctypes.c_int()
        self._call(function, ctypes.byref(number), status)
        return number.value

    def _text(self, function: str, *arguments: ctypes.c_int) -> str:
        text = ctypes.create_string_buffer(_TEXT_BYTES)
        self._call(function, text, ctypes.c_size_t(_TEXT_BYTES), *arguments)
        return text.value.decode()

    def _values(self, values: ctypes.c_void_p) -> list[str]:
        words = []
        word = ctypes.create_string_buffer(_TEXT_BYTES)
        while (
            values.value
            and self._library.drmaa_get_next_attr_value(values, word, ctypes.c_size_t(_TEXT_BYTES)) == 0
        ):
            words.append(word.value.decode())
        self._library.drmaa_release_attr_values(values)
        return words

    def _call(self, function: str, *arguments: object) -> None:
        words = ctypes.create_string_buffer(_TEXT_BYTES)
        code = getattr(self._library, f"drmaa_{function}")(*arguments, words, ctypes.c_size_t(_TEXT_BYTES))
        if code:
            raise DrmaaError(code, words.value.decode(errors="replace"))
