"""A job's files are moved before it starts and after it has ended, while nobody else waits for them."""

from __future__ import annotations

import pytest

from pulsar_runtime.domain.errors import DiskFull, StagingError, StoreBusy
from pulsar_runtime.domain.ids import JobId
from pulsar_runtime.domain.job import Job, Submission, Tool
from pulsar_runtime.domain.status import JobStatus
from runtime.tests.unit.application.supervision import A_WHILE, AN_INPUT, MAIN, OUTPUTS, Supervision


@pytest.fixture
def slow(world: Supervision) -> Supervision:
    """A world in which staging takes until a test says that it has ended."""
    world.stager.waits = True
    return world


def submitted(world: Supervision, name: str = "1") -> Job:
    job = world.submit(name, outputs=OUTPUTS)
    world.ring()
    return job


def ended(world: Supervision, code: int = 0) -> Job:
    """Return a job whose processes have ended and whose outputs are on their way."""
    job = submitted(world)
    world.stager.end(job.key)
    world.pass_time(A_WHILE)
    world.host.end(f"{job.key}-1", code)
    return job


# --- in ----------------------------------------------------------------------------------------------------


def test_a_job_starts_when_its_files_are_there_and_not_before(slow: Supervision) -> None:
    job = submitted(slow)
    slow.pass_time(A_WHILE)
    assert (slow.status(job), slow.host.starts) == (JobStatus.PREPROCESSING, [])
    assert [(staged.key, transfers) for staged, transfers in slow.stager.staged_in] == [
        (job.key, (AN_INPUT,))
    ]
    slow.stager.end(job.key)
    slow.pass_time(A_WHILE)
    assert (slow.status(job), slow.host.starts) == (JobStatus.RUNNING, [f"{job.key}-1"])


def test_a_job_whose_files_are_on_their_way_does_not_hold_up_the_next(slow: Supervision) -> None:
    first, second = submitted(slow, "1"), submitted(slow, "2")
    slow.stager.end(second.key)
    slow.pass_time(A_WHILE)
    assert [slow.status(job) for job in (first, second)] == [JobStatus.PREPROCESSING, JobStatus.RUNNING]


def test_a_job_whose_files_cannot_be_had_fails_with_the_reason(slow: Supervision) -> None:
    job = submitted(slow)
    slow.stager.end(job.key, StagingError("in.dat: gone"))
    failed = slow.now(job)
    assert (failed.status, failed.return_code, failed.reason) == (JobStatus.FAILED, 1, "in.dat: gone")
    assert slow.preparer.reasons == {job.key: "in.dat: gone"}
    slow.pass_time(A_WHILE)
    assert slow.host.starts == []


def test_a_job_that_is_cancelled_meanwhile_stops_staging_and_never_starts(slow: Supervision) -> None:
    job = submitted(slow)
    slow.cancel(job)
    assert slow.status(job) is JobStatus.CANCELLED
    assert not slow.stager.staging(job.key)
    slow.pass_time(A_WHILE)
    assert slow.host.starts == []


def test_an_agent_that_comes_back_goes_on(slow: Supervision) -> None:
    job = submitted(slow)
    slow.restart()
    assert [staged.key for staged, _ in slow.stager.staged_in] == [job.key, job.key]
    slow.stager.end(job.key)
    slow.pass_time(A_WHILE)
    assert slow.host.starts == [f"{job.key}-1"]


def test_files_that_are_there_are_not_brought_again_for_a_script_that_waits(slow: Supervision) -> None:
    job = submitted(slow)
    slow.preparer.faults.plan(slow.preparer.prepare, DiskFull(), DiskFull())
    slow.stager.end(job.key)
    slow.pass_time(A_WHILE)
    assert slow.status(job) is JobStatus.RUNNING
    assert len(slow.stager.staged_in) == 1


def test_a_job_without_files_for_us_takes_no_notice(slow: Supervision) -> None:
    job = slow.store.begin(MAIN, JobId("1"), None, "/staging/1", Tool())
    slow.store.submit(job.key, Submission(command_line="true"))
    slow.ring()
    slow.host.end(f"{job.key}-1", 0)
    assert slow.status(job) is JobStatus.COMPLETE
    assert slow.stager.staged_in == []
    assert slow.stager.staged_out == []


# --- out ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [0, 3])
def test_a_job_is_complete_when_its_outputs_have_arrived_and_not_before(slow: Supervision, code: int) -> None:
    job = ended(slow, code)
    slow.pass_time(A_WHILE)
    assert (slow.status(job), slow.now(job).return_code) == (JobStatus.POSTPROCESSING, code)
    slow.stager.end(job.key)
    assert (slow.status(job), slow.now(job).return_code) == (JobStatus.COMPLETE, code)
    assert slow.history(job) == ["preprocessing", "queued", "running", "postprocessing", "complete"]
    assert [(out.key, plan, again) for out, plan, again in slow.stager.staged_out] == [
        (job.key, OUTPUTS, False)
    ]


def test_a_job_whose_outputs_cannot_be_sent_fails_and_keeps_its_return_code(slow: Supervision) -> None:
    job = ended(slow, 3)
    slow.stager.end(job.key, StagingError("out.dat: refused"))
    failed = slow.now(job)
    assert (failed.status, failed.return_code, failed.reason) == (JobStatus.FAILED, 3, "out.dat: refused")


@pytest.mark.parametrize("problem", [None, StagingError("refused")])
def test_a_busy_store_delays_the_end(slow: Supervision, problem: StagingError | None) -> None:
    job = ended(slow)
    slow.store.faults.plan(slow.store.apply, StoreBusy("busy"))
    slow.stager.end(job.key, problem)
    assert slow.status(job) is JobStatus.POSTPROCESSING
    slow.pass_time(A_WHILE)
    assert slow.status(job) is (JobStatus.FAILED if problem else JobStatus.COMPLETE)


def test_the_manager_has_done_its_part_when_the_processes_have_ended(slow: Supervision) -> None:
    ended(slow)
    assert slow.host.launches == {}


def test_a_job_that_is_cancelled_while_its_outputs_are_sent_stops_that(slow: Supervision) -> None:
    job = ended(slow, 3)
    slow.cancel(job)
    assert (slow.status(job), slow.now(job).return_code) == (JobStatus.CANCELLED, 3)
    assert not slow.stager.staging(job.key)


@pytest.mark.parametrize("cancelled", [False, True])
def test_an_agent_that_comes_back_sends_what_is_left(slow: Supervision, *, cancelled: bool) -> None:
    job = ended(slow, 3)
    if cancelled:
        slow.store.request_cancel(job.key)
    slow.restart()
    if not cancelled:
        assert [again for _, _, again in slow.stager.staged_out] == [False, True]
        slow.stager.end(job.key)
    status = JobStatus.CANCELLED if cancelled else JobStatus.COMPLETE
    assert (slow.status(job), slow.now(job).return_code) == (status, 3)
    assert slow.host.starts == [f"{job.key}-1"]


def test_a_job_that_an_earlier_agent_started_has_its_outputs_sent(slow: Supervision) -> None:
    job = submitted(slow)
    slow.stager.end(job.key)
    slow.pass_time(A_WHILE)
    slow.restart()
    slow.host.end(f"{job.key}-1", 0)
    assert [plan for _, plan, _ in slow.stager.staged_out] == [OUTPUTS]
    slow.stager.end(job.key)
    assert slow.status(job) is JobStatus.COMPLETE


def test_a_cancelled_job_sends_nothing(slow: Supervision) -> None:
    job = submitted(slow)
    slow.stager.end(job.key)
    slow.pass_time(A_WHILE)
    slow.cancel(job)
    slow.pass_time(A_WHILE)
    assert slow.status(job) is JobStatus.CANCELLED
    assert slow.stager.staged_out == []
