"""All transfers together keep to one limit."""

from __future__ import annotations

from pulsar_runtime.staging.throttle import Throttle
from pulsar_runtime.testing.clock import ManualClock


def test_bytes_take_as_long_as_the_limit_says() -> None:
    clock = ManualClock(now=50.0)
    throttle = Throttle(1000.0, clock, clock.advance)
    for count in (500, 1500, 0, 1000):
        throttle.spend(count)
    assert clock.now == 53.0


def test_time_that_passed_unused_is_not_saved_up() -> None:
    clock = ManualClock(now=50.0)
    throttle = Throttle(1000.0, clock, clock.advance)
    throttle.spend(1000)
    clock.advance(100.0)
    throttle.spend(1000)
    assert clock.now == 152.0


def test_those_who_come_at_once_wait_for_one_another() -> None:
    clock = ManualClock()
    pauses: list[float] = []
    throttle = Throttle(1000.0, clock, pauses.append)
    for _ in range(3):
        throttle.spend(1000)
    assert pauses == [1.0, 2.0, 3.0]
