"""One agent at a time serves a store, from its start until a signal says stop."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pulsar_runtime.agent import process
from pulsar_runtime.agent.process import only_agent, run
from pulsar_runtime.agent.reactor import SelectorReactor
from pulsar_runtime.application.supervisor import Supervisor
from pulsar_runtime.domain.errors import AlreadyRunning
from pulsar_runtime.domain.ids import JobId, ManagerName
from pulsar_runtime.domain.job import Tool
from pulsar_runtime.domain.status import JobStatus
from pulsar_runtime.store.doorbell import SocketDoorbell, listen
from pulsar_runtime.testing.clock import ManualClock
from pulsar_runtime.testing.job_store import InMemoryJobStore

MAIN = ManagerName("main")


@pytest.fixture
def reactor() -> Iterator[SelectorReactor]:
    reactor = SelectorReactor()
    yield reactor
    reactor.close()


@pytest.fixture
def bell(tmp_path: Path) -> Iterator[socket.socket]:
    with listen(tmp_path) as bell:
        yield bell


@pytest.fixture
def store() -> InMemoryJobStore:
    return InMemoryJobStore(ManualClock())


def test_the_right_to_serve_a_store_is_held_by_one(tmp_path: Path) -> None:
    with (
        only_agent(tmp_path),
        pytest.raises(AlreadyRunning, match=str(tmp_path)),
        only_agent(tmp_path),
    ):
        pass


def test_the_right_is_free_again_after_the_agent(tmp_path: Path) -> None:
    for _ in range(2):
        with only_agent(tmp_path):
            pass


def test_the_directory_is_made_for_this_user_alone(tmp_path: Path) -> None:
    with only_agent(tmp_path / "new" / "persisted"):
        assert (tmp_path / "new" / "persisted").stat().st_mode & 0o777 == 0o700


def test_the_right_ends_with_its_process_however_it_ends(tmp_path: Path) -> None:
    hold = (
        "import sys, pathlib; from pulsar_runtime.agent.process import only_agent\n"
        "with only_agent(pathlib.Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", hold, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(AlreadyRunning), only_agent(tmp_path):
            pass
        other.kill()
        other.wait(10)
    with only_agent(tmp_path):
        pass


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_agent(
    reactor: SelectorReactor, bell: socket.socket, store: InMemoryJobStore, number: signal.Signals
) -> None:
    before = signal.getsignal(number)
    reactor.call_later(0.0, lambda: os.kill(os.getpid(), number))
    run(Supervisor(store, {}, reactor), reactor, bell, lambda: None, show_life=lambda: None)
    assert signal.getsignal(number) is before


def test_a_hang_up_that_is_ignored_stays_without_effect_but_is_not_passed_on(
    reactor: SelectorReactor, bell: socket.socket, store: InMemoryJobStore
) -> None:
    """A program inherits which signals are ignored, but not what else is done about them (signal(7))."""
    ignored = []

    def look() -> None:
        os.kill(os.getpid(), signal.SIGHUP)
        child = subprocess.run(
            ["grep", "SigIgn", "/proc/self/status"], check=True, capture_output=True, text=True
        )
        ignored.append(int(child.stdout.split()[1], 16) >> (signal.SIGHUP - 1) & 1)
        reactor.stop()

    earlier = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        reactor.call_later(0.0, look)
        run(Supervisor(store, {}, reactor), reactor, bell, lambda: None, show_life=lambda: None)
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, earlier)
    assert ignored == [0]


def test_a_signal_during_recovery_stops_the_agent_too(
    reactor: SelectorReactor, bell: socket.socket, store: InMemoryJobStore
) -> None:
    run(
        Supervisor(store, {}, reactor),
        reactor,
        bell,
        lambda: os.kill(os.getpid(), signal.SIGTERM),
        show_life=lambda: None,
    )


def test_a_ring_makes_the_agent_look(
    reactor: SelectorReactor, bell: socket.socket, store: InMemoryJobStore, tmp_path: Path
) -> None:
    """A client cancels a job that it has set up, and rings."""
    job = store.begin(MAIN, JobId("1"), None, "/staging/1", Tool())

    def ring() -> None:
        store.request_cancel(job.key)
        for _ in range(3):
            SocketDoorbell(tmp_path).ring()
        # Timers come after descriptors: one turn for the ring, the next for the stop.
        reactor.call_later(0.0, lambda: reactor.call_later(0.0, reactor.stop))

    reactor.call_later(0.0, ring)
    run(Supervisor(store, {}, reactor), reactor, bell, lambda: None, show_life=lambda: None)
    present = store.get(job.key)
    assert present is not None
    assert present.status is JobStatus.CANCELLED


def test_jobs_are_recovered_before_anything_is_cleaned_up(
    reactor: SelectorReactor, bell: socket.socket, store: InMemoryJobStore
) -> None:
    job = store.begin(MAIN, JobId("1"), None, "/staging/1", Tool())
    store.request_cancel(job.key)
    seen: list[JobStatus | None] = []

    def recovered() -> None:
        present = store.get(job.key)
        seen.append(present.status if present else None)
        reactor.stop()

    run(Supervisor(store, {}, reactor), reactor, bell, recovered, show_life=lambda: None)
    assert seen == [JobStatus.CANCELLED]


def test_life_is_shown_after_the_recovery_and_again_and_again(
    reactor: SelectorReactor, bell: socket.socket, store: InMemoryJobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_LIFE_SECONDS", 0.001)
    happened: list[str] = []

    def show_life() -> None:
        happened.append("life")
        if len(happened) == 4:
            reactor.stop()

    run(
        Supervisor(store, {}, reactor),
        reactor,
        bell,
        lambda: happened.append("recovered"),
        show_life=show_life,
    )
    assert happened == ["recovered", "life", "life", "life"]
