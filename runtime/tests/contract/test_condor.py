"""HTCondor's own: what its logs and its queue say, and when it says nothing."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pulsar_runtime.domain.ids import DEFAULT_MANAGER
from pulsar_runtime.domain.job import LaunchSpec, Observation
from pulsar_runtime.domain.status import SchedulerState
from pulsar_runtime.managers.condor.manager import CondorManager
from runtime.tests.contract.condor_machine import CondorMachine

PENDING, RUNNING, ENDED = SchedulerState.PENDING, SchedulerState.RUNNING, SchedulerState.ENDED


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[CondorMachine]:
    machine = CondorMachine(tmp_path)
    yield machine
    machine.end_everything()


def seen(manager: CondorManager, spec: LaunchSpec) -> Observation:
    (observation,) = manager.observe([manager.submit(spec)]).values()
    return observation


def wait_for(
    machine: CondorMachine, manager: CondorManager, spec: LaunchSpec, state: SchedulerState
) -> Observation:
    machine.work_until(lambda: seen(manager, spec).state is state)
    return seen(manager, spec)


def running(machine: CondorMachine, manager: CondorManager, name: str) -> LaunchSpec:
    spec = machine.job(name)
    manager.submit(spec)
    wait_for(machine, manager, spec, RUNNING)
    machine.work_until(lambda: name in machine.starts())
    return spec


def stderr(spec: LaunchSpec) -> str:
    return Path(spec.stderr).read_text()


# --- how jobs end ------------------------------------------------------------------------------------------


def test_a_job_is_followed_without_asking_the_queue(machine: CondorMachine) -> None:
    manager = machine.manager()
    jobs = [running(machine, manager, name) for name in "abc"]
    before = machine.pool.counts()["condor_q"]
    for spec in jobs:
        machine.end(spec, 4)
        assert wait_for(machine, manager, spec, ENDED).exit_code == 4
    # Every 0.1 s here, for all jobs that are in the queue; in life every minute or less often.
    assert machine.pool.counts()["condor_q"] - before < 5 * len(jobs)
    assert machine.pool.counts()["condor_submit"] == 3
    assert machine.pool.counts()["condor_history"] == 0


def test_what_its_script_wrote_comes_before_what_htcondor_says(machine: CondorMachine) -> None:
    manager = machine.manager()
    spec = running(machine, manager, "a")
    Path(spec.job_directory, "return_code").write_text("0\n")
    machine.pool.end("a", "cancelled")
    assert wait_for(machine, manager, spec, ENDED) == Observation(state=ENDED, exit_code=0)


def test_a_job_that_an_administrator_removes_fails_with_his_words(machine: CondorMachine) -> None:
    manager = machine.manager()
    spec = running(machine, manager, "a")
    machine.pool.end("a", "cancelled")
    ended = wait_for(machine, manager, spec, ENDED)
    assert ended.exit_code == 137
    assert ended.reason == "HTCondor ended it: via condor_rm (by user pulsar)"
    assert stderr(spec) == f"pulsar: {ended.reason}\n"


def test_a_job_that_a_limit_holds_is_removed_and_says_why(machine: CondorMachine) -> None:
    manager = machine.manager()
    spec = running(machine, manager, "a")
    machine.pool.hold("a", "Job has gone over memory limit of 128 megabytes", 34)
    ended = wait_for(machine, manager, spec, ENDED)
    assert ended.exit_code == 137
    assert ended.reason == "HTCondor holds it: Job has gone over memory limit of 128 megabytes"
    assert machine.pool.state("a") == "cancelled"
    assert stderr(spec) == f"pulsar: {ended.reason}\n"


def test_a_job_that_somebody_holds_waits_until_it_is_released(machine: CondorMachine) -> None:
    manager = machine.manager()
    spec = running(machine, manager, "a")
    machine.pool.hold("a", "the disk is being replaced (by user root)", 1)
    waiting = wait_for(machine, manager, spec, PENDING)
    assert waiting.reason == "HTCondor holds it: the disk is being replaced (by user root)"
    machine.work()
    machine.pool.requeue("a")
    wait_for(machine, manager, spec, RUNNING)
    machine.work_until(lambda: machine.starts() == ["a", "a"])


def test_a_job_that_a_policy_of_the_site_releases_is_left_to_it(machine: CondorMachine) -> None:
    machine.settings = {"Periodic_Release": "NumHolds < 3"}
    manager = machine.manager()
    spec = running(machine, manager, "a")
    machine.pool.hold("a", "Job has gone over memory limit of 128 megabytes", 34)
    wait_for(machine, manager, spec, PENDING)
    machine.work()
    assert machine.pool.state("a") == "held"


def test_a_job_that_was_evicted_runs_again(machine: CondorMachine) -> None:
    manager = machine.manager()
    spec = running(machine, manager, "a")
    machine.pool.limit(0)
    machine.pool.requeue("a")
    wait_for(machine, manager, spec, PENDING)
    machine.pool.limit(1)
    wait_for(machine, manager, spec, RUNNING)
    machine.work_until(lambda: machine.starts() == ["a", "a"])
    machine.end(spec, 0)
    assert wait_for(machine, manager, spec, ENDED).exit_code == 0


def test_a_job_without_a_log_is_found_in_the_history(machine: CondorMachine) -> None:
    manager = machine.manager()
    spec = running(machine, manager, "a")
    machine.pool.be_silent()
    machine.pool.end("a", "cancelled")
    ended = wait_for(machine, manager, spec, ENDED)
    assert (ended.exit_code, ended.reason) == (137, "HTCondor ended it: via condor_rm")


# --- submissions -------------------------------------------------------------------------------------------


def test_a_refused_job_fails_with_the_schedulers_words_and_where_to_look(machine: CondorMachine) -> None:
    machine.pool.fault(condor_submit="reject")
    manager = machine.manager()
    spec = machine.job("a")
    manager.submit(spec)
    ended = wait_for(machine, manager, spec, ENDED)
    assert ended.exit_code is None
    assert "Parse error in expression" in ended.reason
    assert "submit_*" in ended.reason


def test_a_setting_that_cannot_be_one_fails_the_job_alone(machine: CondorMachine) -> None:
    manager = machine.manager()
    bad, good = machine.jobs.spec("bad", executable="/bin/sh"), machine.job("good")
    manager.submit(bad)
    manager.submit(good)
    assert "submit_executable" in wait_for(machine, manager, bad, ENDED).reason
    wait_for(machine, manager, good, RUNNING)


def test_jobs_wait_for_the_end_of_an_outage_with_one_warning(
    machine: CondorMachine, caplog: pytest.LogCaptureFixture
) -> None:
    machine.pool.fault(condor_submit="fail")
    manager = machine.manager()
    jobs = [machine.job(name) for name in "abc"]
    with caplog.at_level(logging.WARNING):
        for spec in jobs:
            manager.submit(spec)
        machine.work_until(lambda: machine.pool.counts()["condor_submit"] >= 3)
        assert [seen(manager, spec).state for spec in jobs] == [PENDING] * 3
        machine.pool.fault()
        for spec in jobs:
            wait_for(machine, manager, spec, RUNNING)
    machine.work_until(lambda: sorted(machine.starts()) == ["a", "b", "c"])
    warnings = [record for record in caplog.records if getattr(record, "action", "") == "scheduler_outage"]
    assert len(warnings) == 1


def test_a_submission_that_was_taken_and_not_answered_is_not_made_again(machine: CondorMachine) -> None:
    machine.pool.fault(condor_submit="take and fail")
    manager = machine.manager()
    spec = machine.job("a")
    manager.submit(spec)
    machine.work_until(lambda: machine.pool.counts()["condor_submit"] == 1)
    machine.pool.fault()
    wait_for(machine, manager, spec, RUNNING)
    machine.work()
    assert machine.pool.names() == ["a"]


def test_an_agent_that_was_killed_while_it_submitted_is_followed_by_one_that_does_not_submit_again(
    machine: CondorMachine,
) -> None:
    manager = machine.manager()
    spec = running(machine, manager, "a")
    record = machine.records / "a"

    def forget_the_answer() -> None:
        lines = record.read_text().splitlines(keepends=True)
        record.write_text("".join(line for line in lines if not line.startswith("# submitted")))
        os.truncate(Path(spec.job_directory, "job_condor.log"), 0)

    later = machine.restarted(manager, meanwhile=forget_the_answer)
    later.submit(spec)
    machine.work()
    assert machine.pool.names() == ["a"]
    later.cancel(later.submit(spec))
    machine.work_until(lambda: machine.pool.state("a") == "cancelled")


# --- when HTCondor does not answer -------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["fail", "say nonsense", "hang"])
def test_a_queue_that_cannot_be_asked_changes_no_job(machine: CondorMachine, fault: str) -> None:
    manager = machine.manager(limit_seconds=1.0) if fault == "hang" else machine.manager()
    spec = running(machine, manager, "a")
    machine.pool.fault(condor_q=fault)
    before = machine.pool.counts()["condor_q"]
    machine.work_until(lambda: machine.pool.counts()["condor_q"] >= before + 2)
    assert seen(manager, spec).state is RUNNING
    assert machine.outages.records()[DEFAULT_MANAGER].since is not None
    machine.end(spec, 3)
    assert wait_for(machine, manager, spec, ENDED).exit_code == 3


def test_an_empty_queue_loses_no_job_that_the_history_does_not_know_at_once(machine: CondorMachine) -> None:
    manager = machine.manager()
    spec = running(machine, manager, "a")
    before = machine.pool.counts()["condor_history"]
    machine.pool.fault(condor_q="say nothing", condor_history="say nothing")
    machine.work_until(lambda: machine.pool.counts()["condor_history"] == before + 1)
    machine.pool.fault()
    machine.work()
    assert seen(manager, spec).state is RUNNING


def test_a_job_that_is_cancelled_during_an_outage_is_removed_after_it(machine: CondorMachine) -> None:
    manager = machine.manager()
    spec = running(machine, manager, "a")
    machine.pool.fault(condor_rm="fail", condor_q="fail")
    manager.cancel(manager.submit(spec))
    machine.work_until(lambda: machine.pool.counts()["condor_rm"] >= 1)
    machine.pool.fault()
    wait_for(machine, manager, spec, ENDED)
    assert machine.pool.state("a") == "cancelled"


def test_a_job_that_nobody_wants_any_more_is_removed(machine: CondorMachine) -> None:
    manager = machine.manager()
    spec = running(machine, manager, "a")
    manager.forget(manager.submit(spec))
    machine.work_until(lambda: machine.pool.state("a") == "cancelled")


def test_a_log_that_a_job_replaced_by_something_else_holds_nobody(machine: CondorMachine) -> None:
    manager = machine.manager()
    spec = running(machine, manager, "a")
    log = Path(spec.job_directory, "job_condor.log")
    log.unlink()
    os.mkfifo(log)
    assert seen(manager, spec).state is RUNNING
    log.unlink()
    log.symlink_to("/dev/zero")
    assert seen(manager, spec).state is RUNNING
    log.unlink()
    machine.end(spec, 2)
    assert wait_for(machine, manager, spec, ENDED).exit_code == 2
