"""What the supervisor may rely on, whoever runs the jobs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pulsar_runtime.domain.ids import ExternalId
from pulsar_runtime.domain.job import LaunchSpec, Observation
from pulsar_runtime.domain.status import SchedulerState
from pulsar_runtime.ports import JobManager
from runtime.tests.contract.batch_machine import BatchMachine
from runtime.tests.contract.condor_machine import CondorMachine
from runtime.tests.contract.drmaa_machine import DrmaaMachine
from runtime.tests.contract.local_machine import LocalMachine
from runtime.tests.contract.machine import Machine
from runtime.tests.contract.twin_machine import TwinMachine
from runtime.tests.contract.user_machines import UserBatchMachine, UserLocalMachine

#: Managers whose jobs run on the host of the agent, and those whose jobs run elsewhere: batch systems with
#: and without books. What is the dialects' own is in `test_dialects.py`.
HERE = ("twin", "local", "local as users")
ELSEWHERE = ("Slurm", "Torque", "HTCondor", "DRMAA", "Slurm as users")


@pytest.fixture(params=[*HERE, *ELSEWHERE])
def machine(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Machine]:
    if request.param == "twin":
        yield TwinMachine()
        return
    real: LocalMachine | BatchMachine | CondorMachine | DrmaaMachine
    if request.param == "local":
        real = LocalMachine(tmp_path, monkeypatch)
    elif request.param == "local as users":
        real = UserLocalMachine(tmp_path, monkeypatch)
    elif request.param == "Slurm as users":
        real = UserBatchMachine(tmp_path, "Slurm", monkeypatch)
    elif request.param == "HTCondor":
        real = CondorMachine(tmp_path)
    elif request.param == "DRMAA":
        real = DrmaaMachine(tmp_path, monkeypatch)
    else:
        real = BatchMachine(tmp_path, request.param)
    yield real
    real.end_everything()


#: For what happens to the host of the agent and to the jobs there.
on_this_host = pytest.mark.parametrize("machine", HERE, indirect=True)


#: As users, jobs of one moment may overtake each other, and ends are told when directories were taken back.
in_their_order = pytest.mark.parametrize(
    "machine", [name for name in (*HERE, *ELSEWHERE) if "as users" not in name], indirect=True
)


def seen(manager: JobManager, *specs: LaunchSpec) -> list[Observation | None]:
    """Return what a manager says of these launches."""
    ids = [ExternalId(spec.launch_id) for spec in specs]
    known = manager.observe(ids)
    return [known.get(external_id) for external_id in ids]


def states(manager: JobManager, *specs: LaunchSpec) -> list[SchedulerState | None]:
    return [observation.state if observation else None for observation in seen(manager, *specs)]


def wait_for(machine: Machine, manager: JobManager, spec: LaunchSpec, state: SchedulerState) -> Observation:
    """Let the machine work until a launch is observed in this state."""
    machine.work_until(lambda: states(manager, spec) == [state])
    (observation,) = seen(manager, spec)
    assert observation is not None
    return observation


def started(machine: Machine, manager: JobManager, name: str) -> LaunchSpec:
    """Return a launch that runs."""
    spec = machine.job(name)
    manager.submit(spec)
    wait_for(machine, manager, spec, SchedulerState.RUNNING)
    machine.work_until(lambda: spec.launch_id in machine.starts())
    return spec


# --- one agent ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [0, 3, 255])
def test_a_job_runs_and_ends_with_its_exit_code(machine: Machine, code: int) -> None:
    manager = machine.manager()
    spec = started(machine, manager, "a")
    machine.end(spec, code)
    assert wait_for(machine, manager, spec, SchedulerState.ENDED).exit_code == code
    assert machine.starts() == ["a"]


def test_what_changes_is_told(machine: Machine) -> None:
    manager = machine.manager()
    spec = started(machine, manager, "a")
    assert "a" in machine.told()
    machine.forget_what_was_told()
    machine.end(spec, 0)
    wait_for(machine, manager, spec, SchedulerState.ENDED)
    assert "a" in machine.told()


def test_a_launch_that_is_submitted_again_is_the_same(machine: Machine) -> None:
    manager = machine.manager()
    spec = machine.job("a")
    assert manager.submit(spec) == manager.submit(spec)
    wait_for(machine, manager, spec, SchedulerState.RUNNING)
    assert manager.submit(spec) == spec.launch_id
    machine.end(spec, 0)
    wait_for(machine, manager, spec, SchedulerState.ENDED)
    manager.submit(spec)
    machine.work()
    assert states(manager, spec) == [SchedulerState.ENDED]
    assert machine.starts() == ["a"]


def test_unknown_launches_are_left_out(machine: Machine) -> None:
    manager = machine.manager()
    spec = machine.job("a")
    manager.submit(spec)
    machine.work_until(lambda: seen(manager, spec) != [None])
    assert seen(manager, machine.job("never submitted")) == [None]
    assert set(manager.observe([ExternalId("a"), ExternalId("nobody")])) == {"a"}
    assert manager.observe([]) == {}


@in_their_order
def test_as_many_as_the_limit_run_and_the_others_follow_in_their_order(machine: Machine) -> None:
    manager = machine.manager(limit=2)
    jobs = [machine.job(name) for name in "abcde"]
    for spec in jobs:
        manager.submit(spec)
    running, pending = SchedulerState.RUNNING, SchedulerState.PENDING
    machine.work_until(lambda: sorted(machine.starts()) == ["a", "b"])
    machine.work()
    assert states(manager, *jobs) == [running, running, pending, pending, pending]
    for ended, expected in ((1, "c"), (2, "d"), (0, "e")):
        machine.end(jobs[ended], 0)
        machine.work_until(lambda expected=expected: machine.starts()[-1] == expected)  # type: ignore[misc] # mypy cannot infer a lambda's default
        machine.work()
        assert states(manager, *jobs).count(running) == 2
    assert sorted(machine.starts()) == list("abcde")


def test_without_a_limit_all_run_at_once(machine: Machine) -> None:
    manager = machine.manager(limit=None)
    jobs = [machine.job(name) for name in "abcd"]
    for spec in jobs:
        manager.submit(spec)
    machine.work_until(lambda: states(manager, *jobs) == [SchedulerState.RUNNING] * 4)


# --- cancel and forget -------------------------------------------------------------------------------------


def test_a_waiting_job_that_is_cancelled_never_starts(machine: Machine) -> None:
    manager = machine.manager(limit=1)
    first = started(machine, manager, "a")
    second, third = machine.job("b"), machine.job("c")
    manager.submit(second)
    manager.submit(third)
    manager.cancel(ExternalId("b"))
    assert wait_for(machine, manager, second, SchedulerState.ENDED).exit_code is None
    machine.end(first, 0)
    machine.work_until(lambda: "c" in machine.starts())
    assert machine.starts() == ["a", "c"]


def test_a_running_job_that_is_cancelled_ends(machine: Machine) -> None:
    manager = machine.manager(limit=1)
    spec = started(machine, manager, "a")
    manager.submit(machine.job("b"))
    manager.cancel(ExternalId("a"))
    assert states(manager, spec) == [SchedulerState.RUNNING]
    ended = wait_for(machine, manager, spec, SchedulerState.ENDED)
    assert ended.exit_code
    machine.work_until(lambda: machine.starts() == ["a", "b"])


def test_cancelling_again_or_after_the_end_or_nothing_does_nothing(machine: Machine) -> None:
    manager = machine.manager()
    spec = started(machine, manager, "a")
    manager.cancel(ExternalId("a"))
    manager.cancel(ExternalId("a"))
    before = wait_for(machine, manager, spec, SchedulerState.ENDED)
    manager.cancel(ExternalId("a"))
    manager.cancel(ExternalId("nobody"))
    machine.work()
    assert seen(manager, spec) == [before]


def test_a_launch_that_was_forgotten_is_unknown(machine: Machine) -> None:
    manager = machine.manager()
    spec = started(machine, manager, "a")
    machine.end(spec, 0)
    wait_for(machine, manager, spec, SchedulerState.ENDED)
    manager.forget(ExternalId("a"))
    manager.forget(ExternalId("a"))
    assert seen(manager, spec) == [None]
    later = machine.restarted(manager)
    assert seen(later, spec) == [None]


# --- a later agent on the same machine ---------------------------------------------------------------------


def test_running_jobs_survive_and_their_end_is_seen(machine: Machine) -> None:
    manager = machine.manager()
    spec = started(machine, manager, "a")
    later = machine.restarted(manager)
    later.submit(spec)
    wait_for(machine, later, spec, SchedulerState.RUNNING)
    machine.end(spec, 7)
    assert wait_for(machine, later, spec, SchedulerState.ENDED).exit_code == 7
    assert machine.starts() == ["a"]


def test_a_job_that_ended_while_nobody_looked_is_seen_ended(machine: Machine) -> None:
    manager = machine.manager()
    spec = started(machine, manager, "a")
    later = machine.restarted(manager, meanwhile=lambda: machine.end(spec, 5))
    later.submit(spec)
    assert wait_for(machine, later, spec, SchedulerState.ENDED).exit_code == 5
    assert machine.starts() == ["a"]


def test_a_job_that_vanished_while_nobody_looked_is_seen_vanished(machine: Machine) -> None:
    manager = machine.manager()
    spec = started(machine, manager, "a")
    later = machine.restarted(manager, meanwhile=lambda: machine.kill_without_a_trace(spec))
    later.submit(spec)
    assert wait_for(machine, later, spec, SchedulerState.VANISHED).exit_code is None
    assert machine.starts() == ["a"]


@on_this_host
def test_jobs_that_went_down_with_the_host_are_seen_interrupted(machine: Machine) -> None:
    manager = machine.manager()
    spec = started(machine, manager, "a")
    later = machine.restarted(manager, meanwhile=machine.reboot)
    later.submit(spec)
    wait_for(machine, later, spec, SchedulerState.INTERRUPTED)
    machine.work()
    assert machine.starts() == ["a"]


@on_this_host
def test_an_interrupted_job_runs_again_as_another_launch(machine: Machine) -> None:
    manager = machine.manager(limit=1)
    spec = started(machine, manager, "a")
    later = machine.restarted(manager, meanwhile=machine.reboot)
    later.submit(spec)
    wait_for(machine, later, spec, SchedulerState.INTERRUPTED)
    later.forget(ExternalId("a"))
    started(machine, later, "a again")
    assert machine.starts() == ["a", "a again"]


def test_a_job_that_was_waiting_is_started_once(machine: Machine) -> None:
    manager = machine.manager(limit=1)
    first, second = started(machine, manager, "a"), machine.job("b")
    manager.submit(second)
    later = machine.restarted(manager, limit=1)
    later.submit(first)
    later.submit(second)
    machine.work()
    assert states(later, first, second) == [SchedulerState.RUNNING, SchedulerState.PENDING]
    machine.end(first, 0)
    machine.work_until(lambda: machine.starts() == ["a", "b"])


def test_a_start_that_was_begun_and_not_made_is_made_once(machine: Machine) -> None:
    """The agent was killed between noting a launch and starting it."""
    spec = machine.job("a")
    machine.begin_to_start(spec)
    manager = machine.manager()
    manager.submit(spec)
    wait_for(machine, manager, spec, SchedulerState.RUNNING)
    machine.end(spec, 0)
    wait_for(machine, manager, spec, SchedulerState.ENDED)
    assert machine.starts() == ["a"]


def test_jobs_found_running_count_before_a_new_one_starts(machine: Machine) -> None:
    manager = machine.manager(limit=2)
    running = [started(machine, manager, name) for name in "ab"]
    new = machine.job("c")
    later = machine.restarted(manager, limit=2)
    for spec in (new, *running):
        later.submit(spec)
    machine.work()
    assert states(later, new) == [SchedulerState.PENDING]
    machine.end(running[0], 0)
    machine.work_until(lambda: machine.starts()[-1] == "c")


def test_a_job_of_an_earlier_agent_can_be_cancelled(machine: Machine) -> None:
    manager = machine.manager()
    spec = started(machine, manager, "a")
    later = machine.restarted(manager)
    later.submit(spec)
    later.cancel(ExternalId("a"))
    wait_for(machine, later, spec, SchedulerState.ENDED)


def test_any_number_of_agents_may_come_and_go(machine: Machine) -> None:
    manager = machine.manager(limit=1)
    jobs = [started(machine, manager, "a"), machine.job("b"), machine.job("c")]
    for _ in range(3):
        manager = machine.restarted(manager, limit=1)
        for spec in jobs:
            manager.submit(spec)
        machine.work()
    for spec in jobs:
        wait_for(machine, manager, spec, SchedulerState.RUNNING)
        machine.work_until(lambda spec=spec: spec.launch_id in machine.starts())  # type: ignore[misc] # mypy cannot infer a lambda's default
        machine.end(spec, 0)
        wait_for(machine, manager, spec, SchedulerState.ENDED)
    assert machine.starts() == ["a", "b", "c"]
