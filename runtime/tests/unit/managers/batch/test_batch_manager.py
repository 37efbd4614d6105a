"""A batch manager between a table that stands for Slurm and job directories."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import attrs
import pytest

from pulsar_runtime.domain.errors import SubmitRejected
from pulsar_runtime.domain.ids import DEFAULT_MANAGER, ExternalId
from pulsar_runtime.domain.job import Observation
from pulsar_runtime.domain.outage import OutageRecord
from pulsar_runtime.domain.status import SchedulerState
from pulsar_runtime.managers.batch import record
from pulsar_runtime.managers.batch.dialect import CommandResult
from runtime.tests.unit.managers.batch.scripted_slurm import A_WHILE, FAILURES, ScriptedSlurm

GRACE = 60.0

RUNNING = SchedulerState.RUNNING
PENDING = SchedulerState.PENDING
ENDED = SchedulerState.ENDED


@pytest.fixture
def slurm(tmp_path: Path) -> ScriptedSlurm:
    return ScriptedSlurm(tmp_path)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [entry.getMessage() for entry in caplog.records if entry.levelno >= logging.WARNING]


# --- asking ------------------------------------------------------------------------------------------------


def test_one_command_asks_about_all_jobs_and_less_often_while_nothing_changes(slurm: ScriptedSlurm) -> None:
    for number in range(50):
        slurm.submit(f"{number}-1")
    slurm.pass_time(A_WHILE)
    slurm.counts.clear()
    slurm.pass_time(300.0)
    # Every 30 s by then.
    assert slurm.counts == {"squeue": 10}


def test_nobody_is_asked_without_a_job(slurm: ScriptedSlurm) -> None:
    spec = slurm.run()
    slurm.leave_code(spec, 0)
    slurm.pass_time(A_WHILE)
    slurm.counts.clear()
    slurm.pass_time(300.0)
    assert slurm.counts == {}


def test_the_end_of_a_job_is_noticed_within_a_second_without_a_question(slurm: ScriptedSlurm) -> None:
    spec = slurm.run()
    slurm.counts.clear()
    slurm.told.clear()
    slurm.leave_code(spec, 0)
    slurm.pass_time(0.9)
    assert slurm.seen(spec) == Observation(state=ENDED, exit_code=0)
    assert slurm.told == ["7-1"]
    assert slurm.counts == {}


def test_a_job_is_seen_pending_then_running_with_its_number(slurm: ScriptedSlurm) -> None:
    spec = slurm.submit()
    slurm.pass_time(A_WHILE)
    assert slurm.seen(spec) == Observation(state=PENDING, reason="Slurm job 1")
    slurm.entry(spec).state = "RUNNING"
    slurm.pass_time(A_WHILE)
    assert slurm.seen(spec) == Observation(state=RUNNING, reason="Slurm job 1")


# --- not knowing is not finishing --------------------------------------------------------------------------


@pytest.mark.parametrize("failure", FAILURES)
def test_an_outage_changes_no_job_and_is_said_once(
    failure: str, slurm: ScriptedSlurm, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = slurm.run("1-1"), slurm.submit("2-1")
    slurm.pass_time(A_WHILE)
    before = [slurm.seen(first), slurm.seen(second)]
    slurm.answers["squeue"] = FAILURES[failure]
    slurm.pass_time(3600.0)
    assert [slurm.seen(first), slurm.seen(second)] == before
    assert len(warnings(caplog)) == 1
    assert "Slurm does not tell of its jobs" in warnings(caplog)[0]
    del slurm.answers["squeue"]
    slurm.entry(second).state = "RUNNING"
    slurm.pass_time(A_WHILE)
    assert slurm.seen(second) == Observation(state=RUNNING, reason="Slurm job 2")
    assert len(warnings(caplog)) == 2


def test_commands_that_fail_at_the_same_time_are_one_outage(slurm: ScriptedSlurm) -> None:
    slurm.run("1-1")
    down = CommandResult(exit_code=1, stderr="Unable to contact slurm controller (connect failure)")
    slurm.answers = {"squeue": down, "sbatch": down}
    begun = slurm.clock()
    slurm.submit("2-1")
    slurm.pass_time(3600.0)
    (record,) = slurm.outages.records().values()
    assert record.count == 1
    assert record.since is not None
    assert begun <= record.since < begun + A_WHILE
    del slurm.answers["squeue"]
    slurm.pass_time(A_WHILE)
    assert slurm.outages.records()[DEFAULT_MANAGER] == record
    del slurm.answers["sbatch"]
    slurm.pass_time(2 * A_WHILE)
    assert slurm.outages.records() == {DEFAULT_MANAGER: OutageRecord(count=1)}


@pytest.mark.parametrize("failure", FAILURES)
def test_books_that_do_not_answer_lose_no_job(
    failure: str, slurm: ScriptedSlurm, caplog: pytest.LogCaptureFixture
) -> None:
    spec = slurm.run()
    slurm.entry(spec).listed = False
    slurm.answers["sacct"] = FAILURES[failure]
    slurm.pass_time(3600.0)
    assert slurm.seen(spec) == Observation(state=RUNNING, reason="Slurm job 1")
    assert len(warnings(caplog)) == 1


def test_a_word_that_is_not_in_the_table_changes_nothing_and_is_said_once(
    slurm: ScriptedSlurm, caplog: pytest.LogCaptureFixture
) -> None:
    spec = slurm.run()
    slurm.entry(spec).state = "FROBNICATED"
    slurm.pass_time(3600.0)
    assert slurm.seen(spec) == Observation(state=RUNNING, reason="Slurm job 1")
    (warning,) = warnings(caplog)
    assert "'FROBNICATED'" in warning


# --- how jobs end ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "cause"),
    [
        ("OUT_OF_MEMORY", "memory"),
        ("TIMEOUT", "time limit"),
        ("NODE_FAIL", "node failed"),
        ("CANCELLED", "administrator"),
        ("PREEMPTED", "preempted"),
    ],
)
@pytest.mark.parametrize("code", [None, 1, 137])
def test_a_job_that_was_killed_says_why(
    state: str, cause: str, code: int | None, slurm: ScriptedSlurm
) -> None:
    """Whether its script lived to leave a return code or not."""
    spec = slurm.run()
    Path(spec.stderr).write_text("the tool's last words\n")
    slurm.entry(spec).state = state
    if code is not None:
        slurm.leave_code(spec, code)
    slurm.pass_time(A_WHILE)
    seen = slurm.seen(spec)
    assert seen is not None
    assert (seen.state, seen.exit_code) == (ENDED, code or 137)
    assert cause in seen.reason
    assert Path(spec.stderr).read_text() == f"the tool's last words\npulsar: {seen.reason}\n"


def test_a_tool_that_fails_by_itself_keeps_its_code_and_gets_no_reason(slurm: ScriptedSlurm) -> None:
    spec = slurm.run()
    slurm.leave_code(spec, 3)
    slurm.entry(spec).state = "FAILED"
    slurm.pass_time(A_WHILE)
    assert slurm.seen(spec) == Observation(state=ENDED, exit_code=3)
    assert not Path(spec.stderr).exists()


def test_a_tool_that_fails_during_an_outage_is_not_waited_for_long(slurm: ScriptedSlurm) -> None:
    spec = slurm.run()
    slurm.answers["squeue"] = FAILURES["failure"]
    slurm.leave_code(spec, 137)
    slurm.pass_time(12.0)
    assert slurm.seen(spec) == Observation(state=ENDED, exit_code=137)


def test_a_job_killed_by_a_signal_is_told_by_the_books(slurm: ScriptedSlurm) -> None:
    spec = slurm.run()
    slurm.entry(spec).state, slurm.entry(spec).code = "FAILED", "0:9"
    slurm.pass_time(A_WHILE)
    assert slurm.seen(spec) == Observation(state=ENDED, exit_code=137, reason="killed by signal 9")


def test_a_return_code_on_its_way_is_waited_for(slurm: ScriptedSlurm) -> None:
    """A file system of a network may show it later than the batch system tells of the end."""
    spec = slurm.run()
    slurm.entry(spec).state, slurm.entry(spec).code = "COMPLETED", "0:0"
    slurm.pass_time(GRACE / 2)
    assert slurm.seen(spec) == Observation(state=RUNNING, reason="Slurm job 1")
    slurm.leave_code(spec, 0)
    slurm.pass_time(1.0)
    assert slurm.seen(spec) == Observation(state=ENDED, exit_code=0)


def test_without_a_return_code_the_books_count_after_a_while(slurm: ScriptedSlurm) -> None:
    spec = slurm.run()
    slurm.entry(spec).state, slurm.entry(spec).code = "FAILED", "3:0"
    slurm.entry(spec).listed = False
    slurm.pass_time(GRACE / 2)
    assert slurm.seen(spec) == Observation(state=RUNNING, reason="Slurm job 1")
    slurm.pass_time(GRACE + A_WHILE)
    seen = slurm.seen(spec)
    assert seen is not None
    assert (seen.state, seen.exit_code) == (ENDED, 3)


@pytest.mark.parametrize("books", [True, False])
def test_a_job_that_nobody_knows_vanishes_after_a_while(slurm: ScriptedSlurm, *, books: bool) -> None:
    slurm.has_books = books
    spec = slurm.run()
    slurm.entries.clear()
    slurm.pass_time(GRACE / 2)
    assert slurm.seen(spec) == Observation(state=RUNNING, reason="Slurm job 1")
    slurm.pass_time(GRACE + A_WHILE)
    seen = slurm.seen(spec)
    assert seen is not None
    assert seen.state is SchedulerState.VANISHED
    assert "left no return code" in seen.reason


def test_a_job_that_is_put_back_into_the_queue_waits_and_runs_again(slurm: ScriptedSlurm) -> None:
    """The return code that its first start left is not its end."""
    spec = slurm.run()
    slurm.leave_code(spec, 143)
    slurm.entry(spec).state = "PENDING"
    slurm.pass_time(A_WHILE)
    assert slurm.seen(spec) == Observation(state=PENDING, reason="Slurm job 1")
    slurm.entry(spec).state = "RUNNING"
    slurm.pass_time(120.0)
    assert slurm.seen(spec) == Observation(state=RUNNING, reason="Slurm job 1")
    Path(spec.job_directory, "return_code").unlink()
    slurm.leave_code(spec, 0)
    os.utime(Path(spec.job_directory, "return_code"), (2e9, 2e9))
    slurm.pass_time(1.0)
    assert slurm.seen(spec) == Observation(state=ENDED, exit_code=0)


@pytest.mark.parametrize(
    ("reason", "option"),
    [("PartitionTimeLimit", "--time"), ("InvalidAccount", "--account"), ("InvalidQOS", "--qos")],
)
def test_a_job_that_would_wait_for_ever_is_cancelled_and_says_why(
    reason: str, option: str, slurm: ScriptedSlurm
) -> None:
    spec = slurm.submit()
    slurm.entry(spec).reason = reason
    slurm.pass_time(A_WHILE)
    seen = slurm.seen(spec)
    assert seen is not None
    assert (seen.state, seen.exit_code) == (ENDED, None)
    assert reason in seen.reason
    assert option in seen.reason
    assert slurm.entry(spec).state == "CANCELLED"


# --- submitting exactly once -------------------------------------------------------------------------------


def test_an_answer_that_got_lost_does_not_submit_again(slurm: ScriptedSlurm) -> None:
    slurm.lose_next_number = True
    spec = slurm.submit()
    slurm.pass_time(A_WHILE)
    assert slurm.counts["sbatch"] == 1
    assert slurm.seen(spec) == Observation(state=PENDING, reason="Slurm job 1")


def test_an_outage_ends_with_the_job_that_was_taken_all_the_same(slurm: ScriptedSlurm) -> None:
    slurm.lose_next_number = True
    slurm.submit()
    slurm.pass_time(A_WHILE)
    assert slurm.counts["sbatch"] == 1
    assert slurm.outages.records() == {DEFAULT_MANAGER: OutageRecord(count=1)}


def test_a_later_agent_finds_the_job_of_one_that_was_killed_before_it_knew_the_number(
    slurm: ScriptedSlurm,
) -> None:
    slurm.lose_next_number = True
    spec = slurm.submit()
    slurm.new_manager().submit(spec)
    slurm.pass_time(A_WHILE)
    assert slurm.counts["sbatch"] == 1
    assert slurm.seen(spec) == Observation(state=PENDING, reason="Slurm job 1")


def test_a_later_agent_finds_the_job_even_if_the_record_went_with_the_power(slurm: ScriptedSlurm) -> None:
    spec = slurm.run()
    (slurm.records / "7-1").unlink()
    slurm.new_manager().submit(spec)
    slurm.pass_time(A_WHILE)
    assert slurm.counts["sbatch"] == 1
    assert slurm.seen(spec) == Observation(state=RUNNING, reason="Slurm job 1")


def test_a_later_agent_waits_for_a_submission_that_still_goes_on(slurm: ScriptedSlurm) -> None:
    """The command outlives the agent that started it."""
    spec = slurm.spec()
    descriptor = record.create(str(slurm.records / "7-1"), "#!/bin/bash\n")
    slurm.manager.submit(spec)
    slurm.pass_time(A_WHILE)
    assert slurm.counts == {}
    os.close(descriptor)
    slurm.pass_time(A_WHILE)
    assert slurm.counts["sbatch"] == 1


def test_a_job_that_started_and_is_unknown_is_not_started_again(slurm: ScriptedSlurm) -> None:
    slurm.lose_next_number = True
    spec = slurm.submit()
    slurm.started(spec)
    slurm.entries.clear()
    slurm.new_manager().submit(spec)
    slurm.pass_time(GRACE + 2 * A_WHILE)
    seen = slurm.seen(spec)
    assert seen is not None
    assert seen.state is SchedulerState.VANISHED
    assert slurm.counts["sbatch"] == 1


def test_a_job_that_was_seen_running_is_never_submitted_again(slurm: ScriptedSlurm) -> None:
    spec = slurm.run()
    (slurm.records / "7-1").unlink()
    Path(spec.job_directory, "started").unlink()
    slurm.entries.clear()
    slurm.new_manager().submit(attrs.evolve(spec, external_id=ExternalId("7-1")))
    slurm.pass_time(GRACE + 2 * A_WHILE)
    assert slurm.counts["sbatch"] == 1


def test_what_is_known_before_the_first_answer_is_nothing(slurm: ScriptedSlurm) -> None:
    """Else a job that runs would be seen back in the queue whenever an agent begins."""
    spec = slurm.run()
    slurm.new_manager().submit(spec)
    assert slurm.seen(spec) is None


def test_nothing_is_submitted_before_the_first_good_answer(slurm: ScriptedSlurm) -> None:
    slurm.answers["squeue"] = FAILURES["failure"]
    slurm.submit()
    slurm.pass_time(3600.0)
    assert slurm.counts["sbatch"] == 0
    del slurm.answers["squeue"]
    slurm.pass_time(A_WHILE)
    assert slurm.counts["sbatch"] == 1


@pytest.mark.parametrize(
    "words",
    [
        "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)",
        "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation",
        (
            "sbatch: error: QOSMaxSubmitJobPerUserLimit\nsbatch: error: Batch job submission failed: Job"
            " violates accounting/QOS policy (job submit limit, user's size and/or time limits)"
        ),
        "ssh: connect to host login port 22: Connection refused",
    ],
)
def test_an_outage_of_submissions_is_waited_for(
    words: str, slurm: ScriptedSlurm, caplog: pytest.LogCaptureFixture
) -> None:
    slurm.answers["sbatch"] = CommandResult(exit_code=1, stderr=words)
    specs = [slurm.submit(f"{number}-1") for number in range(20)]
    slurm.pass_time(600.0)
    assert len(warnings(caplog)) == 1
    # One of the jobs at a time, and less and less often.
    assert slurm.counts["sbatch"] <= 20
    del slurm.answers["sbatch"]
    slurm.pass_time(120.0)
    assert {slurm.seen(spec) for spec in specs} == {
        Observation(state=PENDING, reason=f"Slurm job {number}") for number in range(1, 21)
    }
    assert len(slurm.entries) == 20


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (
            "sbatch: error: invalid partition specified: nope\nsbatch: error: Batch job submission failed",
            "--partition",
        ),
        (
            "sbatch: error: Invalid account or account/partition combination specified\n",
            "--account",
        ),
        ("sbatch: error: Invalid --time specification\n", "--time"),
    ],
)
def test_a_refusal_is_final_and_says_the_words_and_the_option(
    words: str, option: str, slurm: ScriptedSlurm
) -> None:
    slurm.answers["sbatch"] = CommandResult(exit_code=1, stderr=words)
    spec = slurm.submit()
    slurm.pass_time(0.0)
    seen = slurm.seen(spec)
    assert seen is not None
    assert (seen.state, seen.exit_code) == (ENDED, None)
    assert " ".join(words.split()) in seen.reason
    assert f"look at {option}," in seen.reason
    assert slurm.counts["sbatch"] == 1


def test_parameters_that_cannot_be_read_are_refused_before_anything_is_run(slurm: ScriptedSlurm) -> None:
    with pytest.raises(SubmitRejected, match="submit_request_cpus must be a whole number"):
        slurm.submit(request_cpus="many")
    assert slurm.seen(slurm.spec()) is None
    assert slurm.counts == {}


# --- cancelling --------------------------------------------------------------------------------------------


def test_all_jobs_that_are_to_end_are_ended_by_one_command(slurm: ScriptedSlurm) -> None:
    specs = [slurm.run(f"{number}-1") for number in range(5)]
    for spec in specs:
        slurm.manager.cancel(ExternalId(spec.launch_id))
    slurm.pass_time(A_WHILE)
    assert slurm.counts["scancel"] == 1
    assert {slurm.seen(spec) for spec in specs} == {
        Observation(state=ENDED, exit_code=137, reason="it was cancelled")
    }


def test_a_job_that_is_cancelled_while_it_is_submitted_ends(slurm: ScriptedSlurm) -> None:
    slurm.lose_next_number = True
    spec = slurm.submit()
    slurm.manager.cancel(ExternalId("7-1"))
    slurm.pass_time(A_WHILE)
    assert slurm.entry(spec).state == "CANCELLED"
    assert slurm.seen(spec) == Observation(state=ENDED, reason="it was cancelled")


def test_cancelling_is_tried_until_it_works(slurm: ScriptedSlurm) -> None:
    spec = slurm.run()
    slurm.answers["scancel"] = CommandResult(exit_code=8, stderr="scancel: error: Unable to contact slurm")
    slurm.manager.cancel(ExternalId("7-1"))
    slurm.pass_time(A_WHILE)
    assert slurm.seen(spec) == Observation(state=RUNNING, reason="Slurm job 1")
    del slurm.answers["scancel"]
    slurm.pass_time(A_WHILE)
    assert slurm.entry(spec).state == "CANCELLED"


def test_a_job_that_was_removed_is_ended(slurm: ScriptedSlurm) -> None:
    spec = slurm.run()
    slurm.manager.forget(ExternalId("7-1"))
    slurm.pass_time(A_WHILE)
    assert slurm.entry(spec).state == "CANCELLED"
    assert list(slurm.records.iterdir()) == []
