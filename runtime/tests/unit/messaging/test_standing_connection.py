"""A connection that is made anew for as long as it takes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import NoReturn

import pytest

from pulsar_runtime.domain.errors import BrokerRefused, BrokerUnavailable
from pulsar_runtime.messaging import standing_connection
from pulsar_runtime.messaging.alarm import Alarm
from pulsar_runtime.messaging.link import Link
from pulsar_runtime.messaging.settings import BrokerSettings
from pulsar_runtime.messaging.standing_connection import StandingConnection

SETTINGS = BrokerSettings(host="broker", port=5671, virtual_host="/v", user="site", password="hunter2")
LIMIT = 20.0


class ScriptedLink:
    """A connection that was made, or not, as the test says; its thread waits on nothing."""

    outcomes: list[Exception | None]
    made = 0
    closed = 0
    farewells = 0

    def __init__(self, settings: BrokerSettings, alarm: Alarm) -> None:
        assert settings == SETTINGS
        self._alarm = alarm
        cls = type(self)
        cls.made += 1
        outcome = cls.outcomes.pop(0) if cls.outcomes else None
        if outcome is not None:
            raise outcome

    def wait(self, seconds: float) -> None:
        self._alarm.sleep(seconds)

    def close(self) -> None:
        """Wait for the broker's farewell, which may never come where something is broken."""
        type(self).farewells += 1

    def abandon(self) -> None:
        type(self).closed += 1


Outcomes = Callable[..., None]


@pytest.fixture
def outcomes(monkeypatch: pytest.MonkeyPatch) -> Outcomes:
    """Plan what becomes of the connections, one after the other; later ones hold."""
    ScriptedLink.made = ScriptedLink.closed = ScriptedLink.farewells = 0
    monkeypatch.setattr(standing_connection, "Link", ScriptedLink)
    monkeypatch.setattr(standing_connection, "_FIRST_PAUSE_SECONDS", 0.001)

    def plan(*errors: Exception | None) -> None:
        ScriptedLink.outcomes = list(errors)

    plan()
    return plan


def served(*errors: Exception) -> tuple[StandingConnection, threading.Event]:
    """Return a connection whose service ends with *errors*, one after the other, and then holds."""
    left, holds = list(errors), threading.Event()

    def serve(link: Link) -> NoReturn:
        if left:
            raise left.pop(0)
        holds.set()
        while True:
            link.wait(60)

    return StandingConnection("consumer", SETTINGS, serve, Alarm()), holds


def run(connection: StandingConnection, holds: threading.Event) -> None:
    connection.start()
    assert holds.wait(LIMIT)
    began = time.monotonic()
    connection.stop()
    assert time.monotonic() - began < LIMIT


def test_it_is_made_and_ended(outcomes: Outcomes) -> None:
    outcomes()
    run(*served())
    assert (ScriptedLink.made, ScriptedLink.closed, ScriptedLink.farewells) == (1, 1, 1)


def test_it_is_tried_for_as_long_as_it_takes(outcomes: Outcomes, caplog: pytest.LogCaptureFixture) -> None:
    """And what goes on in the same way is logged once."""
    outcomes(*[BrokerUnavailable("nobody listens")] * 5, BrokerRefused("ACCESS_REFUSED - no"))
    run(*served())
    assert ScriptedLink.made == 7
    lines = [record.getMessage() for record in caplog.records]
    refused = "the broker (site@broker:5671, virtual host '/v') refuses: ACCESS_REFUSED - no"
    assert lines == [
        "consumer: no connection to the broker (site@broker:5671, virtual host '/v'): nobody listens",
        f"consumer: {refused}; check user, password and permissions in message_queue_url",
        "consumer: connected to the broker (site@broker:5671, virtual host '/v')",
    ]
    assert "hunter2" not in caplog.text


def test_it_is_made_again_when_it_breaks(outcomes: Outcomes) -> None:
    outcomes()
    run(*served(BrokerUnavailable("gone"), BrokerUnavailable("gone")))
    assert (ScriptedLink.made, ScriptedLink.closed, ScriptedLink.farewells) == (3, 3, 1)


def test_an_error_of_ours_does_not_end_the_thread(
    outcomes: Outcomes, caplog: pytest.LogCaptureFixture
) -> None:
    outcomes()
    run(*served(KeyError("a bug")))
    assert ScriptedLink.made == 2
    (failure,) = [record for record in caplog.records if record.exc_info]
    assert failure.getMessage() == "consumer failed"


def test_a_pause_can_be_ended(outcomes: Outcomes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing_connection, "_FIRST_PAUSE_SECONDS", 60.0)
    monkeypatch.setattr(standing_connection, "_LONGEST_PAUSE_SECONDS", 60.0)
    outcomes(BrokerUnavailable("nobody listens"))
    connection, _ = served()
    connection.start()
    began = time.monotonic()
    connection.stop()
    assert time.monotonic() - began < LIMIT
