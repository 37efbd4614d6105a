"""The agent's loop calls who waits for a descriptor; its timers are in the contract rung."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import attrs
import pytest

from pulsar_runtime.agent.reactor import SelectorReactor


@attrs.frozen
class Pipe:
    """A pipe with a byte in it."""

    reader: int
    writer: int

    @classmethod
    def create(cls) -> Pipe:
        pipe = cls(*os.pipe())
        os.write(pipe.writer, b"x")
        return pipe

    def close(self) -> None:
        os.close(self.reader)
        os.close(self.writer)


@pytest.fixture
def reactor() -> Iterator[SelectorReactor]:
    reactor = SelectorReactor()
    yield reactor
    reactor.close()


@pytest.fixture
def pipes() -> Iterator[list[Pipe]]:
    pipes = [Pipe.create(), Pipe.create()]
    yield pipes
    for pipe in pipes:
        pipe.close()


def run(reactor: SelectorReactor, seconds: float = 0.0) -> None:
    reactor.call_later(seconds, reactor.stop)
    reactor.run()


def test_whoever_watches_is_called_while_there_is_something_to_read(
    reactor: SelectorReactor, pipes: list[Pipe]
) -> None:
    called: list[int] = []
    reactor.watch(pipes[0].reader, lambda: called.append(0))
    run(reactor)
    run(reactor)
    assert len(called) >= 2
    os.read(pipes[0].reader, 1)
    called.clear()
    run(reactor)
    assert called == []


def test_whoever_stopped_watching_is_not_called(reactor: SelectorReactor, pipes: list[Pipe]) -> None:
    called: list[int] = []
    reactor.watch(pipes[0].reader, lambda: called.append(0))
    reactor.unwatch(pipes[0].reader)
    run(reactor)
    assert called == []


def test_an_event_that_another_callback_has_settled_is_not_told_any_more(
    reactor: SelectorReactor, pipes: list[Pipe]
) -> None:
    """Both descriptors are readable in the same turn; whoever is called first stops the other."""
    called: list[int] = []

    def settle(mine: int, other: int) -> None:
        called.append(mine)
        reactor.unwatch(pipes[other].reader)
        os.read(pipes[mine].reader, 1)

    reactor.watch(pipes[0].reader, lambda: settle(0, 1))
    reactor.watch(pipes[1].reader, lambda: settle(1, 0))
    run(reactor)
    assert len(called) == 1


def test_an_event_of_a_descriptor_is_not_told_to_the_next_who_has_its_number(
    reactor: SelectorReactor, pipes: list[Pipe]
) -> None:
    called: list[str] = []

    def replace(mine: int, other: int) -> None:
        called.append("first")
        os.read(pipes[mine].reader, 1)
        number = pipes[other].reader
        reactor.unwatch(number)
        # The same number, and nothing to read from it.
        quiet_reader, quiet_writer = os.pipe()
        os.dup2(quiet_reader, number)
        os.close(quiet_reader)
        os.close(pipes[other].writer)
        os.dup2(quiet_writer, pipes[other].writer)
        os.close(quiet_writer)
        reactor.watch(number, lambda: called.append("told of another's event"))

    reactor.watch(pipes[0].reader, lambda: replace(0, 1))
    reactor.watch(pipes[1].reader, lambda: replace(1, 0))
    run(reactor)
    assert called == ["first"]


def test_a_stop_before_the_run_is_kept(reactor: SelectorReactor) -> None:
    """A signal may come while jobs are still being recovered."""
    called: list[int] = []
    reactor.call_later(0.0, lambda: called.append(0))
    reactor.stop()
    reactor.run()
    assert called == []


def test_a_loop_without_anything_to_do_sleeps(reactor: SelectorReactor) -> None:
    before = time.process_time()
    run(reactor, 0.1)
    assert time.process_time() - before < 0.05


def test_an_error_in_a_callback_ends_the_loop(reactor: SelectorReactor) -> None:
    """The agent's supervisor decides which errors are to be survived."""

    def fail() -> None:
        raise ValueError("of the callback")

    reactor.call_later(0.0, fail)
    with pytest.raises(ValueError, match="of the callback"):
        reactor.run()
