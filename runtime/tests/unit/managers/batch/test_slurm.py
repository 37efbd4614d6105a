"""What Slurm 22.05 answered on a cluster of one node (Debian 12), word for word."""

from __future__ import annotations

import pytest

from pulsar_runtime.domain.errors import QueryError
from pulsar_runtime.domain.status import SchedulerState
from pulsar_runtime.managers.batch.dialect import CommandResult, Question, Request
from pulsar_runtime.managers.batch.dialects.slurm import DIALECT, read_accounting, read_status

SQUEUE = """\
JOBID|NAME|STATE|REASON
5|pulsar_5.aae|CANCELLED|Priority
4|pulsar_4.aad|PENDING|Resources
12|pulsar_7.aag|PENDING|BeginTime
3|pulsar_3.aac|RUNNING|None
7|sbatch|PENDING|PartitionTimeLimit
"""

SACCT = """\
JobIDRaw|JobName|State|ExitCode
1|pulsar_1.aaa|COMPLETED|0:0
2|pulsar_2.aab|FAILED|3:0
3|pulsar_3.aac|TIMEOUT|0:0
4|pulsar_4.aad|FAILED|0:9
5|pulsar_5.aae|CANCELLED by 0|0:0
"""


def test_squeue_is_read() -> None:
    reports = {report.name: report for report in read_status(CommandResult(stdout=SQUEUE))}
    states = {
        report.number: report.meaning.state for report in reports.values() if report.meaning is not None
    }
    pending, running, ended = SchedulerState.PENDING, SchedulerState.RUNNING, SchedulerState.ENDED
    assert states == {"5": ended, "4": pending, "12": pending, "3": running, "7": pending}
    assert reports["sbatch"].hopeless == "PartitionTimeLimit; look at --time or --partition"
    assert {name for name, report in reports.items() if report.hopeless} == {"sbatch"}


def test_sacct_is_read() -> None:
    reports = read_accounting(CommandResult(stdout=SACCT))
    assert reports is not None
    codes = {report.name: report.exit_code for report in reports}
    assert codes == {
        "pulsar_1.aaa": 0,
        "pulsar_2.aab": 3,
        "pulsar_3.aac": 0,
        "pulsar_4.aad": 137,
        "pulsar_5.aae": 0,
    }
    causes = {report.name for report in reports if report.meaning is not None and report.meaning.cause}
    assert causes == {"pulsar_3.aac", "pulsar_5.aae"}


def test_an_answer_without_jobs_is_told_from_no_answer() -> None:
    assert read_status(CommandResult(stdout="JOBID|NAME|STATE|REASON\n")) == []
    with pytest.raises(QueryError, match="not a list of jobs"):
        read_status(CommandResult(stdout=""))


def test_the_exit_code_counts_whatever_was_printed() -> None:
    with pytest.raises(QueryError, match="Unable to contact slurm controller"):
        read_status(
            CommandResult(
                exit_code=1,
                stdout=SQUEUE,
                stderr="slurm_load_jobs error: Unable to contact slurm controller (connect failure)\n",
            )
        )


def test_a_cluster_without_accounting_says_so() -> None:
    assert (
        read_accounting(CommandResult(exit_code=1, stderr="Slurm accounting storage is disabled\n")) is None
    )


@pytest.mark.parametrize(
    ("printed", "number"),
    [("4711\n", "4711"), ("4711;cluster\n", "4711"), ("sbatch: lua: hello\n12\n", "12")],
)
def test_the_number_of_a_job_is_read(printed: str, number: str) -> None:
    match = DIALECT.read_number.search(printed)
    assert match is not None
    assert match[1] == number


def test_a_jobs_own_options_come_after_its_managers() -> None:
    request = Request(
        name="pulsar_1.a", options=("--partition=main",), native=("-p", "long"), cpus=4, memory_mb=2048
    )
    assert DIALECT.submit(request) == [
        "sbatch",
        "--parsable",
        "--partition=main",
        "--cpus-per-task=4",
        "--mem=2048M",
        "-p",
        "long",
        "--job-name=pulsar_1.a",
        "--output=/dev/null",
        "--error=/dev/null",
    ]


def test_the_books_are_asked_by_name() -> None:
    accounting = DIALECT.accounting
    assert accounting is not None
    argv = accounting(Question(user="galaxy", names=["a.1", "b.2"], since=0.0))
    assert "--name=a.1,b.2" in argv
    assert any(word.startswith("--starttime=19") for word in argv)
