"""The binding of a DRMAA library, with a stand-in of the C functions.

What they answer was answered by Grid Engine 8.1.9 (Debian 13).
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import pytest

from pulsar_runtime.managers.drmaa.library import (
    DONE,
    INVALID_JOB,
    PENDING,
    RUNNING,
    DrmaaError,
    Ended,
    Library,
)

#: The library's words for what its functions return.
WORDS = {
    2: "unable to send message to qmaster using port 6444 on host",
    17: 'Job was rejected because job requests unknown queue "nosuch"',
    18: "The job specified by the 'jobid' does not exist.",
    23: "time-out condition",
    24: "no usage information was returned for the completed job",
}
#: A job that was killed by a limit of the queue.
USAGE = ["ru_wallclock=3.0000", "maxvmem=1974272.0000", "exit_status=137.0000"]


class FakeC:
    """Functions that set what their pointers point to, and remember what they were told."""

    def __init__(self, **returns: int) -> None:
        self.returns = returns
        self.attributes: dict[bytes, bytes] = {}
        self.arguments: list[bytes] = []
        self.calls: list[str] = []
        self.exited, self.signalled, self.state = 0, 0, 0x10
        self.usage: list[str] = []

    def __getattr__(self, name: str) -> Callable[..., int]:
        def call(*arguments: Any) -> int:  # noqa: ANN401 - C has no types either
            self.calls.append(name)
            getattr(self, f"_{name.removeprefix('drmaa_')}", lambda *_: None)(*arguments)
            code = self.returns.get(name.removeprefix("drmaa_"), 0)
            if code and not name.startswith("drmaa_get_next"):
                arguments[-2].value = WORDS[code].encode()
            return code

        if not name.startswith("drmaa_"):
            raise AttributeError(name)
        return call

    def _get_contact(self, text: Any, *_: object) -> None:  # noqa: ANN401 - as above
        text.value = b"session=vm.2505.1814425159"

    def _set_attribute(self, _template: object, name: bytes, value: bytes, *_: object) -> None:
        self.attributes[name] = value

    def _set_vector_attribute(self, _template: object, name: bytes, vector: Any, *_: object) -> None:  # noqa: ANN401 - as above
        assert name == b"drmaa_v_argv"
        assert vector[len(vector) - 1] is None
        self.arguments = list(vector)[:-1]

    def _run_job(self, number: Any, *_: object) -> None:  # noqa: ANN401 - as above
        number.value = b"23"

    def _job_ps(self, _number: bytes, state: Any, *_: object) -> None:  # noqa: ANN401 - as above
        state._obj.value = self.state  # noqa: SLF001 - what byref() holds

    def _wait(self, wanted: bytes, number: Any, *rest: Any) -> None:  # noqa: ANN401 - as above
        assert wanted == b"DRMAA_JOB_IDS_SESSION_ANY"
        number.value = b"14"
        rest[3]._obj.value = 1 if self.usage else None  # noqa: SLF001 - what byref() holds

    def _wifexited(self, number: Any, *_: object) -> None:  # noqa: ANN401 - as above
        number._obj.value = self.exited  # noqa: SLF001 - what byref() holds

    def _wifsignaled(self, number: Any, *_: object) -> None:  # noqa: ANN401 - as above
        number._obj.value = self.signalled  # noqa: SLF001 - what byref() holds

    def _wexitstatus(self, number: Any, *_: object) -> None:  # noqa: ANN401 - as above
        number._obj.value = 3  # noqa: SLF001 - what byref() holds

    def _wtermsig(self, text: Any, *_: object) -> None:  # noqa: ANN401 - as above
        text.value = b"SIGKILL"

    def _get_next_attr_value(self, _values: object, word: Any, *_: object) -> None:  # noqa: ANN401 - as above
        if self.usage:
            word.value = self.usage.pop(0).encode()
        else:
            self.returns["get_next_attr_value"] = 25


def library(monkeypatch: pytest.MonkeyPatch, functions: FakeC) -> Library:
    monkeypatch.setattr(ctypes, "CDLL", lambda _path: functions)
    return Library("/usr/lib/libdrmaa.so")


def test_a_session_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert library(monkeypatch, FakeC()).open(None) == "session=vm.2505.1814425159"


def test_a_job_is_submitted_with_its_attributes_and_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    functions = FakeC()
    number = library(monkeypatch, functions).run(
        {"remote_command": "/bin/bash", "wd": "/srv/x"}, ["-c", "a  'b'"]
    )
    assert number == "23"
    assert functions.attributes == {b"drmaa_remote_command": b"/bin/bash", b"drmaa_wd": b"/srv/x"}
    assert functions.arguments == [b"-c", b"a  'b'"]
    assert functions.calls[-1] == "drmaa_delete_job_template"


@pytest.mark.parametrize(("code", "transient"), [(17, False), (2, True), (18, False)])
def test_a_refusal_has_the_librarys_words(
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    transient: bool,  # noqa: FBT001 - a column
) -> None:
    functions = FakeC(run_job=code)
    with pytest.raises(DrmaaError) as refusal:
        library(monkeypatch, functions).run({}, [])
    assert (str(refusal.value), refusal.value.code, refusal.value.transient) == (WORDS[code], code, transient)
    assert functions.calls[-1] == "drmaa_delete_job_template"


@pytest.mark.parametrize(
    ("state", "meaning"),
    [(0x10, PENDING), (0x12, PENDING), (0x20, RUNNING), (0x22, RUNNING), (0x30, DONE), (0x00, None)],
)
def test_states_are_read(monkeypatch: pytest.MonkeyPatch, state: int, meaning: str | None) -> None:
    functions = FakeC()
    functions.state = state
    assert library(monkeypatch, functions).state("23") == meaning


def test_a_job_that_exited_has_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    functions = FakeC()
    functions.exited = 1
    assert library(monkeypatch, functions).wait(2) == Ended("14", 3, "", {})


def test_a_job_that_was_killed_has_its_signal_and_what_it_used(monkeypatch: pytest.MonkeyPatch) -> None:
    functions = FakeC()
    functions.signalled, functions.usage = 1, [*USAGE]
    ended = library(monkeypatch, functions).wait(2)
    used = {"ru_wallclock": "3.0000", "maxvmem": "1974272.0000", "exit_status": "137.0000"}
    assert ended == Ended("14", None, "SIGKILL", used)
    assert functions.calls[-1] == "drmaa_release_attr_values"


def test_a_job_without_accounting_has_ended_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was deleted while it waited."""
    assert library(monkeypatch, FakeC(wait=24)).wait(2) == Ended("14", None, "", {})


def test_a_wait_in_which_nothing_ended_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    assert library(monkeypatch, FakeC(wait=23)).wait(2) is None


def test_a_session_without_jobs_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DrmaaError) as nothing:
        library(monkeypatch, FakeC(wait=18)).wait(2)
    assert nothing.value.code == INVALID_JOB
