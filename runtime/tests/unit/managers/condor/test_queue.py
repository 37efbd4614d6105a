"""The answers in `recorded` were given by HTCondor 23.9.6 (Debian 13)."""

from __future__ import annotations

from pathlib import Path

import pytest

from pulsar_runtime.domain.errors import QueryError
from pulsar_runtime.managers.batch.dialect import CommandResult
from pulsar_runtime.managers.condor.queue import ask_history, ask_queue, is_outage, listed, submitted

RECORDED = Path(__file__).with_name("recorded")


def answer(name: str) -> CommandResult:
    return CommandResult(stdout=(RECORDED / name).read_text())


def test_the_number_of_a_submitted_job_is_read() -> None:
    assert submitted(CommandResult(stdout="12.0 - 12.0\n")) == 12
    assert submitted(CommandResult(stdout="WARNING: your submit file is old\n7.0 - 7.0\n")) == 7


@pytest.mark.parametrize("stdout", ["", "submitted\n", "<html>502</html>", "12\n"])
def test_an_answer_without_a_number_is_none(stdout: str) -> None:
    assert submitted(CommandResult(stdout=stdout)) is None


@pytest.mark.parametrize(
    ("stderr", "passes"),
    [
        # Nothing listens; no authentication; then what is the job's own fault.
        ("\nERROR: Can't find address of local schedd\n", True),
        (
            "\nERROR: Failed to connect to local queue manager\nAUTHENTICATE:1003:Failed to authenticate\n",
            True,
        ),
        ("\nERROR: on Line 1 of submit file: no queue statement\n", False),
        ("ERROR: Parse error in expression: \n\tRequestMemory = lots and lots\n\t\n", False),
        ("\nERROR: Executable file /bin/nonexistent does not exist\n", False),
        ("ERROR: I don't know about the 'foo' universe.\n", False),
        # Not HTCondor's words: a wrapper, or a linker.
        ("condor_submit: error while loading shared libraries: libcondor_utils.so\n", True),
    ],
)
def test_a_refusal_is_told_from_an_outage(stderr: str, passes: bool) -> None:  # noqa: FBT001 - a column
    assert is_outage(CommandResult(exit_code=1, stderr=stderr)) is passes


@pytest.mark.parametrize("code", [None, -9])
def test_a_command_that_was_given_up_or_killed_says_nothing_about_the_job(code: int | None) -> None:
    assert is_outage(CommandResult(exit_code=code, stderr="ERROR: Parse error"))


def test_the_queue_is_read() -> None:
    (job,) = listed(answer("condor_q.json"))
    assert (job.cluster, job.log) == (18, "rec/h")


def test_an_empty_queue_is_an_answer() -> None:
    assert listed(CommandResult(stdout="")) == []
    assert listed(CommandResult(stdout="[\n]\n")) == []


def test_the_history_says_how_jobs_ended() -> None:
    ends = {job.cluster: job.observation for job in listed(answer("condor_history.json"))}
    assert (ends[11].exit_code, ends[11].reason) == (3, "")
    assert (ends[12].exit_code, ends[12].reason) == (128 + 9, "it was ended by signal 9")
    assert ends[17].exit_code is None
    assert ends[17].reason == "HTCondor ended it: the administrator says no (by user pulsar)"


@pytest.mark.parametrize(
    "result",
    [
        CommandResult(exit_code=1, stderr="Error: (null)\n\nExtra Info: You probably saw this error because"),
        CommandResult(exit_code=None, stderr="condor_q did not end within 60 s"),
        CommandResult(stdout="<html>502 Bad Gateway</html>"),
        CommandResult(stdout="[\n{\n"),
        CommandResult(stdout='{"ClusterId": 3}'),
        CommandResult(stdout='[{"JobStatus": 2}]'),
        CommandResult(stdout="3"),
    ],
)
def test_what_is_no_answer_is_an_error(result: CommandResult) -> None:
    with pytest.raises(QueryError, match="HTCondor"):
        listed(result)


def test_questions_are_about_this_server_alone_whatever_its_directory_is_called() -> None:
    ours = 'PulsarRuntimeRecords == "/srv/my \\"jobs\\"/launches"'
    assert ask_queue('/srv/my "jobs"/launches')[2] == ours
    assert (
        ask_history('/srv/my "jobs"/launches', [3, 7])[2] == f"{ours} && (ClusterId == 3 || ClusterId == 7)"
    )
