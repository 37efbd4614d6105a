"""What the other batch systems answer, as their manuals and their users show it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pulsar_runtime.domain.errors import QueryError
from pulsar_runtime.domain.status import SchedulerState
from pulsar_runtime.managers.batch.dialect import CommandResult, Dialect, Question, Report, Request
from pulsar_runtime.managers.batch.dialects import grid_engine, lsf, pbs_pro, torque
from pulsar_runtime.managers.batch.dialects.registry import DIALECTS

_LONGEST_DIALECT = 150

PENDING, RUNNING, ENDED = SchedulerState.PENDING, SchedulerState.RUNNING, SchedulerState.ENDED

TORQUE = (
    "<Data><Job><Job_Id>522083.barnacle</Job_Id><Job_Name>pul.aaaa</Job_Name><job_state>Q</job_state></Job>"
    "<Job><Job_Id>522084.barnacle</Job_Id><Job_Name>pul.bbbb</Job_Name><job_state>C</job_state>"
    "<exit_status>271</exit_status></Job>"
    "<Job><Job_Id>522085.barnacle</Job_Id><Job_Name>pul.cccc</Job_Name><job_state>C</job_state>"
    "<exit_status>3</exit_status></Job></Data>"
)
PBS_PRO = """{
    "timestamp": 1700000000, "pbs_version": "23.06.06", "pbs_server": "head",
    "Jobs": {
        "12.head": {"Job_Name": "pulsar_1.aaaa", "job_state": "R", "queue": "workq"},
        "13.head": {"Job_Name": "pulsar_2.bbbb", "job_state": "F", "Exit_status": -29},
        "14.head": {"Job_Name": "pulsar_3.cccc", "job_state": "F", "Exit_status": 0}
    }
}"""
LSF = """{
  "COMMAND":"bjobs", "JOBS":3,
  "RECORDS":[
    {"JOBID":"101", "JOB_NAME":"pulsar_1.aaaa", "STAT":"RUN", "EXIT_CODE":"", "EXIT_REASON":""},
    {"JOBID":"102", "JOB_NAME":"pulsar_2.bbbb", "STAT":"EXIT", "EXIT_CODE":"137",
     "EXIT_REASON":"TERM_MEMLIMIT: job killed after reaching LSF memory usage limit"},
    {"JOBID":"103", "JOB_NAME":"pulsar_3.cccc", "STAT":"UNKWN", "EXIT_CODE":"", "EXIT_REASON":""}
  ]
}"""
GRID_ENGINE = """<?xml version='1.0'?>
<job_info  xmlns:xsd="http://arc.liv.ac.uk/repos/darcs/sge/source/dist/util/resources/schemas/qstat/qstat.xsd">
  <queue_info>
    <job_list state="running">
      <JB_job_number>7</JB_job_number><JB_name>pulsar_1.aaaa</JB_name><state>r</state>
    </job_list>
  </queue_info>
  <job_info>
    <job_list state="pending">
      <JB_job_number>8</JB_job_number><JB_name>pulsar_2.bbbb</JB_name><state>Eqw</state>
    </job_list>
  </job_info>
</job_info>
"""
QACCT = f"""{"=" * 62}
qname        all.q
jobname      pulsar_1.aaaa
jobnumber    7
failed       100 : assumedly after job
exit_status  137                  (Killed)
maxvmem      12.3M
{"=" * 62}
qname        all.q
jobname      pulsar_2.bbbb
jobnumber    8
failed       0
exit_status  3
"""


def read(dialect: Dialect, text: str) -> dict[str, Report]:
    return {report.number: report for report in dialect.read_status(CommandResult(stdout=text))}


def summary(report: Report) -> tuple[SchedulerState | None, int | None, bool]:
    if report.meaning is None:
        return None, report.exit_code, False
    return report.meaning.state, report.exit_code, bool(report.meaning.cause)


def test_torque_is_read() -> None:
    reports = read(torque.DIALECT, TORQUE)
    assert {number: summary(report) for number, report in reports.items()} == {
        "522083.barnacle": (PENDING, None, False),
        "522084.barnacle": (ENDED, 143, True),
        "522085.barnacle": (ENDED, 3, False),
    }
    assert read(torque.DIALECT, "") == {}


def test_pbs_pro_is_read() -> None:
    reports = read(pbs_pro.DIALECT, PBS_PRO)
    assert {number: summary(report) for number, report in reports.items()} == {
        "12.head": (RUNNING, None, False),
        "13.head": (ENDED, None, True),
        "14.head": (ENDED, 0, False),
    }
    assert read(pbs_pro.DIALECT, '{"timestamp": 1, "pbs_version": "23", "pbs_server": "head"}') == {}


def test_lsf_is_read() -> None:
    """A job whose host LSF lost sight of stays where it was."""
    reports = read(lsf.DIALECT, LSF)
    assert {number: summary(report) for number, report in reports.items()} == {
        "101": (RUNNING, None, False),
        "102": (ENDED, 137, True),
        "103": (None, None, False),
    }
    assert lsf.DIALECT.read_status(CommandResult(exit_code=255, stderr="No job found\n")) == []


def test_grid_engine_is_read() -> None:
    reports = read(grid_engine.DIALECT, GRID_ENGINE)
    assert {number: summary(report) for number, report in reports.items()} == {
        "7": (RUNNING, None, False),
        "8": (PENDING, None, False),
    }
    assert "error state Eqw" in reports["8"].hopeless
    booked = grid_engine.read_accounting(CommandResult(stdout=QACCT))
    assert booked is not None
    assert {report.number: summary(report) for report in booked} == {
        "7": (ENDED, 137, True),
        "8": (ENDED, 3, False),
    }


def test_torque_prints_nothing_without_jobs_but_never_nonsense() -> None:
    with pytest.raises(QueryError, match="not its XML"):
        torque.DIALECT.read_status(CommandResult(stdout="<html>502 Bad Gateway</html>"))


@pytest.mark.parametrize("name", ["GridEngine", "LSF", "PBSPro", "Slurm"])
@pytest.mark.parametrize(
    "result",
    [
        CommandResult(stdout=""),
        CommandResult(stdout="<html>502 Bad Gateway"),
        CommandResult(stdout="<html>502 Bad Gateway</html>"),
        CommandResult(stdout='{"half": '),
        CommandResult(exit_code=1, stderr="connection refused"),
        CommandResult(exit_code=None, stderr="it did not end within 60 s"),
    ],
)
def test_what_is_no_answer_is_not_read_as_one(name: str, result: CommandResult) -> None:
    with pytest.raises(QueryError):
        DIALECTS[name].read_status(result)


@pytest.mark.parametrize("name", DIALECTS)
def test_the_name_of_a_job_and_its_streams_cannot_be_chosen_by_the_job(name: str) -> None:
    """They come last, where they win."""
    argv = list(DIALECTS[name].submit(Request(name="pulsar.aaaa", native=("-N", "x", "-J", "y", "-o", "z"))))
    for value in ("pulsar.aaaa", "/dev/null"):
        assert max(place for place, word in enumerate(argv) if value in word) > argv.index("z")


@pytest.mark.parametrize(
    ("name", "printed", "number"),
    [
        ("Torque", "522083.barnacle.ucsd.edu\n", "522083.barnacle.ucsd.edu"),
        ("PBSPro", "12.head\n", "12.head"),
        ("LSF", "Job <771278> is submitted to default queue <short>.\n", "771278"),
        ("GridEngine", "8\n", "8"),
    ],
)
def test_the_number_of_a_job_is_read(name: str, printed: str, number: str) -> None:
    match = DIALECTS[name].read_number.search(printed)
    assert match is not None
    assert match[1] == number


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Torque", ["-l", "nodes=1:ppn=4", "-l", "mem=2048mb"]),
        ("PBSPro", ["-l", "select=1:ncpus=4:mem=2048mb"]),
        ("LSF", ["-n", "4", "-R", "span[hosts=1]", "-M", "2048MB", "-R", "rusage[mem=2048MB]"]),
        ("GridEngine", ["-pe", "smp", "4", "-l", "h_vmem=512M"]),
    ],
)
def test_cores_and_memory_are_asked_for(name: str, words: list[str]) -> None:
    argv = list(DIALECTS[name].submit(Request(name="pulsar.aaaa", cpus=4, memory_mb=2048)))
    first = argv.index(words[0])
    while argv[first : first + len(words)] != words:
        first = argv.index(words[0], first + 1)


def test_a_dialect_stays_small() -> None:
    sizes = {
        path.name: len(path.read_text().splitlines()) for path in Path(torque.__file__).parent.glob("*.py")
    }
    assert {name for name, size in sizes.items() if size > _LONGEST_DIALECT} == set()


@pytest.mark.parametrize(
    ("name", "own", "everybodys"),
    [
        ("GridEngine", ["-u", "galaxy"], ["-u", "*"]),
        ("LSF", ["-u", "galaxy"], ["-u", "all"]),
        ("Slurm", ["--me"], []),
        ("Torque", [], []),
        ("PBSPro", [], []),
    ],
)
def test_jobs_of_one_user_or_of_everybody_are_asked_for(
    name: str, own: list[str], everybodys: list[str]
) -> None:
    """What the manuals of squeue, bjobs and qstat say of users; the PBS family lists everybody's."""
    words = {"-u", "--me", "galaxy", "*", "all"}
    for user, expected in (("galaxy", own), (None, everybodys)):
        assert [word for word in DIALECTS[name].status(user) if word in words] == expected


@pytest.mark.parametrize(("name", "own", "everybodys"), [("GridEngine", "-o", ""), ("Slurm", "", "-a")])
def test_books_of_one_user_or_of_everybody_are_consulted(name: str, own: str, everybodys: str) -> None:
    """https://slurm.schedmd.com/sacct.html (--allusers), qacct(1) (-o)."""
    accounting = DIALECTS[name].accounting
    assert accounting is not None
    for user, expected in (("galaxy", own), (None, everybodys)):
        argv = accounting(Question(user=user, names=["a"], since=0.0))
        assert [word for word in argv if word in ("-o", "-a")] == [*filter(None, [expected])]
