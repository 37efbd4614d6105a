"""What web and agent may rely on, whatever carries the sound."""

from __future__ import annotations

import contextlib
import select
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pulsar_runtime.ports import Doorbell
from pulsar_runtime.store.doorbell import SocketDoorbell, listen
from pulsar_runtime.testing.doorbell import InMemoryDoorbell

#: Gives a doorbell and lets an agent come; the agent says whether it heard a ring since it was last asked.
Agent = Callable[[], Callable[[], bool]]


@pytest.fixture(params=["twin", "socket"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Doorbell, Agent]]:
    with contextlib.ExitStack() as stack:
        yield _twin() if request.param == "twin" else _real(tmp_path, stack)


def _twin() -> tuple[Doorbell, Agent]:
    bell = InMemoryDoorbell()

    def agent() -> Callable[[], bool]:
        heard: list[None] = []
        bell.agent = lambda: heard.append(None)

        def asked() -> bool:
            rang = bool(heard)
            heard.clear()
            return rang

        return asked

    return bell, agent


def _real(directory: Path, stack: contextlib.ExitStack) -> tuple[Doorbell, Agent]:
    def agent() -> Callable[[], bool]:
        listener = stack.enter_context(listen(directory))
        return lambda: _heard(listener)

    return SocketDoorbell(directory), agent


def _heard(listener: socket.socket) -> bool:
    """Tell whether it rang, and take all rings away."""
    rang = bool(select.select([listener], [], [], 0)[0])
    with contextlib.suppress(BlockingIOError):
        while listener.recv(1):
            pass
    return rang


def test_an_agent_hears_a_ring(house: tuple[Doorbell, Agent]) -> None:
    bell, agent = house
    heard = agent()
    assert bell.answered()
    assert not heard()
    bell.ring()
    assert heard()
    assert not heard()


def test_nobody_has_to_be_there(house: tuple[Doorbell, Agent]) -> None:
    bell, _ = house
    assert not bell.answered()
    bell.ring()


def test_any_number_of_rings_is_one_call(house: tuple[Doorbell, Agent]) -> None:
    """Also more than a socket's queue takes."""
    bell, agent = house
    heard = agent()
    for _ in range(1000):
        bell.ring()
    assert heard()
    assert not heard()


def test_an_agent_that_comes_later_takes_over(house: tuple[Doorbell, Agent]) -> None:
    bell, agent = house
    agent()
    later = agent()
    bell.ring()
    assert later()
