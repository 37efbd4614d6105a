"""Whatever does not answer for a while, or kills the agent, no job is lost and none runs twice."""

from __future__ import annotations

import pytest

from pulsar_runtime.domain.errors import QueryError, StagingError, StoreBusy, StoreCorrupt
from pulsar_runtime.domain.ids import ManagerName
from pulsar_runtime.domain.status import JobStatus
from runtime.tests.unit.application.supervision import A_WHILE, MAIN, Supervision

OTHER = ManagerName("other")

STORE_CALLS = ["store.submitted_after", "store.cancel_requests", "store.submission", "store.apply"]
MANAGER_CALLS = ["manager.submit", "manager.observe"]
OTHER_CALLS = ["stager.check", "stager.stage_in", "preparer.prepare"]


class Killed(BaseException):
    """The agent is gone, in the middle of a call."""


def plan(world: Supervision, name: str, nth: int, error: BaseException) -> None:
    """Let the nth call of a method fail that the supervisor makes."""
    twin, _, method = name.partition(".")
    faults = getattr(world, twin).faults
    faults.plan(getattr(getattr(world, twin), method), error, after=nth - 1)


# --- the store ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("nth", [1, 2, 3, 4])
@pytest.mark.parametrize("name", STORE_CALLS)
def test_a_busy_store_delays_a_job_and_nothing_else(world: Supervision, name: str, nth: int) -> None:
    plan(world, name, nth, StoreBusy("busy"))
    job = world.submit()
    world.ring()
    world.pass_time(A_WHILE)
    assert world.status(job) is JobStatus.RUNNING
    world.host.end(f"{job.key}-1", 7)
    world.pass_time(A_WHILE)
    assert (world.status(job), world.now(job).return_code) == (JobStatus.COMPLETE, 7)
    assert world.host.starts == [f"{job.key}-1"]
    assert world.host.launches == {}


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_busy_store_does_not_keep_a_job_from_failing(world: Supervision, nth: int) -> None:
    world.stager.faults.plan(world.stager.check, *[StagingError("why")] * 100)
    for _ in range(nth):
        world.store.faults.plan(world.store.apply, StoreBusy("busy"))
    job = world.submit()
    world.ring()
    world.pass_time(A_WHILE)
    assert (world.status(job), world.now(job).reason) == (JobStatus.FAILED, "why")


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("name", ["store.cancel_requests", "store.apply"])
def test_a_busy_store_does_not_keep_a_job_from_being_cancelled(
    world: Supervision, name: str, nth: int
) -> None:
    job = world.run()
    plan(world, name, nth, StoreBusy("busy"))
    world.cancel(job)
    world.pass_time(A_WHILE)
    assert world.status(job) is JobStatus.CANCELLED


def test_a_busy_store_at_one_job_leaves_the_others_to_their_turn(world: Supervision) -> None:
    jobs = [world.submit(name) for name in "abc"]
    world.store.faults.plan(world.store.apply, StoreBusy("busy"))
    world.ring()
    world.pass_time(A_WHILE)
    assert [world.status(job) for job in jobs] == [JobStatus.RUNNING] * 3
    assert sorted(world.host.starts) == [f"{job.key}-1" for job in jobs]


@pytest.mark.parametrize("name", ["store.submitted_after", "store.apply"])
def test_a_damaged_store_ends_the_agent_and_changes_nothing(world: Supervision, name: str) -> None:
    job = world.submit()
    plan(world, name, 1, StoreCorrupt("damaged"))
    with pytest.raises(StoreCorrupt):
        world.ring()
    assert world.status(job) is JobStatus.PREPROCESSING
    assert world.host.starts == []


def test_a_store_that_turns_out_damaged_while_a_job_runs_ends_the_agent(world: Supervision) -> None:
    job = world.run()
    plan(world, "store.apply", 1, StoreCorrupt("damaged"))
    with pytest.raises(StoreCorrupt):
        world.host.end(f"{job.key}-1", 0)
    assert world.status(job) is JobStatus.RUNNING


# --- the manager -------------------------------------------------------------------------------------------


def test_a_manager_that_cannot_be_asked_changes_no_job(world: Supervision) -> None:
    job = world.run()
    world.manager.faults.plan(world.manager.observe, *[QueryError("down")] * 3)
    world.host.end(f"{job.key}-1", 0)
    assert world.status(job) is JobStatus.RUNNING
    world.pass_time(A_WHILE)
    assert world.status(job) is JobStatus.COMPLETE


def test_a_manager_that_cannot_be_asked_does_not_hold_up_another(world: Supervision) -> None:
    world.restart(MAIN, OTHER)
    here, there = world.submit("1"), world.submit("2", manager=OTHER)
    world.ring()
    world.manager.faults.plan(world.manager.observe, *[QueryError("down")] * 100)
    for job in (here, there):
        world.host.end(f"{job.key}-1", 0)
    world.pass_time(A_WHILE)
    assert [world.status(job) for job in (here, there)] == [JobStatus.RUNNING, JobStatus.COMPLETE]


# --- the agent ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("nth", [1, 2, 3, 4])
@pytest.mark.parametrize("name", [*STORE_CALLS, *MANAGER_CALLS, *OTHER_CALLS])
def test_a_job_runs_once_wherever_the_agent_is_killed(world: Supervision, name: str, nth: int) -> None:
    job = world.submit()
    plan(world, name, nth, Killed())
    try:
        world.ring()
        world.host.end(f"{job.key}-1", 0)
        world.pass_time(A_WHILE)
    except Killed:
        world.restart()
    if f"{job.key}-1" in world.host.launches:
        world.host.end(f"{job.key}-1", 0)
    world.pass_time(A_WHILE)
    assert (world.status(job), world.now(job).return_code) == (JobStatus.COMPLETE, 0)
    assert world.host.starts == [f"{job.key}-1"]
    assert world.host.launches == {}


@pytest.mark.parametrize("nth", [1, 2, 3, 4])
@pytest.mark.parametrize("name", [*STORE_CALLS, *MANAGER_CALLS, "preparer.prepare"])
def test_an_interrupted_job_starts_again_once_wherever_the_agent_is_killed(
    world: Supervision, name: str, nth: int
) -> None:
    job = world.run()
    world.host.reboot()
    world.replace_agent()
    plan(world, name, nth, Killed())
    try:
        world.start()
        world.pass_time(A_WHILE)
    except Killed:
        world.restart()
    world.pass_time(A_WHILE)
    assert world.host.starts == [f"{job.key}-1", f"{job.key}-2"]
    assert (world.status(job), world.now(job).attempt) == (JobStatus.RUNNING, 2)


def test_jobs_are_handed_over_in_the_order_of_their_submission_after_a_restart(world: Supervision) -> None:
    world.restart(limit=1)
    jobs = [world.submit(name) for name in ("c", "a", "b")]
    world.ring()
    world.restart(limit=1)
    for job in jobs:
        world.host.end(f"{job.key}-1", 0)
        world.pass_time(0)
    assert world.host.starts == [f"{job.key}-1" for job in jobs]


def test_jobs_found_running_keep_their_place(world: Supervision) -> None:
    world.restart(limit=2)
    running = [world.run("1"), world.run("2")]
    waiting = world.submit("3")
    world.ring()
    world.restart(limit=2)
    assert world.status(waiting) is JobStatus.QUEUED
    assert [world.status(job) for job in running] == [JobStatus.RUNNING] * 2


# --- the configuration -------------------------------------------------------------------------------------


def test_a_job_whose_manager_is_no_longer_configured_waits_until_it_is(world: Supervision) -> None:
    world.restart(MAIN, OTHER)
    job = world.submit(manager=OTHER)
    world.ring()
    world.restart(MAIN)
    world.pass_time(A_WHILE)
    assert world.status(job) is JobStatus.RUNNING
    assert world.status(world.run("2")) is JobStatus.RUNNING
    world.restart(MAIN, OTHER)
    world.host.end(f"{job.key}-1", 0)
    assert world.status(job) is JobStatus.COMPLETE


def test_the_launches_of_a_manager_that_is_no_longer_configured_are_still_of_use(world: Supervision) -> None:
    """Whoever cleans up asks for these: without its record the job would run twice."""
    world.restart(MAIN, OTHER)
    here, there = world.run(), world.submit("2", manager=OTHER)
    world.ring()
    world.restart(MAIN)
    assert world.agent.supervisor.launch_ids() == {f"{here.key}-1", f"{there.key}-1"}


def test_launches_are_of_use_also_when_the_store_was_busy_at_the_start(world: Supervision) -> None:
    job = world.run()
    world.store.faults.plan(world.store.submitted_after, StoreBusy("busy"))
    world.restart()
    assert world.agent.supervisor.launch_ids() == {f"{job.key}-1"}
