"""The DRMAA library's own: what it says, and when it or its process says nothing."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from pulsar_runtime.domain.ids import DEFAULT_MANAGER
from pulsar_runtime.domain.job import LaunchSpec, Observation
from pulsar_runtime.domain.outage import OutageRecord
from pulsar_runtime.domain.status import SchedulerState
from pulsar_runtime.managers.drmaa import client, journal
from pulsar_runtime.ports import JobManager
from runtime.tests.contract.drmaa_machine import DrmaaMachine

PENDING, RUNNING, ENDED = SchedulerState.PENDING, SchedulerState.RUNNING, SchedulerState.ENDED


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DrmaaMachine]:
    machine = DrmaaMachine(tmp_path, monkeypatch)
    yield machine
    machine.end_everything()


def seen(manager: JobManager, spec: LaunchSpec) -> Observation:
    (observation,) = manager.observe([manager.submit(spec)]).values()
    return observation


def wait_for(
    machine: DrmaaMachine, manager: JobManager, spec: LaunchSpec, state: SchedulerState
) -> Observation:
    machine.work_until(lambda: seen(manager, spec).state is state)
    return seen(manager, spec)


def running(machine: DrmaaMachine, manager: JobManager, spec: LaunchSpec) -> LaunchSpec:
    manager.submit(spec)
    wait_for(machine, manager, spec, RUNNING)
    machine.work_until(lambda: spec.launch_id in machine.starts())
    return spec


def test_the_managers_native_specification_replaces_the_jobs(machine: DrmaaMachine) -> None:
    manager = machine.manager()
    running(machine, manager, machine.jobs.spec("a", native_specification="-l h_rt=1:0:0", user="alice"))
    assert machine.native("a") == "-l h_rt=1:0:0"
    machine.native_specification = "-q long"
    later = machine.restarted(manager)
    running(machine, later, machine.jobs.spec("b", native_specification="-l h_rt=1:0:0"))
    assert machine.native("b") == "-q long"


def test_a_parameter_that_nobody_would_read_fails_the_job(machine: DrmaaMachine) -> None:
    manager = machine.manager()
    spec = machine.jobs.spec("a", request_cpus="4")
    manager.submit(spec)
    ended = wait_for(machine, manager, spec, ENDED)
    assert ended.exit_code is None
    assert "submit_request_cpus" in ended.reason
    assert "submit_native_specification" in ended.reason


def test_a_refused_job_fails_with_the_words_of_the_batch_system(machine: DrmaaMachine) -> None:
    machine.fault(run="refuse")
    manager = machine.manager()
    spec = machine.job("a")
    manager.submit(spec)
    ended = wait_for(machine, manager, spec, ENDED)
    assert ended.exit_code is None
    assert "job requests unknown queue; look at its native specification" in ended.reason


def test_jobs_wait_for_the_end_of_an_outage_with_one_warning(
    machine: DrmaaMachine, caplog: pytest.LogCaptureFixture
) -> None:
    machine.fault(run="fail")
    manager = machine.manager()
    jobs = [machine.job(name) for name in "ab"]
    with caplog.at_level(logging.WARNING):
        for spec in jobs:
            manager.submit(spec)
        machine.work_until(lambda: any("unable to contact" in message for message in caplog.messages))
        machine.work()
        assert [seen(manager, spec).state for spec in jobs] == [PENDING] * 2
        machine.fault()
        for spec in jobs:
            wait_for(machine, manager, spec, RUNNING)
    assert sum(getattr(record, "action", "") == "scheduler_outage" for record in caplog.records) == 1
    assert machine.outages.records() == {DEFAULT_MANAGER: OutageRecord(count=1)}


def test_a_job_that_was_killed_says_by_what(machine: DrmaaMachine) -> None:
    manager = machine.manager()
    spec = running(machine, manager, machine.job("a"))
    machine.set_state("a", "killed")
    ended = wait_for(machine, manager, spec, ENDED)
    assert (ended.exit_code, ended.reason) == (137, "the batch system says that it was ended by SIGKILL")
    assert Path(spec.stderr).read_text() == f"pulsar: {ended.reason}\n"


def test_a_job_that_was_put_back_into_the_queue_waits_and_runs_again(machine: DrmaaMachine) -> None:
    manager = machine.manager(limit=1)
    spec = running(machine, manager, machine.job("a"))
    machine._slots(0)  # noqa: SLF001 - nothing may start until it was seen waiting
    machine.set_state("a", "pending")
    wait_for(machine, manager, spec, PENDING)
    machine._slots(1)  # noqa: SLF001 - as above
    wait_for(machine, manager, spec, RUNNING)
    machine.work_until(lambda: machine.starts() == ["a", "a"])
    machine.end(spec, 5)
    assert wait_for(machine, manager, spec, ENDED).exit_code == 5


def test_a_library_that_cannot_say_how_jobs_are_changes_none(machine: DrmaaMachine) -> None:
    manager = machine.manager()
    spec = running(machine, manager, machine.job("a"))
    machine.fault(state="fail")
    machine.work()
    assert seen(manager, spec).state is RUNNING
    machine.end(spec, 0)
    assert wait_for(machine, manager, spec, ENDED).exit_code == 0


def test_a_library_that_hangs_is_one_warning_and_ends_no_job(
    machine: DrmaaMachine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(client, "_PATIENCE_SECONDS", 0.3)
    manager = machine.manager()
    spec = running(machine, manager, machine.job("a"))
    machine.fault(state="hang")
    with caplog.at_level(logging.WARNING):
        machine.work_until(lambda: bool(caplog.messages))
        machine.work()
    assert [message for message in caplog.messages if "does not answer" in message] == caplog.messages[:1]
    assert seen(manager, spec).state is RUNNING
    machine.end(spec, 4)
    assert wait_for(machine, manager, spec, ENDED).exit_code == 4


def test_a_session_that_ends_is_begun_again_and_no_end_is_missed(
    machine: DrmaaMachine, caplog: pytest.LogCaptureFixture
) -> None:
    manager = machine.manager()
    first, second = (running(machine, manager, machine.job(name)) for name in "ab")
    process = manager._client._process  # noqa: SLF001 - nobody else knows it
    assert process is not None
    with caplog.at_level(logging.WARNING):
        os.kill(process.pid, signal.SIGKILL)
        machine.set_state("a", "killed")
        ended = wait_for(machine, manager, first, ENDED)
    assert ended.exit_code == 137
    assert "SIGKILL" in ended.reason
    assert any("session" in message for message in caplog.messages)
    machine.end(second, 0)
    assert wait_for(machine, manager, second, ENDED).exit_code == 0


def test_what_was_said_while_no_agent_listened_is_in_the_journal(machine: DrmaaMachine) -> None:
    manager = machine.manager()
    spec = running(machine, manager, machine.job("a"))
    number = journal.read(str(machine.records / "a")).number
    assert number is not None
    journal.note(str(machine.records / "a"), ended={"exit_code": None, "signal": "SIGXCPU", "usage": {}})
    later = machine.restarted(manager)
    later.submit(spec)
    assert "SIGXCPU" in wait_for(machine, later, spec, ENDED).reason
    machine.set_state("a", "vanished")


def test_a_submission_that_was_cut_off_is_not_made_again(machine: DrmaaMachine) -> None:
    """Its process was killed after it began, so that the job may be in the queue under an unknown number."""
    path = str(machine.records / "a")
    journal.note(path, begun=True)
    os.utime(path, (0, 0))
    manager = machine.manager()
    spec = machine.job("a")
    manager.submit(spec)
    assert "cut off" in wait_for(machine, manager, spec, SchedulerState.VANISHED).reason
    assert machine.starts() == []


def test_a_library_that_is_none_is_one_warning_and_no_end_of_any_job(
    machine: DrmaaMachine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.undo()
    manager = machine.manager()
    spec = machine.job("a")
    with caplog.at_level(logging.WARNING):
        manager.submit(spec)
        machine.work_until(lambda: bool(caplog.messages))
    assert "DRMAA session" in caplog.messages[0]
    assert seen(manager, spec).state is PENDING
