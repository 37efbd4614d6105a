"""The supervisor brings every job to its end, and does nothing twice."""

from __future__ import annotations

import pytest

from pulsar_runtime.domain.errors import (
    DiskFull,
    StagingError,
    StoreBusy,
    SubmitRejected,
    SubmitUnavailable,
)
from pulsar_runtime.domain.ids import ExternalId
from pulsar_runtime.domain.job import Observation, Transition
from pulsar_runtime.domain.status import JobStatus, SchedulerState
from runtime.tests.unit.application.supervision import A_WHILE, MAIN, Supervision

# --- the ordinary way --------------------------------------------------------------------------------------


def test_a_submitted_job_runs_to_its_end(world: Supervision) -> None:
    job = world.submit()
    world.ring()
    assert world.status(job) is JobStatus.RUNNING
    world.host.end(f"{job.key}-1", 0)
    assert (world.status(job), world.now(job).return_code) == (JobStatus.COMPLETE, 0)
    assert world.history(job) == ["preprocessing", "queued", "running", "postprocessing", "complete"]
    assert world.host.starts == [f"{job.key}-1"]


@pytest.mark.parametrize("code", [3, 255, -9])
def test_a_tool_that_fails_is_complete_with_its_code(world: Supervision, code: int) -> None:
    """Only what we could not do is failed (style rule of the status table)."""
    job = world.run()
    world.host.end(f"{job.key}-1", code)
    assert (world.status(job), world.now(job).return_code) == (JobStatus.COMPLETE, code)


def test_everything_happens_in_its_order(world: Supervision) -> None:
    job = world.submit()
    world.ring()
    submission = world.store.submission(job.key)
    assert world.stager.checked == [submission]
    assert [staged.key for staged, _ in world.stager.staged_in] == [job.key]
    assert [(prepared.key, given) for prepared, given in world.preparer.prepared] == [(job.key, submission)]


def test_the_start_and_end_of_a_short_job_are_written_as_one(world: Supervision) -> None:
    """It ends before anybody would ask for its status."""
    job = world.submit()
    world.agent.supervisor.look()
    world.pass_time(0)
    assert world.host.starts == [f"{job.key}-1"]
    world.host.end(f"{job.key}-1", 0)
    world.pass_time(A_WHILE)
    assert world.history(job) == ["preprocessing", "queued", "postprocessing", "complete"]


def test_a_job_that_was_never_seen_running_completes(world: Supervision) -> None:
    """The table allows it for short jobs."""
    world.restart(limit=0)
    job = world.submit()
    world.ring()
    assert world.status(job) is JobStatus.QUEUED
    ended = Observation(state=SchedulerState.ENDED, exit_code=0)
    world.manager.forget(ExternalId(f"{job.key}-1"))
    world.host.launches[f"{job.key}-1"] = ended
    world.restart()
    assert world.history(job) == ["preprocessing", "queued", "postprocessing", "complete"]


def test_a_job_that_its_scheduler_put_back_is_queued_again(world: Supervision) -> None:
    job = world.run()
    world.host.launches[f"{job.key}-1"] = Observation(state=SchedulerState.PENDING, reason="preempted")
    world.pass_time(A_WHILE)
    assert (world.status(job), world.now(job).reason) == (JobStatus.QUEUED, "preempted")
    world.host.launches[f"{job.key}-1"] = Observation(state=SchedulerState.RUNNING)
    world.pass_time(A_WHILE)
    world.host.end(f"{job.key}-1", 0)
    assert world.history(job)[-5:] == ["running", "queued", "running", "postprocessing", "complete"]


def test_only_set_up_is_not_submitted(world: Supervision) -> None:
    world.pass_time(A_WHILE)
    assert world.host.starts == []


def test_what_a_manager_keeps_is_dropped_once_the_end_is_in_the_store(world: Supervision) -> None:
    job = world.run()
    world.host.end(f"{job.key}-1", 0)
    assert world.host.launches == {}
    assert world.agent.supervisor.launch_ids() == frozenset()


def test_a_doorbell_that_nobody_rings_is_not_needed(world: Supervision) -> None:
    job = world.submit()
    world.pass_time(A_WHILE)
    assert world.status(job) is JobStatus.RUNNING


def test_any_number_of_rings_and_rounds_starts_a_job_once(world: Supervision) -> None:
    job = world.submit()
    for _ in range(3):
        world.ring()
        world.pass_time(A_WHILE)
    assert world.host.starts == [f"{job.key}-1"]
    assert len(world.stager.staged_in) == 1


def test_news_of_an_unknown_launch_change_nothing(world: Supervision) -> None:
    world.agent.supervisor.changed(MAIN, ExternalId("999-1"))
    assert list(world.store.jobs()) == []


# --- what fails for good -----------------------------------------------------------------------------------


def test_a_staging_action_that_cannot_be_done_fails_the_job(world: Supervision) -> None:
    world.stager.faults.plan(world.stager.check, StagingError("no such action"))
    job = world.submit()
    world.ring()
    failed = world.now(job)
    assert (failed.status, failed.return_code, failed.reason) == (JobStatus.FAILED, 1, "no such action")
    assert world.preparer.reasons == {job.key: "no such action"}
    assert world.stager.staged_in == []
    assert world.host.starts == []


@pytest.mark.parametrize("step", ["stage in", "prepare", "submit"])
def test_a_job_fails_with_the_reason_of_the_step_that_failed(world: Supervision, step: str) -> None:
    if step == "stage in":
        world.stager.faults.plan(world.stager.stage_in, StagingError("why"))
    elif step == "prepare":
        world.preparer.faults.plan(world.preparer.prepare, SubmitRejected("why"))
    else:
        world.manager.faults.plan(world.manager.submit, SubmitRejected("why"))
    job = world.submit()
    world.ring()
    failed = world.now(job)
    assert (failed.status, failed.return_code, failed.reason) == (JobStatus.FAILED, 1, "why")
    world.pass_time(A_WHILE)
    assert world.host.starts == []


def test_a_launch_that_ended_without_a_code_failed(world: Supervision) -> None:
    """The manager could not start it; the tool did not exit with anything."""
    job = world.run()
    world.host.launches[f"{job.key}-1"] = Observation(state=SchedulerState.ENDED, reason="no directory")
    world.pass_time(A_WHILE)
    failed = world.now(job)
    assert (failed.status, failed.return_code, failed.reason) == (JobStatus.FAILED, 1, "no directory")


def test_one_failed_job_does_not_hold_up_the_next(world: Supervision) -> None:
    world.stager.faults.plan(world.stager.check, StagingError("why"))
    first, second = world.submit("1"), world.submit("2")
    world.ring()
    assert [world.status(job) for job in (first, second)] == [JobStatus.FAILED, JobStatus.RUNNING]


# --- what fails for the moment -----------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["stage in", "prepare", "submit"])
@pytest.mark.parametrize("times", [1, 3])
def test_what_may_succeed_later_is_tried_again(world: Supervision, step: str, times: int) -> None:
    if step == "stage in":
        world.stager.faults.plan(world.stager.stage_in, *[DiskFull()] * times)
    elif step == "prepare":
        world.preparer.faults.plan(world.preparer.prepare, *[DiskFull()] * times)
    else:
        world.manager.faults.plan(world.manager.submit, *[SubmitUnavailable()] * times)
    job = world.submit()
    world.ring()
    assert world.status(job) is (JobStatus.QUEUED if step == "submit" else JobStatus.PREPROCESSING)
    assert world.host.starts == []
    world.pass_time(A_WHILE)
    assert world.status(job) is JobStatus.RUNNING
    assert world.host.starts == [f"{job.key}-1"]


def test_a_job_that_waits_does_not_hold_up_the_next(world: Supervision) -> None:
    world.stager.faults.plan(world.stager.stage_in, DiskFull())
    waiting, next_one = world.submit("1"), world.submit("2")
    world.ring()
    assert [world.status(job) for job in (waiting, next_one)] == [
        JobStatus.PREPROCESSING,
        JobStatus.RUNNING,
    ]


def test_a_job_that_waits_is_not_tried_without_a_pause(world: Supervision) -> None:
    world.stager.faults.plan(world.stager.stage_in, *[DiskFull()] * 100)
    world.submit()
    for _ in range(10):
        world.ring()
    assert len(world.stager.checked) == 1
    world.pass_time(20)
    assert 2 <= len(world.stager.checked) <= 21


# --- what vanished -----------------------------------------------------------------------------------------


def test_a_job_that_vanished_is_lost(world: Supervision) -> None:
    job = world.run()
    world.host.vanish(f"{job.key}-1")
    lost = world.now(job)
    assert (lost.status, lost.return_code, lost.reason) == (JobStatus.LOST, None, "it vanished")
    assert world.host.launches == {}


def test_a_launch_that_the_manager_leaves_out_changes_nothing(world: Supervision) -> None:
    job = world.run()
    world.manager.forget(ExternalId(f"{job.key}-1"))
    world.pass_time(A_WHILE)
    assert world.status(job) is JobStatus.RUNNING


# --- what an earlier agent left half done -------------------------------------------------------------------


def test_a_job_that_was_being_staged_out_is_completed(world: Supervision) -> None:
    job = world.submit()
    for source, target in (
        (JobStatus.PREPROCESSING, JobStatus.QUEUED),
        (JobStatus.QUEUED, JobStatus.POSTPROCESSING),
    ):
        world.store.apply([Transition(key=job.key, source=source, target=target, return_code=4)])
    world.restart()
    assert (world.status(job), world.now(job).return_code) == (JobStatus.COMPLETE, 4)
    assert world.host.starts == []


def test_an_ended_job_is_left_alone(world: Supervision) -> None:
    job = world.run()
    world.host.end(f"{job.key}-1", 0)
    before = world.now(job)
    world.restart()
    world.pass_time(A_WHILE)
    assert world.now(job) == before
    assert world.host.starts == [f"{job.key}-1"]


# --- the host goes down ------------------------------------------------------------------------------------


def test_an_interrupted_job_starts_again_under_the_next_number(world: Supervision) -> None:
    job = world.run()
    world.host.reboot()
    world.restart()
    assert (world.status(job), world.now(job).attempt) == (JobStatus.RUNNING, 2)
    assert world.host.starts == [f"{job.key}-1", f"{job.key}-2"]
    assert [prepared.attempt for prepared, _ in world.preparer.prepared] == [1, 1]
    world.host.end(f"{job.key}-2", 0)
    assert world.status(job) is JobStatus.COMPLETE
    assert world.host.launches == {}


def test_an_interrupted_job_that_nobody_saw_running_starts_again(world: Supervision) -> None:
    job = world.submit()
    world.restart(limit=0)
    world.host.start(f"{job.key}-1")
    world.host.reboot()
    world.restart()
    assert world.history(job) == ["preprocessing", "queued", "running", "queued", "running"]
    assert world.now(job).attempt == 2


def test_a_job_under_which_the_host_keeps_going_down_fails_after_three_starts(world: Supervision) -> None:
    job = world.run()
    for _ in range(5):
        world.host.reboot()
        world.restart()
    assert world.host.starts == [f"{job.key}-{attempt}" for attempt in (1, 2, 3)]
    failed = world.now(job)
    assert (failed.status, failed.return_code) == (JobStatus.FAILED, 1)
    assert "3 times" in failed.reason
    assert world.host.launches == {}


@pytest.mark.parametrize("problem", [DiskFull("full"), StoreBusy("busy")])
def test_an_interrupted_job_starts_again_when_it_becomes_possible(
    world: Supervision, problem: DiskFull | StoreBusy
) -> None:
    job = world.run()
    world.host.reboot()
    if isinstance(problem, DiskFull):
        world.preparer.faults.plan(world.preparer.prepare, problem, problem)
    else:
        world.store.faults.plan(world.store.submission, problem, problem)
    world.restart()
    assert world.status(job) is not JobStatus.LOST
    world.pass_time(A_WHILE)
    assert world.host.starts == [f"{job.key}-1", f"{job.key}-2"]
    assert (world.status(job), world.now(job).attempt) == (JobStatus.RUNNING, 2)


def test_an_interrupted_job_whose_script_cannot_be_written_fails(world: Supervision) -> None:
    job = world.run()
    world.host.reboot()
    world.preparer.faults.plan(world.preparer.prepare, SubmitRejected("its directory is gone"))
    world.restart()
    assert (world.status(job), world.now(job).reason) == (JobStatus.FAILED, "its directory is gone")
