"""Jobs that run as the user who asked for them, whichever manager is behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pulsar_runtime.domain.job import LaunchSpec, Observation
from pulsar_runtime.domain.status import SchedulerState
from pulsar_runtime.ports import JobManager
from runtime.tests.contract.user_machines import (
    SOMEBODY,
    UserBatchMachine,
    UserCondorMachine,
    UserDrmaaMachine,
    UserLocalMachine,
    UserMachine,
)

RUNNING, ENDED = SchedulerState.RUNNING, SchedulerState.ENDED

#: The programs that submit and end jobs, by machines.
PROGRAMS = {
    "local": ("job", "end"),
    "Slurm": ("sbatch", "scancel"),
    "HTCondor": ("condor_submit", "condor_rm"),
    "DRMAA": ("drmaa", "drmaa"),
}


@pytest.fixture(params=PROGRAMS)
def machine(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[UserMachine]:
    machine: UserMachine
    if request.param == "local":
        machine = UserLocalMachine(tmp_path, monkeypatch)
    elif request.param == "HTCondor":
        machine = UserCondorMachine(tmp_path, monkeypatch)
    elif request.param == "DRMAA":
        machine = UserDrmaaMachine(tmp_path, monkeypatch)
    else:
        machine = UserBatchMachine(tmp_path, request.param, monkeypatch)
    yield machine
    machine.end_everything()


@pytest.fixture
def programs(request: pytest.FixtureRequest) -> tuple[str, str]:
    return PROGRAMS[request.node.callspec.params["machine"]]


#: Where a command submits jobs, and nobody wants those that were forgotten.
elsewhere = pytest.mark.parametrize("machine", ["Slurm", "HTCondor", "DRMAA"], indirect=True)


def seen(manager: JobManager, spec: LaunchSpec) -> Observation | None:
    external_id = manager.submit(spec)
    return manager.observe([external_id]).get(external_id)


def wait_for(
    machine: UserMachine, manager: JobManager, spec: LaunchSpec, state: SchedulerState
) -> Observation:
    def there() -> bool:
        observation = seen(manager, spec)
        return observation is not None and observation.state is state

    machine.work_until(there)
    observation = seen(manager, spec)
    assert observation is not None
    return observation


def started(machine: UserMachine, manager: JobManager) -> LaunchSpec:
    spec = machine.job("a")
    wait_for(machine, manager, spec, RUNNING)
    machine.work_until(lambda: machine.starts() == ["a"])
    return spec


def test_a_job_is_handed_over_submitted_as_its_user_and_taken_back(
    machine: UserMachine, programs: tuple[str, str]
) -> None:
    manager = machine.manager()
    spec = started(machine, manager)
    assert machine.sudoers.asked() == [("hand_over", SOMEBODY), (programs[0], SOMEBODY)]
    assert {request["directory"] for request in machine.sudoers.requests()} == {spec.job_directory}
    machine.end(spec, 3)
    assert wait_for(machine, manager, spec, ENDED).exit_code == 3
    assert machine.sudoers.asked()[2:] == [("take_back", SOMEBODY)]
    assert machine.sudoers.owner(spec.job_directory) == ""


def test_an_end_is_not_told_before_the_directory_is_ours(machine: UserMachine) -> None:
    manager = machine.manager()
    spec = started(machine, manager)
    machine.sudoers.fault(take_back="slow")
    machine.end(spec, 0)
    machine.work_until(lambda: machine.sudoers.asked()[-1:] == [("take_back", SOMEBODY)])
    observation = seen(manager, spec)
    assert observation is not None
    assert observation.state is RUNNING
    wait_for(machine, manager, spec, ENDED)
    assert machine.sudoers.owner(spec.job_directory) == ""


def test_a_cancelled_job_is_ended_by_its_user(machine: UserMachine, programs: tuple[str, str]) -> None:
    manager = machine.manager()
    spec = started(machine, manager)
    later = machine.restarted(manager)
    later.cancel(later.submit(spec))
    machine.work_until(lambda: machine.sudoers.asked()[-1:] == [("take_back", SOMEBODY)])
    *ends, last = machine.sudoers.asked()[2:]
    # Processes of this machine are told as often as some are left.
    assert set(ends) == {(programs[1], SOMEBODY)}
    assert last == ("take_back", SOMEBODY)


def test_a_job_that_is_cancelled_before_it_is_handed_over_never_starts(machine: UserMachine) -> None:
    machine.sudoers.fault(hand_over="slow")
    manager = machine.manager()
    spec = machine.job("a")
    manager.cancel(manager.submit(spec))
    assert wait_for(machine, manager, spec, ENDED).reason == "it never started"
    assert machine.sudoers.asked() == [("hand_over", SOMEBODY), ("take_back", SOMEBODY)]


def test_a_later_agent_knows_whose_the_job_is_and_submits_it_once(
    machine: UserMachine, programs: tuple[str, str]
) -> None:
    machine.sudoers.fault(**{programs[0]: "slow"})
    manager = machine.manager()
    spec = machine.job("a")
    manager.submit(spec)
    machine.work_until(lambda: machine.sudoers.asked()[-1:] == [(programs[0], SOMEBODY)])
    machine.sudoers.mapping = machine.sudoers.program("map", "exit 1")
    later = machine.restarted(manager)
    wait_for(machine, later, spec, RUNNING)
    machine.work_until(lambda: machine.starts() != [])
    machine.work()
    assert machine.starts() == ["a"]
    assert machine.sudoers.asked() == [("hand_over", SOMEBODY), (programs[0], SOMEBODY)]
    machine.end(spec, 0)
    assert wait_for(machine, later, spec, ENDED).exit_code == 0
    assert machine.sudoers.owner(spec.job_directory) == ""


def test_a_job_that_ended_while_there_was_no_agent_is_taken_back(machine: UserMachine) -> None:
    manager = machine.manager()
    spec = started(machine, manager)
    later = machine.restarted(manager, meanwhile=lambda: machine.end(spec, 5))
    assert wait_for(machine, later, spec, ENDED).exit_code == 5
    assert machine.sudoers.owner(spec.job_directory) == ""


def test_galaxys_user_is_mapped(machine: UserMachine) -> None:
    text = f'[ "$1" = -- ] && [ "$2" = -x@example.org ] && echo {SOMEBODY}'
    machine.sudoers.mapping = machine.sudoers.program("map", text)
    wait_for(machine, machine.manager(), machine.job("a", user="-x@example.org"), RUNNING)
    assert {user for _, user in machine.sudoers.asked()} == {SOMEBODY}


@pytest.mark.parametrize("machine", ["Slurm"], indirect=True)
@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ("echo root", "jobs cannot run as root"),
        ("echo no-such-user", "there is no user 'no-such-user' on this machine"),
        ("true", "'' cannot be the name of a user"),
        ("echo 'nobody; id'", "'nobody; id' cannot be the name of a user"),
        ("echo -u", "'-u' cannot be the name of a user"),
        ("printf 'nobody\\nroot\\n'", "cannot be the name of a user"),
        ("echo unknown to us >&2; exit 3", "does not know 'g': unknown to us"),
        ("sleep 30", "did not end within"),
    ],
)
def test_a_mapping_that_fails_or_names_root_fails_the_job(
    machine: UserMachine, mapping: str, words: str
) -> None:
    machine.sudoers.mapping = machine.sudoers.program("map", mapping)
    ended = wait_for(machine, machine.manager(), machine.job("a", user="g"), ENDED)
    assert ended.exit_code is None
    assert ended.reason.startswith("the job cannot run as its user: ")
    assert words in ended.reason
    assert machine.sudoers.requests() == []


@pytest.mark.parametrize("machine", ["Slurm"], indirect=True)
@pytest.mark.parametrize(("user", "words"), [("", "submit_user: $__user_name__"), ("root", "run as root")])
def test_a_job_without_a_fit_user_fails(machine: UserMachine, user: str, words: str) -> None:
    ended = wait_for(machine, machine.manager(), machine.job("a", user=user), ENDED)
    assert words in ended.reason
    assert machine.sudoers.requests() == []


@pytest.mark.parametrize("fault", ["password", "refuse"])
def test_a_launcher_that_refuses_fails_the_job_with_its_words(machine: UserMachine, fault: str) -> None:
    words = {"password": "sudo: a password is required", "refuse": "jobs cannot run as daemon"}[fault]
    machine.sudoers.fault(hand_over=fault)
    ended = wait_for(machine, machine.manager(), machine.job("a"), ENDED)
    assert ended.exit_code is None
    assert f"the job cannot run as its user: {words}" in ended.reason.replace("pulsar-runtime-launcher: ", "")
    assert machine.starts() == []


@elsewhere
def test_a_submission_that_is_refused_fails_the_job_and_its_directory_is_ours(
    machine: UserMachine, programs: tuple[str, str]
) -> None:
    machine.sudoers.fault(**{programs[0]: "refuse"})
    spec = machine.job("a")
    ended = wait_for(machine, machine.manager(), spec, ENDED)
    assert "jobs cannot run as daemon" in ended.reason
    assert machine.sudoers.owner(spec.job_directory) == ""


@pytest.mark.parametrize("machine", ["DRMAA"], indirect=True)
def test_a_library_that_refuses_fails_the_job_with_its_words(machine: UserMachine) -> None:
    machine.sudoers.fault(drmaa="unknown queue")
    reason = wait_for(machine, machine.manager(), machine.job("a"), ENDED).reason
    assert reason.startswith("the batch system does not take it: unknown queue")


def test_a_directory_that_cannot_be_taken_back_is_told(machine: UserMachine) -> None:
    manager = machine.manager()
    spec = started(machine, manager)
    machine.sudoers.fault(take_back="password")
    machine.end(spec, 0)
    ended = wait_for(machine, manager, spec, ENDED)
    assert ended.exit_code == 0
    assert "could not be taken back: sudo: a password is required" in ended.reason


@elsewhere
def test_a_job_that_nobody_wants_any_more_is_ended_and_its_directory_taken_back(
    machine: UserMachine, programs: tuple[str, str]
) -> None:
    manager = machine.manager()
    spec = started(machine, manager)
    manager.forget(manager.submit(spec))
    machine.work_until(lambda: len(machine.sudoers.asked()) == 4)
    assert sorted(machine.sudoers.asked()[2:]) == sorted([(programs[1], SOMEBODY), ("take_back", SOMEBODY)])


@pytest.mark.parametrize("machine", ["Slurm"], indirect=True)
def test_jobs_of_several_users_are_ended_each_by_its_own(machine: UserMachine) -> None:
    manager = machine.manager()
    specs = [
        machine.job("a", user="nobody"),
        machine.job("b", user="daemon"),
        machine.job("c", user="nobody"),
    ]
    for spec in specs:
        wait_for(machine, manager, spec, RUNNING)
    for spec in specs:
        manager.cancel(manager.submit(spec))
    for spec in specs:
        wait_for(machine, manager, spec, ENDED)
    cancelled = [request for request in machine.sudoers.requests() if request.get("program") == "scancel"]
    assert [request["user"] for request in cancelled] == ["nobody", "daemon"]
