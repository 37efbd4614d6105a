"""How local jobs are started and ended; what any manager owes the supervisor is in the contract rung."""

from __future__ import annotations

import errno
import os
import shutil
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from pulsar_runtime.domain.ids import ExternalId
from pulsar_runtime.domain.job import LaunchSpec, Observation
from pulsar_runtime.domain.status import SchedulerState
from pulsar_runtime.managers import keeper
from pulsar_runtime.managers.local import LocalManager
from pulsar_runtime.ports import JobManager
from pulsar_runtime.testing.clock import ManualClock
from pulsar_runtime.testing.reactor import ManualReactor
from runtime.tests.contract.local_machine import LocalMachine

A = ExternalId("a")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalMachine]:
    machine = LocalMachine(tmp_path, monkeypatch)
    yield machine
    machine.end_everything()


def seen(manager: JobManager, name: str = "a") -> Observation:
    return manager.observe([ExternalId(name)])[ExternalId(name)]


def script(machine: LocalMachine, text: str, name: str = "a") -> LaunchSpec:
    """Return a launch that runs *text* instead of waiting for orders."""
    spec = machine.job(name)
    Path(spec.script).write_text(text)
    return spec


def numbers(path: Path) -> list[int]:
    """Return the process numbers that a job has written."""
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


# --- ending ------------------------------------------------------------------------------------------------


def test_a_job_that_obeys_may_clean_up(machine: LocalMachine, tmp_path: Path) -> None:
    spec = script(machine, "trap 'echo bye > cleaned; exit 5' TERM; : > up; sleep 1000 & wait")
    manager = machine.manager()
    manager.submit(spec)
    machine.work_until((tmp_path / "a" / "up").exists)
    manager.cancel(A)
    machine.work_until(lambda: seen(manager).state is SchedulerState.ENDED)
    assert (tmp_path / "a" / "cleaned").read_text() == "bye\n"
    assert seen(manager).exit_code == 5


def test_a_job_that_does_not_obey_is_killed(machine: LocalMachine, tmp_path: Path) -> None:
    spec = script(machine, "trap '' TERM INT HUP; echo $$ > up; while :; do sleep 1000; done")
    manager = machine.manager()
    manager.submit(spec)
    machine.work_until(lambda: numbers(tmp_path / "a" / "up") != [])
    manager.cancel(A)
    machine.work_until(lambda: seen(manager).state is SchedulerState.ENDED)
    assert seen(manager).exit_code == 128 + signal.SIGKILL
    assert not lives(*numbers(tmp_path / "a" / "up"))


@pytest.mark.parametrize("how", ["setsid", "setsid -f", "nohup"])
def test_a_cancelled_job_has_not_ended_before_its_last_process(
    machine: LocalMachine, tmp_path: Path, how: str
) -> None:
    """Daemonised children too, also when they do not obey."""
    stray = 'trap "" TERM; echo $$ >> up; while :; do sleep 1000; done'
    spec = script(machine, f"{how} bash -c '{stray}' & echo $$ >> up; wait; sleep 1000")
    manager = machine.manager()
    manager.submit(spec)
    machine.work_until(lambda: len(numbers(tmp_path / "a" / "up")) == 2)
    manager.cancel(A)
    machine.work_until(lambda: seen(manager).state is SchedulerState.ENDED)
    assert not any(map(lives, numbers(tmp_path / "a" / "up")))


def test_a_process_that_a_job_leaves_behind_is_its_own_business(
    machine: LocalMachine, tmp_path: Path
) -> None:
    """The job has ended, its place is free; nobody asked for the end of what it started."""
    spec = script(machine, "setsid sleep 1000 & echo $! > up; exit 3")
    manager = machine.manager(limit=1)
    manager.submit(spec)
    manager.submit(machine.job("b"))
    machine.work_until(lambda: machine.starts() == ["b"])
    assert seen(manager) == Observation(state=SchedulerState.ENDED, exit_code=3)
    (left,) = numbers(tmp_path / "a" / "up")
    assert lives(left)
    os.kill(left, signal.SIGKILL)


def test_a_jobs_place_is_free_only_after_its_last_process(machine: LocalMachine, tmp_path: Path) -> None:
    spec = script(machine, "trap '' TERM; : > up; while :; do sleep 1000; done")
    manager = machine.manager(limit=1)
    manager.submit(spec)
    manager.submit(machine.job("b"))
    machine.work_until((tmp_path / "a" / "up").exists)
    manager.cancel(A)
    while seen(manager).state is not SchedulerState.ENDED:
        assert machine.starts() == []
        machine.work_until(lambda: True)
        machine.work()
    machine.work_until(lambda: machine.starts() == ["b"])


# --- starting ----------------------------------------------------------------------------------------------


def test_a_job_whose_directory_is_gone_ends_without_a_code_and_says_why(
    machine: LocalMachine, tmp_path: Path
) -> None:
    manager = machine.manager(limit=1)
    spec = machine.job("a")
    manager.submit(spec)
    manager.submit(machine.job("b"))
    shutil.rmtree(tmp_path / "a")
    machine.work_until(lambda: machine.starts() == ["b"])
    observation = seen(manager)
    assert (observation.state, observation.exit_code) == (SchedulerState.ENDED, None)
    assert "could not be started" in observation.reason
    assert not (tmp_path / "launches" / "a").exists()


class Broken:
    """Stands in for the start of keepers, on a machine that cannot start any for a while."""

    def __init__(self, *errors: int) -> None:
        self.errors = list(errors)
        self.asked: list[str] = []

    def start(
        self, spec: LaunchSpec, _record: str, _environ: Mapping[str, str], _job: keeper.Job
    ) -> keeper.Started:
        self.asked.append(spec.launch_id)
        number = self.errors.pop(0)
        raise OSError(number, os.strerror(number), spec.script)


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENOSPC, errno.EIO])
def test_a_machine_that_is_out_of_something_is_asked_again_in_the_same_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    broken = Broken(number, number, errno.ENOENT, errno.ENOENT)
    monkeypatch.setattr(keeper, "start", broken.start)
    reactor = ManualReactor(ManualClock())
    manager = LocalManager(limit=1, records=tmp_path, reactor=reactor, changed=lambda _: None, environ={})
    for name in "ab":
        manager.submit(LaunchSpec(launch_id=name, script=name, working_directory="", stdout="", stderr=""))
    reactor.advance()
    assert broken.asked == ["a"]
    assert {seen(manager, name).state for name in "ab"} == {SchedulerState.PENDING}
    reactor.advance(60)
    assert broken.asked == ["a", "a", "a", "b"]
    assert {seen(manager, name).state for name in "ab"} == {SchedulerState.ENDED}


def test_nothing_is_started_before_the_reactor_runs(machine: LocalMachine, tmp_path: Path) -> None:
    """So that all running jobs are found again before the first new one starts."""
    manager = machine.manager()
    manager.submit(machine.job("a"))
    assert seen(manager).state is SchedulerState.PENDING
    assert list((tmp_path / "launches").iterdir()) == []


# --- what is kept ------------------------------------------------------------------------------------------


def test_a_launch_has_a_record_until_it_is_forgotten(machine: LocalMachine, tmp_path: Path) -> None:
    manager = machine.manager()
    spec = script(machine, "exit 0")
    manager.submit(spec)
    machine.work_until(lambda: seen(manager).state is SchedulerState.ENDED)
    assert [path.name for path in (tmp_path / "launches").iterdir()] == ["a"]
    manager.forget(A)
    assert list((tmp_path / "launches").iterdir()) == []


def test_no_descriptor_and_no_zombie_stays_behind_an_ended_job(machine: LocalMachine, tmp_path: Path) -> None:
    manager = machine.manager()
    spec = script(machine, "echo $PPID > up")
    before = len(os.listdir("/proc/self/fd"))
    manager.submit(spec)
    machine.work_until(lambda: seen(manager).state is SchedulerState.ENDED)
    assert len(os.listdir("/proc/self/fd")) == before
    assert not Path(f"/proc/{numbers(tmp_path / 'a' / 'up')[0]}").exists()


def test_closing_releases_what_is_watched(machine: LocalMachine) -> None:
    manager = machine.manager()
    before = len(os.listdir("/proc/self/fd"))
    manager.submit(machine.job("a"))
    machine.work_until(lambda: machine.starts() == ["a"])
    manager.close()
    # The order that the job waits for is held by the test.
    assert len(os.listdir("/proc/self/fd")) == before + 1
