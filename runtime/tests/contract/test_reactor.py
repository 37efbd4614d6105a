"""What those who ask for a later call may rely on, whoever calls them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from pulsar_runtime.agent.reactor import SelectorReactor
from pulsar_runtime.ports import Reactor
from pulsar_runtime.testing.clock import ManualClock
from pulsar_runtime.testing.reactor import ManualReactor

#: A reactor, and what lets it work for some seconds.
Loop = tuple[Reactor, Callable[[float], None]]


@pytest.fixture(params=["twin", "selector"])
def loop(request: pytest.FixtureRequest) -> Iterator[Loop]:
    if request.param == "twin":
        twin = ManualReactor(ManualClock())
        yield twin, twin.advance
        return
    real = SelectorReactor()

    def run(seconds: float) -> None:
        real.call_later(seconds, real.stop)
        real.run()

    yield real, run
    real.close()


def test_calls_come_in_the_order_of_their_times(loop: Loop) -> None:
    reactor, run = loop
    called: list[str] = []
    reactor.call_later(0.02, lambda: called.append("third"))
    reactor.call_later(0.0, lambda: called.append("first"))
    reactor.call_later(0.01, lambda: called.append("second"))
    run(0.03)
    assert called == ["first", "second", "third"]


def test_calls_for_one_time_come_in_the_order_in_which_they_were_asked_for(loop: Loop) -> None:
    reactor, run = loop
    called: list[int] = []
    for number in range(20):
        reactor.call_later(0.0, lambda number=number: called.append(number))  # type: ignore[misc] # mypy cannot infer a lambda's default
    run(0.01)
    assert called == list(range(20))


def test_a_call_is_made_once_and_not_before_its_time(loop: Loop) -> None:
    reactor, run = loop
    called: list[str] = []
    reactor.call_later(0.0, lambda: called.append("now"))
    reactor.call_later(3600.0, lambda: called.append("in an hour"))
    run(0.01)
    assert called == ["now"]


def test_a_call_may_ask_for_another(loop: Loop) -> None:
    reactor, run = loop
    called: list[int] = []

    def call() -> None:
        called.append(len(called))
        if len(called) < 3:
            reactor.call_later(0.001, call)

    reactor.call_later(0.0, call)
    run(0.05)
    assert called == [0, 1, 2]
