"""What every dialect has to bring about, with commands that answer in its words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pulsar_runtime.domain.ids import ExternalId
from pulsar_runtime.domain.job import LaunchSpec, Observation
from pulsar_runtime.domain.status import SchedulerState
from pulsar_runtime.managers.batch.dialects.registry import DIALECTS
from pulsar_runtime.ports import JobManager
from runtime.tests.contract.batch_machine import BatchMachine
from runtime.tests.contract.rest_machine import RestMachine


@pytest.fixture(params=["GridEngine", "LSF", "PBSPro", "Slurm", "Torque", "v0.0.38", "v0.0.42"])
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BatchMachine]:
    rest = request.param.startswith("v0")
    machine = RestMachine(tmp_path, request.param) if rest else BatchMachine(tmp_path, request.param)
    yield machine
    machine.end_everything()


def observed(manager: JobManager, spec: LaunchSpec) -> Observation | None:
    external_id = ExternalId(spec.launch_id)
    return manager.observe([external_id]).get(external_id)


def wait_for(
    machine: BatchMachine, manager: JobManager, spec: LaunchSpec, state: SchedulerState
) -> Observation:
    def there() -> bool:
        seen = observed(manager, spec)
        return seen is not None and seen.state is state

    machine.work_until(there)
    seen = observed(manager, spec)
    assert seen is not None
    return seen


def started(machine: BatchMachine, manager: JobManager, name: str = "a") -> LaunchSpec:
    spec = machine.job(name)
    manager.submit(spec)
    wait_for(machine, manager, spec, SchedulerState.RUNNING)
    machine.work_until(lambda: name in machine.starts())
    return spec


def test_a_job_goes_its_way(machine: BatchMachine) -> None:
    manager = machine.manager(limit=1)
    first, second = started(machine, manager), machine.job("b")
    manager.submit(second)
    wait_for(machine, manager, second, SchedulerState.PENDING)
    machine.end(first, 0)
    assert wait_for(machine, manager, first, SchedulerState.ENDED) == Observation(
        state=SchedulerState.ENDED, exit_code=0
    )
    wait_for(machine, manager, second, SchedulerState.RUNNING)
    manager.cancel(ExternalId("b"))
    assert wait_for(machine, manager, second, SchedulerState.ENDED).exit_code
    # What was pending before it ran was submitted once, too.
    assert len(machine.system.names()) == 2


def test_a_job_that_was_killed_says_so(machine: BatchMachine) -> None:
    manager = machine.manager()
    fates = {"a": "memory", "b": "timeout", "c": "node", "d": "cancelled"}
    specs = [started(machine, manager, name) for name in fates]
    for name, fate in fates.items():
        machine.system.end(name, fate)
    for spec in specs:
        seen = wait_for(machine, manager, spec, SchedulerState.ENDED)
        assert seen.exit_code
        assert seen.reason
        assert Path(spec.stderr).read_text() == f"pulsar: {seen.reason}\n"


def test_a_submission_whose_answer_is_lost_is_found_by_its_name(machine: BatchMachine) -> None:
    manager = machine.manager()
    spec = started(machine, manager)
    later = machine.restarted(manager, meanwhile=machine.forget_numbers)
    later.submit(spec)
    wait_for(machine, later, spec, SchedulerState.RUNNING)
    assert len(machine.system.names()) == 1
    later.cancel(ExternalId("a"))
    wait_for(machine, later, spec, SchedulerState.ENDED)


def test_a_refusal_is_told_from_an_outage(machine: BatchMachine) -> None:
    submit = DIALECTS[machine.system.dialect].commands[0]
    machine.system.fault(**{submit: "fail"})
    manager = machine.manager()
    spec = machine.job("a")
    manager.submit(spec)
    machine.work_until(lambda: machine.system.counts()[submit] >= 2)
    assert observed(manager, spec) in (None, Observation(state=SchedulerState.PENDING))
    machine.system.fault(**{submit: "refuse"})
    seen = wait_for(machine, manager, spec, SchedulerState.ENDED)
    assert seen.exit_code is None
    assert "nope; look at -" in seen.reason
    assert machine.system.names() == []


@pytest.mark.parametrize("fault", ["fail", "say nonsense"])
def test_a_status_command_that_fails_changes_nothing(machine: BatchMachine, fault: str) -> None:
    status = DIALECTS[machine.system.dialect].commands[1]
    manager = machine.manager()
    spec = started(machine, manager)
    machine.system.fault(**{status: fault})
    before = machine.system.counts()[status]
    machine.work_until(lambda: machine.system.counts()[status] >= before + 4)
    seen = observed(manager, spec)
    assert seen is not None
    assert seen.state is SchedulerState.RUNNING
    machine.end(spec, 0)
    assert wait_for(machine, manager, spec, SchedulerState.ENDED).exit_code == 0
