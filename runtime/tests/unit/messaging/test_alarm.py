"""Threads are woken once, and ended in time."""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Iterator

import pytest

from pulsar_runtime.messaging.alarm import Alarm, Stopped


@pytest.fixture
def alarm() -> Iterator[Alarm]:
    alarm = Alarm()
    yield alarm
    alarm.close()


def rings(alarm: Alarm) -> bool:
    return bool(select.select([alarm.descriptor], [], [], 0)[0])


def test_it_rings_until_it_is_heard_however_often_it_was_rung(alarm: Alarm) -> None:
    assert not rings(alarm)
    for _ in range(3):
        alarm.ring()
    assert rings(alarm)
    alarm.hear()
    assert not rings(alarm)


def test_nothing_is_heard_when_nobody_rang(alarm: Alarm) -> None:
    alarm.hear()


def test_a_stop_is_heard_by_whoever_listens_next(alarm: Alarm) -> None:
    alarm.stop()
    for _ in range(2):
        with pytest.raises(Stopped):
            alarm.hear()


def test_a_pause_is_not_cut_short_by_a_ring(alarm: Alarm) -> None:
    alarm.ring()
    began = time.monotonic()
    alarm.sleep(0.2)
    assert time.monotonic() - began >= 0.2


def test_a_pause_is_cut_short_by_a_stop(alarm: Alarm) -> None:
    began = time.monotonic()
    threading.Timer(0.05, alarm.stop).start()
    with pytest.raises(Stopped):
        alarm.sleep(30)
    assert time.monotonic() - began < 10
