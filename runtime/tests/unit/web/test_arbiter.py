"""When the service manager is told that the web server is ready, and that it is well."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
from gunicorn.app.base import BaseApplication
from gunicorn.workers.workertmp import WorkerTmp

from pulsar_runtime.systemd.notification import Notifier
from pulsar_runtime.web.arbiter import PulsarArbiter

TIMEOUT = 30


class NoServer(BaseApplication):  # type: ignore[misc] # gunicorn is not typed
    """gunicorn's defaults, for an arbiter that starts nothing."""

    def load_config(self) -> None:
        self.cfg.set("timeout", TIMEOUT)

    def load(self) -> None:
        raise AssertionError("nobody asks for the application")


@attrs.frozen
class FakeWorker:
    """What the arbiter knows of a worker: the file that the worker touches."""

    tmp: WorkerTmp

    def accepts(self) -> None:
        self.tmp.notify()

    def was_silent_for(self, seconds: float) -> None:
        moment = time.monotonic() - seconds
        os.utime(self.tmp.fileno(), (moment, moment))


class World:
    """An arbiter without processes, and its service manager."""

    def __init__(self, manager: socket.socket) -> None:
        self._manager = manager
        self.arbiter = PulsarArbiter(
            NoServer(), Notifier(address=manager.getsockname(), watchdog_seconds=0.02)
        )
        self.arbiter.LISTENERS = ["http://127.0.0.1:1"]
        self.arbiter.WORKERS = {}

    def worker(self) -> FakeWorker:
        worker = FakeWorker(WorkerTmp(self.arbiter.cfg))
        self.arbiter.WORKERS[len(self.arbiter.WORKERS)] = worker
        return worker

    def turn(self) -> list[bytes]:
        """Let the arbiter's loop turn once; return what it said."""
        self.arbiter.wait_for_signals(timeout=1.0)
        said = []
        while True:
            try:
                said.append(self._manager.recv(100))
            except BlockingIOError:
                return said


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("SERVER_SOFTWARE", "gunicorn sets it")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as manager:
        manager.bind(str(tmp_path / "notify"))
        world = World(manager)
        yield world
        for worker in world.arbiter.WORKERS.values():
            worker.tmp.close()


def test_it_is_ready_when_the_first_worker_accepts(world: World) -> None:
    assert world.turn() == []
    first, _ = world.worker(), world.worker()
    assert world.turn() == []
    first.accepts()
    assert world.turn() == [b"READY=1\nSTATUS=Listening at http://127.0.0.1:1", b"WATCHDOG=1"]
    assert world.turn() == [b"WATCHDOG=1"]


def test_it_is_well_while_one_worker_is(world: World) -> None:
    one, other = world.worker(), world.worker()
    one.accepts()
    other.accepts()
    world.turn()
    one.was_silent_for(TIMEOUT + 1)
    assert world.turn() == [b"WATCHDOG=1"]
    other.was_silent_for(TIMEOUT - 1)
    assert world.turn() == [b"WATCHDOG=1"]
    other.was_silent_for(TIMEOUT + 1)
    assert world.turn() == []
    one.accepts()
    assert world.turn() == [b"WATCHDOG=1"]


def test_it_is_not_well_without_workers(world: World) -> None:
    world.worker().accepts()
    world.turn()
    world.arbiter.WORKERS.popitem()[1].tmp.close()
    assert world.turn() == []
    world.worker()
    assert world.turn() == []


def test_a_heartbeat_waits_for_its_time(world: World) -> None:
    """A signal makes the loop turn early."""
    world.worker().accepts()
    world.arbiter.wakeup()
    assert world.turn() != []
    world.arbiter.wakeup()
    assert world.turn() == []
