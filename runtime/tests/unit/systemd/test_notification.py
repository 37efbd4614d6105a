"""What the service manager is told, and that nothing depends on it (sd_notify(3))."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pulsar_runtime.systemd.notification import SILENT, Notifier

ME = 4711


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.settimeout(10)
        manager.bind(str(tmp_path / "notify"))
        yield manager


@pytest.mark.parametrize(
    ("say", "heard"),
    [
        (lambda notifier: notifier.status("At work"), b"STATUS=At work"),
        (lambda notifier: notifier.ready("Here I am"), b"READY=1\nSTATUS=Here I am"),
        (lambda notifier: notifier.stopping("Bye"), b"STOPPING=1\nSTATUS=Bye"),
        (lambda notifier: notifier.alive(), b"WATCHDOG=1"),
    ],
)
def test_each_state_is_one_datagram(
    manager: socket.socket, say: Callable[[Notifier], None], heard: bytes
) -> None:
    say(Notifier(address=manager.getsockname()))
    assert manager.recv(100) == heard


def test_an_abstract_address_is_reached() -> None:
    name = f"pulsar-runtime-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.settimeout(10)
        manager.bind(f"\0{name}")
        Notifier(address=f"@{name}").alive()
        assert manager.recv(100) == b"WATCHDOG=1"


def test_without_a_manager_nothing_is_said() -> None:
    SILENT.ready("Here I am")
    assert SILENT.heartbeat_seconds is None


@pytest.mark.parametrize("address", ["{}/nobody", "{}", "@nobody-has-this-name", "{}/" + "x" * 200])
def test_a_manager_that_is_not_there_does_no_harm(
    tmp_path: Path, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    Notifier(address=address.format(tmp_path)).ready("Here I am")
    assert "cannot be told" in caplog.text


def test_a_manager_that_does_not_listen_is_not_waited_for_for_ever(
    manager: socket.socket, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its queue is full."""
    monkeypatch.setattr("pulsar_runtime.systemd.notification._SEND_SECONDS", 0.01)
    notifier = Notifier(address=manager.getsockname())
    for _ in range(10_000):
        notifier.alive()
        if caplog.text:
            break
    assert "timed out" in caplog.text


def test_the_variables_are_taken_and_nobody_else_finds_them() -> None:
    environ = {"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": str(ME), "HOME": "/"}
    assert Notifier.taken_from(environ, ME) == Notifier(address="/run/x", watchdog_seconds=3.0)
    assert environ == {"HOME": "/"}


def test_a_heartbeat_comes_twice_as_often_as_it_is_expected() -> None:
    """That is what sd_watchdog_enabled(3) recommends."""
    assert Notifier(watchdog_seconds=3.0).heartbeat_seconds == 1.5


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "soon"},
        {"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"},
        {"WATCHDOG_PID": str(ME)},
    ],
)
def test_no_heartbeat_is_expected_unless_it_is_asked_of_this_process(environ: dict[str, str]) -> None:
    assert Notifier.taken_from(environ, ME) == SILENT
    assert environ == {}
