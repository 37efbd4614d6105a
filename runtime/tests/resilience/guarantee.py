"""The one guarantee that every fault is tested for.

Each job whose submission was answered OK ends exactly once, within a bound, with the right return code and
output and after a valid way through the statuses, having run exactly once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import attrs

from runtime.tests.live_server import LiveServer
from runtime.tests.resilience.patient_client import PatientClient, patient_client

#: The way of a job that nobody cancels (protocol section 3.3); a short one may leave out what is in between.
_WAY = ("preprocessing", "queued", "running", "postprocessing", "complete")
_ENDS = frozenset({"complete", "cancelled", "failed", "lost"})


@attrs.frozen(kw_only=True)
class AcceptedJob:
    """A job that the server has taken, and what has to become of it."""

    job_id: str
    #: To which the job appends a line each time it runs.
    runs: Path
    output: bytes
    return_code: int


def check_each_ran_once(server: LiveServer, jobs: Sequence[AcceptedJob], limit: float) -> None:
    """Wait for the end of all *jobs*, each at most *limit* seconds, and assert the guarantee."""
    with patient_client(server) as client:
        first = {job.job_id: client.end(job.job_id, limit) for job in jobs}
        histories = _histories(server)
        problems = [
            f"job {job.job_id}: {problem}"
            for job in jobs
            for problem in (
                *_problems_of_end(client, job, first[job.job_id]),
                *_problems_of_history(histories.get(job.job_id, [])),
            )
        ]
    assert not problems, "\n".join([*problems, server.log_tail()])


def _problems_of_end(client: PatientClient, job: AcceptedJob, end: Mapping[str, object]) -> list[str]:
    problems = []
    if (end["status"], end["returncode"]) != ("complete", job.return_code):
        said = {key: end[key] for key in ("status", "returncode", "job_stderr")}
        problems.append(f"ended as {said}, return code {job.return_code} was expected")
    elif client.download(job.job_id, "out") != job.output:
        problems.append("has the wrong output")
    if (lines := _lines(job.runs)) != 1:
        problems.append(f"ran {lines} times")
    if client.status(job.job_id) != end:
        problems.append("changed after its end")
    return problems


def _problems_of_history(statuses: Sequence[str]) -> list[str]:
    # Several events may be about one status: set up, submitted.
    way = [status for before, status in zip([None, *statuses], statuses, strict=False) if status != before]
    in_order = way == [status for status in _WAY if status in way]
    if not in_order or sum(status in _ENDS for status in statuses) != 1:
        return [f"went through {', '.join(statuses) or 'nothing'}"]
    return []


def _histories(server: LiveServer) -> Mapping[str, list[str]]:
    """Return the statuses of each job, read from the store itself: a client may miss some."""
    store = server.directory / "persisted_data" / "jobs.sqlite"
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
        rows = connection.execute(
            "SELECT job.job_id, job_event.status FROM job_event JOIN job USING (key)"
            " ORDER BY job_event.key, job_event.number"
        ).fetchall()
    histories: dict[str, list[str]] = {}
    for job_id, status in rows:
        histories.setdefault(job_id, []).append(status)
    return histories


def _lines(path: Path) -> int:
    return len(path.read_text().splitlines()) if path.exists() else 0
