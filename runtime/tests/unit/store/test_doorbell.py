"""The doorbell's socket; what any doorbell owes web and agent is in the contract rung."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from pulsar_runtime.store.doorbell import SOCKET_NAME, SocketDoorbell, listen


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
