"""Agents die between starting a job and writing it down, keepers are killed, records get lost.

What any manager owes the supervisor is in the contract rung; here are the faults of local jobs alone.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from pulsar_runtime.domain.ids import ExternalId
from pulsar_runtime.domain.job import LaunchSpec, Observation
from pulsar_runtime.domain.status import SchedulerState
from pulsar_runtime.managers import launch_record
from pulsar_runtime.ports import JobManager
from runtime.tests.contract.local_machine import LocalMachine
from runtime.tests.resilience.server_processes import in_session

MARK = "0" * 32


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalMachine]:
    machine = LocalMachine(tmp_path, monkeypatch)
    yield machine
    machine.end_everything()


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """Return where the launch records are."""
    return tmp_path / "launches"


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """Provide a process that has nothing to do with any job."""
    with subprocess.Popen(["/bin/sleep", "60"]) as process:
        yield process
        process.kill()


def seen(manager: JobManager, spec: LaunchSpec) -> Observation:
    return manager.observe([ExternalId(spec.launch_id)])[ExternalId(spec.launch_id)]


def wait_for(
    machine: LocalMachine, manager: JobManager, spec: LaunchSpec, *states: SchedulerState
) -> Observation:
    machine.work_until(lambda: seen(manager, spec).state in states)
    return seen(manager, spec)


def running(machine: LocalMachine, manager: JobManager, name: str) -> LaunchSpec:
    """Return a launch whose job runs."""
    spec = machine.job(name)
    manager.submit(spec)
    machine.work_until(lambda: name in machine.starts())
    return spec


def pid_of_keeper(records: Path, spec: LaunchSpec) -> int:
    record = launch_record.read(str(records / spec.launch_id))
    assert record is not None
    assert record.pid is not None
    return record.pid


# --- between the start and its record ----------------------------------------------------------------------


def test_while_a_start_may_have_been_made_nothing_else_starts(machine: LocalMachine, records: Path) -> None:
    """Somebody holds the record's lock: perhaps the keeper, which has not yet said its pid."""
    lock = launch_record.create(str(records / "a"), MARK)
    manager = machine.manager(limit=1)
    first, second = machine.job("a"), machine.job("b")
    manager.submit(first)
    manager.submit(second)
    machine.work()
    assert machine.starts() == []
    os.close(lock)
    machine.work_until(lambda: len(machine.starts()) == 1)
    machine.work()
    assert len(machine.starts()) == 1
    for name in machine.starts():
        machine.end(machine.job(name), 0)
    machine.work_until(lambda: len(machine.starts()) == 2)
    assert {*machine.starts()} == {"a", "b"}


def test_a_keeper_that_says_its_pid_late_is_followed(
    machine: LocalMachine, records: Path, stranger: subprocess.Popen[bytes]
) -> None:
    lock = launch_record.create(str(records / "a"), MARK)
    manager = machine.manager(limit=1)
    spec, second = machine.job("a"), machine.job("b")
    manager.submit(spec)
    manager.submit(second)
    machine.work()
    os.write(lock, f"{stranger.pid}\n".encode())
    wait_for(machine, manager, spec, SchedulerState.RUNNING)
    os.write(lock, b"exit 4\n")
    stranger.kill()
    assert wait_for(machine, manager, spec, SchedulerState.ENDED).exit_code == 4
    os.close(lock)
    machine.work_until(lambda: machine.starts() == ["b"])


def test_a_job_can_be_cancelled_while_its_start_may_have_been_made(
    machine: LocalMachine, records: Path
) -> None:
    lock = launch_record.create(str(records / "a"), MARK)
    manager = machine.manager()
    spec = machine.job("a")
    manager.submit(spec)
    manager.cancel(ExternalId("a"))
    machine.work()
    os.close(lock)
    wait_for(machine, manager, spec, SchedulerState.ENDED)
    assert machine.starts() == []


@pytest.mark.parametrize("content", [b"", b"\0" * 60, b"0123456789abcdef"], ids=["empty", "zeros", "cut"])
@pytest.mark.parametrize("was_running", [False, True])
def test_a_record_that_the_disk_did_not_keep(
    machine: LocalMachine, records: Path, content: bytes, *, was_running: bool
) -> None:
    """A job that had not been seen running is started; one that had been went down with the host."""
    (records / "a").write_bytes(content)
    manager = machine.manager()
    spec = attrs.evolve(machine.job("a"), external_id=ExternalId("a") if was_running else None)
    manager.submit(spec)
    state = wait_for(machine, manager, spec, SchedulerState.RUNNING, SchedulerState.INTERRUPTED).state
    assert state is (SchedulerState.INTERRUPTED if was_running else SchedulerState.RUNNING)


# --- without its keeper ------------------------------------------------------------------------------------


def test_a_job_whose_keeper_is_killed_is_ended(machine: LocalMachine, records: Path) -> None:
    """Nobody could tell how it ends: it must not go on unseen."""
    manager = machine.manager()
    spec = running(machine, manager, "a")
    keeper = pid_of_keeper(records, spec)
    os.kill(keeper, signal.SIGKILL)
    assert wait_for(machine, manager, spec, SchedulerState.ENDED).exit_code == -signal.SIGKILL
    assert not in_session(keeper)


def test_a_job_whose_keeper_is_killed_while_there_is_no_agent_is_ended(
    machine: LocalMachine, records: Path
) -> None:
    manager = machine.manager()
    spec = running(machine, manager, "a")
    keeper = pid_of_keeper(records, spec)
    later = machine.restarted(manager, meanwhile=lambda: os.kill(keeper, signal.SIGKILL))
    later.submit(spec)
    wait_for(machine, later, spec, SchedulerState.VANISHED)
    assert not in_session(keeper)
    assert machine.starts() == ["a"]


def test_a_job_that_is_killed_with_its_keeper_does_not_run_again(machine: LocalMachine) -> None:
    manager = machine.manager()
    spec = running(machine, manager, "a")
    machine.kill_without_a_trace(spec)
    wait_for(machine, manager, spec, SchedulerState.ENDED)
    assert machine.starts() == ["a"]


# --- without its record ------------------------------------------------------------------------------------


def test_a_job_whose_record_is_removed_does_not_run_again(machine: LocalMachine, records: Path) -> None:
    manager = machine.manager()
    spec = running(machine, manager, "a")
    (records / "a").unlink()
    machine.end(spec, 0)
    wait_for(machine, manager, spec, SchedulerState.VANISHED)
    assert machine.starts() == ["a"]


def test_a_job_whose_record_is_removed_while_there_is_no_agent_does_not_run_again(
    machine: LocalMachine, records: Path
) -> None:
    manager = machine.manager()
    spec = attrs.evolve(running(machine, manager, "a"), external_id=ExternalId("a"))
    later = machine.restarted(manager, meanwhile=(records / "a").unlink)
    later.submit(spec)
    wait_for(machine, later, spec, SchedulerState.VANISHED)
    machine.work()
    assert machine.starts() == ["a"]


@pytest.mark.parametrize(
    ("boot", "state"),
    [(launch_record.boot_identity(), SchedulerState.VANISHED), ("earlier", SchedulerState.INTERRUPTED)],
    ids=["same-boot", "other-boot"],
)
def test_a_stranger_that_has_the_pid_of_a_keeper_is_left_alone(
    machine: LocalMachine,
    records: Path,
    stranger: subprocess.Popen[bytes],
    boot: str,
    state: SchedulerState,
) -> None:
    (records / "a").write_text(f"{MARK} {boot}\n{stranger.pid}\n")
    manager = machine.manager()
    spec = machine.job("a")
    manager.submit(spec)
    manager.cancel(ExternalId("a"))
    wait_for(machine, manager, spec, state)
    machine.work()
    assert stranger.poll() is None


# --- in the way of others ----------------------------------------------------------------------------------


@pytest.mark.parametrize("obstacle", ["directory", "link"])
def test_a_job_that_cannot_be_started_does_not_hold_up_the_next(
    machine: LocalMachine, tmp_path: Path, obstacle: str
) -> None:
    bad, good = machine.job("a"), machine.job("b")
    if obstacle == "directory":
        Path(bad.stdout).mkdir()
    else:
        Path(bad.stdout).symlink_to(tmp_path / "elsewhere")
    manager = machine.manager(limit=1)
    manager.submit(bad)
    manager.submit(good)
    machine.work_until(lambda: machine.starts() == ["b"])
    observation = seen(manager, bad)
    assert (observation.state, observation.exit_code) == (SchedulerState.ENDED, None)
    assert "stdout" in observation.reason
    assert not (tmp_path / "elsewhere").exists()
