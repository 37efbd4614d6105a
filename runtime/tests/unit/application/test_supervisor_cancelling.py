"""A job that is to be cancelled ends as cancelled, whatever it is doing, and never before its processes."""

from __future__ import annotations

import pytest

from pulsar_runtime.domain.errors import DiskFull, SubmitUnavailable
from pulsar_runtime.domain.ids import ExternalId, JobId
from pulsar_runtime.domain.job import Tool
from pulsar_runtime.domain.status import JobStatus
from runtime.tests.unit.application.supervision import A_WHILE, MAIN, Supervision


def test_a_job_that_is_only_set_up_is_cancelled(world: Supervision) -> None:
    job = world.store.begin(MAIN, JobId("1"), None, "/staging/1", Tool())
    world.cancel(job)
    assert world.status(job) is JobStatus.CANCELLED


def test_a_job_that_is_cancelled_before_it_is_taken_never_starts(world: Supervision) -> None:
    job = world.submit()
    world.store.request_cancel(job.key)
    world.ring()
    world.pass_time(A_WHILE)
    assert world.status(job) is JobStatus.CANCELLED
    assert world.stager.staged_in == []
    assert world.host.starts == []


def test_a_job_that_waits_to_be_staged_in_is_cancelled_at_once(world: Supervision) -> None:
    world.stager.faults.plan(world.stager.stage_in, DiskFull())
    job = world.submit()
    world.ring()
    world.cancel(job)
    assert world.status(job) is JobStatus.CANCELLED
    world.pass_time(A_WHILE)
    assert world.host.starts == []


def test_a_job_that_its_manager_did_not_take_yet_is_cancelled_at_once(world: Supervision) -> None:
    world.manager.faults.plan(world.manager.submit, SubmitUnavailable())
    job = world.submit()
    world.ring()
    world.cancel(job)
    assert world.status(job) is JobStatus.CANCELLED
    world.pass_time(A_WHILE)
    assert world.host.starts == []


def test_a_job_that_waits_for_its_turn_is_cancelled_and_never_starts(world: Supervision) -> None:
    world.restart(limit=1)
    first = world.run("1")
    waiting = world.submit("2")
    world.ring()
    world.cancel(waiting)
    assert (world.status(waiting), world.now(waiting).return_code) == (JobStatus.CANCELLED, None)
    world.host.end(f"{first.key}-1", 0)
    world.pass_time(A_WHILE)
    assert world.host.starts == [f"{first.key}-1"]


def test_a_running_job_is_cancelled_once_its_processes_have_ended(world: Supervision) -> None:
    job = world.run()
    world.cancel(job)
    assert world.status(job) is JobStatus.RUNNING
    world.pass_time(0)
    assert (world.status(job), world.now(job).return_code) == (JobStatus.CANCELLED, 143)
    assert world.host.launches == {}


def test_a_job_that_ends_by_itself_after_the_request_is_cancelled_with_its_code(world: Supervision) -> None:
    job = world.run()
    world.cancel(job)
    world.host.end(f"{job.key}-1", 0)
    assert (world.status(job), world.now(job).return_code) == (JobStatus.CANCELLED, 0)


def test_a_job_that_has_ended_stays_as_it_ended(world: Supervision) -> None:
    job = world.run()
    world.host.end(f"{job.key}-1", 0)
    before = world.now(job)
    world.cancel(job)
    world.pass_time(A_WHILE)
    assert world.now(job) == before


@pytest.mark.parametrize("end", ["vanish", "reboot"])
def test_a_job_that_is_to_end_and_is_gone_is_cancelled_and_not_started_again(
    world: Supervision, end: str
) -> None:
    job = world.run()
    world.cancel(job)
    if end == "reboot":
        world.host.reboot()
        world.restart()
    else:
        world.host.vanish(f"{job.key}-1")
    world.pass_time(A_WHILE)
    assert world.status(job) is JobStatus.CANCELLED
    assert world.host.starts == [f"{job.key}-1"]


def test_a_request_that_nobody_told_of_is_found(world: Supervision) -> None:
    job = world.run()
    world.store.request_cancel(job.key)
    world.pass_time(A_WHILE)
    assert world.status(job) is JobStatus.CANCELLED


def test_a_request_from_before_a_restart_is_carried_out(world: Supervision) -> None:
    job = world.run()
    world.store.request_cancel(job.key)
    world.restart()
    world.pass_time(0)
    assert world.status(job) is JobStatus.CANCELLED


@pytest.mark.parametrize("status", [JobStatus.PREPROCESSING, JobStatus.QUEUED])
def test_a_job_that_was_not_started_before_a_restart_is_not_started_to_be_cancelled(
    world: Supervision, status: JobStatus
) -> None:
    if status is JobStatus.QUEUED:
        world.restart(limit=0)
    else:
        world.stager.faults.plan(world.stager.stage_in, DiskFull())
    job = world.submit()
    world.ring()
    assert world.status(job) is status
    world.store.request_cancel(job.key)
    world.restart()
    world.pass_time(A_WHILE)
    assert world.status(job) is JobStatus.CANCELLED
    assert world.host.starts == []


def test_a_job_whose_restart_waits_can_be_cancelled(world: Supervision) -> None:
    job = world.run()
    world.host.reboot()
    world.preparer.faults.plan(world.preparer.prepare, *[DiskFull()] * 100)
    world.restart()
    world.cancel(job)
    world.pass_time(A_WHILE)
    assert world.status(job) is JobStatus.CANCELLED
    assert world.host.starts == [f"{job.key}-1"]


def test_a_job_that_was_begun_anew_is_not_cancelled_with_the_old_one(world: Supervision) -> None:
    old = world.run()
    world.cancel(old)
    world.pass_time(0)
    new = world.submit()
    world.ring()
    assert new.key != old.key
    assert (world.status(new), world.now(new).cancel_requested) == (JobStatus.RUNNING, False)


def test_a_request_is_passed_on_again_until_it_is_carried_out(world: Supervision) -> None:
    """A manager may have lost it with the agent before."""
    job = world.run()
    world.cancel(job)
    world.agent.supervisor.look()
    world.pass_time(0)
    assert world.status(job) is JobStatus.CANCELLED
    assert ExternalId(f"{job.key}-1") not in world.manager.observe([ExternalId(f"{job.key}-1")])
