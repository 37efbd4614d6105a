"""The doorbell's socket; what any doorbell owes web and agent is in the contract rung."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest

from pulsar_runtime.store.doorbell import SOCKET_NAME, SocketDoorbell, listen, show_life


@pytest.mark.parametrize("length", [80, 108, 250, 1000])
def test_the_directory_may_have_a_long_name(tmp_path: Path, length: int) -> None:
    """A socket's address has 107 bytes at most (unix(7)); a path has 4095."""
    directory = tmp_path
    while len(str(directory)) < length:
        directory /= "d" * min(200, length)
    directory.mkdir(parents=True)
    with listen(directory) as bell:
        doorbell = SocketDoorbell(directory)
        assert doorbell.answered()
        doorbell.ring()
        assert bell.recv(16) == b"\n"
    assert (directory / SOCKET_NAME).is_socket()


def test_the_socket_is_this_users_alone(tmp_path: Path) -> None:
    with listen(tmp_path):
        assert stat.S_IMODE((tmp_path / SOCKET_NAME).stat().st_mode) == 0o600


def test_a_socket_that_an_agent_left_behind_is_taken_over(tmp_path: Path) -> None:
    listen(tmp_path).close()
    assert not SocketDoorbell(tmp_path).answered()
    SocketDoorbell(tmp_path).ring()
    with listen(tmp_path) as bell:
        SocketDoorbell(tmp_path).ring()
        assert bell.recv(16) == b"\n"


def test_nothing_at_all_has_to_be_there(tmp_path: Path) -> None:
    doorbell = SocketDoorbell(tmp_path / "not there")
    doorbell.ring()
    assert not doorbell.answered()


def test_a_file_in_its_place_is_nobody(tmp_path: Path) -> None:
    (tmp_path / SOCKET_NAME).touch()
    doorbell = SocketDoorbell(tmp_path)
    doorbell.ring()
    assert not doorbell.answered()


def test_no_descriptor_stays_open(tmp_path: Path) -> None:
    doorbell = SocketDoorbell(tmp_path)
    before = os.listdir("/proc/self/fd")
    with listen(tmp_path):
        for _ in range(3):
            doorbell.ring()
            doorbell.answered()
    doorbell.ring()
    assert os.listdir("/proc/self/fd") == before


def silent_for(directory: Path, seconds: float) -> None:
    moment = time.monotonic() - seconds
    os.utime(directory / SOCKET_NAME, (moment, moment))


def test_an_agent_that_shows_no_life_does_not_answer_until_it_does(tmp_path: Path) -> None:
    """It is stopped, or hangs."""
    doorbell = SocketDoorbell(tmp_path)
    with listen(tmp_path):
        silent_for(tmp_path, 10)
        assert doorbell.answered()
        silent_for(tmp_path, 20)
        assert not doorbell.answered()
        show_life(tmp_path)
        assert doorbell.answered()


def test_a_file_that_only_looks_young_is_no_life(tmp_path: Path) -> None:
    """Somebody has touched it: that was the other clock."""
    with listen(tmp_path):
        os.utime(tmp_path / SOCKET_NAME)
        assert not SocketDoorbell(tmp_path).answered()


def test_a_socket_that_somebody_has_removed_is_no_reason_to_stop(tmp_path: Path) -> None:
    with listen(tmp_path):
        (tmp_path / SOCKET_NAME).unlink()
        show_life(tmp_path)
        assert not SocketDoorbell(tmp_path).answered()
