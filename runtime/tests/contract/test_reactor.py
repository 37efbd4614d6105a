"""What those who wait for events may rely on, whoever calls them."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from functools import partial
from typing import Protocol

import pytest

from pulsar_runtime.agent.reactor import SelectorReactor
from pulsar_runtime.ports import Reactor
from pulsar_runtime.testing.clock import ManualClock
from pulsar_runtime.testing.reactor import ManualReactor


class Loop(Protocol):
    """A reactor, and the world that it looks at."""

    reactor: Reactor

    def run(self, seconds: float) -> None:
        """Let it work for some seconds."""

    def send(self) -> None:
        """Let there be one byte to read from the pipe, and let it work."""


class _Twin:
    def __init__(self, reader: int, writer: int) -> None:
        self._reader, self._writer = reader, writer
        self._manual = ManualReactor(ManualClock())
        self.reactor: Reactor = self._manual

    def run(self, seconds: float) -> None:
        self._manual.advance(seconds)

    def send(self) -> None:
        os.write(self._writer, b"x")
        self._manual.readable(self._reader)


class _Real:
    def __init__(self, writer: int) -> None:
        self._writer = writer
        self._selector = SelectorReactor()
        self.reactor: Reactor = self._selector

    def run(self, seconds: float) -> None:
        self._selector.call_later(seconds, self._selector.stop)
        self._selector.run()

    def send(self) -> None:
        os.write(self._writer, b"x")
        self.run(0.01)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Return the two ends of a pipe."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    yield reader, writer
    os.close(reader)
    os.close(writer)


@pytest.fixture(params=["twin", "selector"])
def loop(request: pytest.FixtureRequest, pipe: tuple[int, int]) -> Iterator[Loop]:
    if request.param == "twin":
        yield _Twin(*pipe)
        return
    real = _Real(pipe[1])
    yield real
    assert isinstance(real.reactor, SelectorReactor)
    real.reactor.close()


def test_calls_come_in_the_order_of_their_times(loop: Loop) -> None:
    called: list[str] = []
    loop.reactor.call_later(0.02, lambda: called.append("third"))
    loop.reactor.call_later(0.0, lambda: called.append("first"))
    loop.reactor.call_later(0.01, lambda: called.append("second"))
    loop.run(0.03)
    assert called == ["first", "second", "third"]


def test_calls_for_one_time_come_in_the_order_in_which_they_were_asked_for(loop: Loop) -> None:
    called: list[str] = []
    loop.reactor.call_later(0.0, lambda: called.append("first"))
    loop.reactor.call_later(0.0, lambda: called.append("second"))
    loop.reactor.call_later(0.0, lambda: called.append("third"))
    loop.run(0.01)
    assert called == ["first", "second", "third"]


def test_a_call_is_made_once_and_not_before_its_time(loop: Loop) -> None:
    called: list[str] = []
    loop.reactor.call_later(0.0, lambda: called.append("now"))
    loop.reactor.call_later(3600.0, lambda: called.append("in an hour"))
    loop.run(0.01)
    loop.run(0.01)
    assert called == ["now"]


def test_a_call_may_ask_for_another(loop: Loop) -> None:
    called: list[int] = []

    def call() -> None:
        called.append(len(called))
        if len(called) < 3:
            loop.reactor.call_later(0.001, call)

    loop.reactor.call_later(0.0, call)
    loop.run(0.05)
    assert called == [0, 1, 2]


def test_whoever_watches_is_called_until_they_stop(loop: Loop, pipe: tuple[int, int]) -> None:
    read: list[bytes] = []
    loop.reactor.watch(pipe[0], lambda: read.append(os.read(pipe[0], 1)))
    loop.run(0.01)
    assert read == []
    loop.send()
    loop.send()
    assert read == [b"x", b"x"]
    loop.reactor.unwatch(pipe[0])
    loop.send()
    assert read == [b"x", b"x"]


def test_another_thread_may_have_something_called(loop: Loop) -> None:
    called: list[str] = []

    def post() -> None:
        for name in ("first", "second"):
            loop.reactor.post(partial(called.append, name))

    thread = threading.Thread(target=post)
    thread.start()
    thread.join()
    loop.run(0.01)
    assert called == ["first", "second"]


def test_what_is_posted_may_post(loop: Loop) -> None:
    called: list[str] = []

    def call() -> None:
        called.append("first")
        loop.reactor.post(lambda: called.append("second"))

    loop.reactor.post(call)
    loop.run(0.02)
    assert called == ["first", "second"]
