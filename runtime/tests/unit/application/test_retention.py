"""Ended jobs are removed for their age or their space, and nothing else ever is."""

from __future__ import annotations

import pytest

from pulsar_runtime.application.retention import Reason, Removal, Retention
from pulsar_runtime.domain.errors import FileNotThere, RemovalFailed, StoreBusy
from pulsar_runtime.domain.job import Job
from pulsar_runtime.domain.paths import Directory, JobFile, RelativePath
from pulsar_runtime.domain.status import JobStatus
from runtime.tests.unit.application.served import ASSIGNING, Served
from runtime.tests.unit.application.supervision import MAIN

#: Short for an age, but supervisors have to live through it.
LONG = 100.0
AN_OUTPUT = JobFile(Directory.OUTPUTS, RelativePath.parse("out.dat"))


def ended(served: Served, name: str, size: int = 1000) -> Job:
    """Return a job that has just ended, and whose directory has this size."""
    job = served.ended(name)
    before = served.files.size(job.directory)
    served.files.write(job.directory, AN_OUTPUT, b"x" * (size - before))
    return job


def prune(
    served: Served, *, longest: float | None = None, free: int = 0, dry_run: bool = False
) -> list[tuple[str, Reason]]:
    """Return what was removed, and why; nothing must have failed."""
    done = removals(served, longest=longest, free=free, dry_run=dry_run)
    assert [removal.problem for removal in done if removal.problem] == []
    return [(removal.job.job_id, removal.reason) for removal in done]


def removals(
    served: Served, *, longest: float | None = None, free: int = 0, dry_run: bool = False
) -> list[Removal]:
    retention = Retention(
        store=served.store,
        files=served.files,
        clock=served.world.clock,
        longest_seconds=longest,
        minimum_free_bytes=free,
    )
    return list(retention.prune(dry_run=dry_run))


def left(served: Served) -> list[str]:
    """Return the jobs that the store knows, which have to be those that have directories."""
    assert {job.directory for job in served.store.jobs()} == set(served.files.trees)
    return [job.job_id for job in served.store.jobs()]


# --- by age ------------------------------------------------------------------------------------------------


def test_without_rules_nothing_is_removed(served: Served) -> None:
    ended(served, "1")
    served.world.pass_time(LONG)
    assert prune(served) == []
    assert left(served) == ["1"]


def test_what_ended_longer_ago_is_removed_the_oldest_first(served: Served) -> None:
    first, second = served.running("1"), served.running("2")
    served.world.host.end(f"{second.key}-1", 0)
    served.world.pass_time(LONG)
    served.world.host.end(f"{first.key}-1", 0)
    served.world.pass_time(LONG)
    ended(served, "3")
    assert prune(served, longest=LONG * 3) == []
    assert prune(served, longest=LONG / 2) == [("2", Reason.AGE), ("1", Reason.AGE)]
    assert left(served) == ["3"]


def test_the_age_counts_from_the_end(served: Served) -> None:
    """Not from the setup: a job may run for weeks."""
    job = served.running()
    served.world.pass_time(30 * LONG)
    served.world.host.end(f"{job.key}-1", 0)
    assert prune(served, longest=LONG) == []


def test_jobs_end_in_many_ways(served: Served) -> None:
    cancelled = served.setup("cancelled")
    served.service.cancel(MAIN, cancelled.job_id)
    lost = served.running("lost")
    served.world.host.vanish(f"{lost.key}-1")
    served.ended("failed", code=3)
    served.world.pass_time(LONG)
    assert served.world.status(lost) is JobStatus.LOST
    assert len(prune(served, longest=LONG / 2)) == 3
    assert left(served) == []


def test_an_active_job_is_never_removed(served: Served) -> None:
    served.running("runs")
    served.setup("set-up")
    served.world.pass_time(30 * LONG)
    assert prune(served, longest=LONG, free=10**9) == []
    assert left(served) == ["runs", "set-up"]


def test_a_directory_that_belongs_to_no_job_is_left_alone(served: Served) -> None:
    served.files.write("/staging/somebody", AN_OUTPUT, b"else's")
    ended(served, "1")
    served.world.pass_time(LONG)
    assert prune(served, longest=LONG / 2, free=10**9) == [("1", Reason.AGE)]
    assert set(served.files.trees) == {"/staging/somebody"}


def test_a_job_without_a_directory_is_forgotten(served: Served) -> None:
    job = ended(served, "1")
    served.files.clear(job.directory)
    served.world.pass_time(LONG)
    assert prune(served, longest=LONG / 2) == [("1", Reason.AGE)]
    assert left(served) == []


def test_what_cannot_be_removed_is_told_and_the_rest_goes_on(served: Served) -> None:
    """It is known still, and the next call tries again."""
    for name in ("1", "2"):
        ended(served, name)
        served.world.pass_time(1.0)
    served.world.pass_time(LONG)
    served.files.faults.plan(served.files.clear, RemovalFailed("busy"))
    assert [removal.problem for removal in removals(served, longest=LONG / 2)] == ["busy", ""]
    assert left(served) == ["1"]
    assert prune(served, longest=LONG / 2) == [("1", Reason.AGE)]


def test_a_staging_directory_that_is_not_there_is_told_and_its_jobs_stay(served: Served) -> None:
    """Its file system may not be mounted."""
    for name in ("1", "2"):
        ended(served, name)
        served.world.pass_time(1.0)
    served.world.pass_time(LONG)
    served.files.faults.plan(served.files.volume, FileNotThere("not mounted"))
    assert [removal.problem for removal in removals(served, longest=LONG / 2)] == ["not mounted", ""]
    assert left(served) == ["1"]


def test_a_staging_directory_that_is_not_there_has_no_space_to_gain(served: Served) -> None:
    ended(served, "1")
    served.files.faults.plan(served.files.volume, FileNotThere("not mounted"))
    assert removals(served, free=10**9) == []


def test_a_store_that_cannot_be_used_ends_it(served: Served) -> None:
    ended(served, "1")
    served.world.pass_time(LONG)
    served.store.faults.plan(served.store.remove, StoreBusy())
    with pytest.raises(StoreBusy):
        removals(served, longest=LONG / 2)
    assert prune(served, longest=LONG / 2) == [("1", Reason.AGE)]


def test_a_job_that_begins_anew_meanwhile_keeps_its_directory(served: Served) -> None:
    """Galaxy uses ids again, also while others are being removed."""
    for name in ("1", "2"):
        ended(served, name)
        served.world.pass_time(1.0)
    served.world.pass_time(LONG)
    retention = Retention(
        store=served.store,
        files=served.files,
        clock=served.world.clock,
        longest_seconds=LONG / 2,
        minimum_free_bytes=0,
    )
    pruning = retention.prune()
    assert next(pruning).job.job_id == "1"
    again = served.setup("2")
    assert list(pruning) == []
    assert left(served) == ["2"]
    assert served.store.get(again.key) == again


# --- by space ----------------------------------------------------------------------------------------------


def fill(served: Served, *names: str) -> None:
    """End jobs of 1000 bytes each one after the other, on a disk that has room for two more."""
    for name in names:
        ended(served, name)
        served.world.pass_time(1.0)
    served.files.capacity_bytes = 1000 * (len(names) + 2)


@pytest.mark.parametrize(
    ("wanted", "gone"), [(0, 0), (2000, 0), (2001, 1), (3000, 1), (3001, 2), (5000, 3), (10**9, 3)]
)
@pytest.mark.parametrize("dry_run", [False, True])
def test_as_many_are_removed_as_are_needed_the_oldest_first(
    served: Served, wanted: int, gone: int, *, dry_run: bool
) -> None:
    fill(served, "c", "a", "b")
    names = ["c", "a", "b"]
    assert prune(served, free=wanted, dry_run=dry_run) == [(name, Reason.SPACE) for name in names[:gone]]
    assert left(served) == (names if dry_run else names[gone:])


def test_what_is_removed_for_its_age_counts_for_the_space(served: Served) -> None:
    ended(served, "old")
    served.world.pass_time(LONG)
    ended(served, "young")
    served.files.capacity_bytes = 3000
    assert prune(served, longest=LONG / 2, free=2000) == [("old", Reason.AGE)]


def test_what_could_not_be_removed_does_not_count(served: Served) -> None:
    fill(served, "1", "2", "3")
    served.files.faults.plan(served.files.clear, RemovalFailed("busy"))
    done = removals(served, free=3000)
    assert [(removal.job.job_id, removal.problem) for removal in done] == [("1", "busy"), ("2", "")]


def test_jobs_of_every_manager_are_removed(served: Served) -> None:
    job = served.setup("7", ASSIGNING)
    served.service.cancel(ASSIGNING, job.job_id)
    assert prune(served, free=10**9) == [(job.job_id, Reason.SPACE)]


def test_the_size_of_what_was_removed_is_told(served: Served) -> None:
    ended(served, "1", size=1234)
    served.world.pass_time(LONG)
    assert [removal.size_bytes for removal in removals(served, longest=LONG / 2)] == [1234]


def test_a_dry_run_removes_nothing(served: Served) -> None:
    ended(served, "1")
    served.world.pass_time(LONG)
    assert prune(served, longest=LONG / 2, dry_run=True) == [("1", Reason.AGE)]
    assert left(served) == ["1"]
