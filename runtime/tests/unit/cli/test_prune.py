"""``pulsar-runtime jobs prune``: what it prints, and how it exits."""

from __future__ import annotations

import json
import shutil

import pytest

from pulsar_runtime.domain.status import JobStatus
from runtime.tests.unit.cli.command import Instance

#: The jobs of an instance end in 1970.
OLD = {"retention": {"days": 1}}
FAILED = (JobStatus.FAILED,)


def jobs(instance: Instance) -> list[str]:
    with instance.store() as store:
        return [job.job_id for job in store.jobs()]


def directories(instance: Instance) -> set[str]:
    return {path.name for path in (instance.directory / "staging").iterdir()}


@pytest.fixture
def two_jobs(instance: Instance) -> Instance:
    instance.configure(**OLD)
    instance.job("active")
    instance.job("ended", *FAILED, size=2**20)
    return instance


def test_what_was_removed_is_told_to_machines(two_jobs: Instance) -> None:
    ended = two_jobs.run("jobs", "prune", "--json")
    assert ended.exit_code == 0
    said = json.loads(ended.stdout)
    size = said["jobs"][0]["size_bytes"]
    assert size >= 2**20
    assert said == {
        "dry_run": False,
        "due": 1,
        "removed": 1,
        "failed": 0,
        "freed_bytes": size,
        "jobs": [
            {
                "manager": "_default_",
                "job_id": "ended",
                "status": "failed",
                "ended_at": 1000.0,
                "directory": str(two_jobs.directory / "staging" / "ended"),
                "reason": "age",
                "size_bytes": size,
                "removed": True,
                "error": None,
            }
        ],
    }
    assert jobs(two_jobs) == ["active"]
    assert directories(two_jobs) == {"active"}


def test_what_was_removed_is_told_to_people(two_jobs: Instance) -> None:
    ended = two_jobs.run("jobs", "prune")
    assert ended.exit_code == 0
    assert "removed _default_/ended (age): failed since 1970-01-01" in ended.stdout
    assert ended.stdout.splitlines()[-1].startswith("1 jobs removed, 1.")


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_dry_run_removes_nothing(two_jobs: Instance, form: tuple[str, ...]) -> None:
    ended = two_jobs.run("jobs", "prune", "--dry-run", *form)
    assert ended.exit_code == 0
    if form:
        said = json.loads(ended.stdout)
        assert (said["dry_run"], said["due"], said["removed"], said["freed_bytes"]) == (True, 1, 0, 0)
        assert said["jobs"][0]["removed"] is False
    else:
        assert "would remove _default_/ended (age)" in ended.stdout
        assert "1 jobs would be removed" in ended.stdout
    assert jobs(two_jobs) == ["active", "ended"]
    assert directories(two_jobs) == {"active", "ended"}


def test_what_could_not_be_removed_is_told_and_the_rest_goes_on(two_jobs: Instance) -> None:
    """The staging directory of one manager is not there."""
    with two_jobs.store() as store:
        (ended,) = [job for job in store.jobs() if job.status.terminal]
    two_jobs.job("also-ended", *FAILED)
    shutil.rmtree(two_jobs.directory / "staging")
    people, machines = two_jobs.run("jobs", "prune"), two_jobs.run("jobs", "prune", "--json")
    assert (people.exit_code, machines.exit_code) == (1, 1)
    assert "not removed: _default_/ended: staging directory" in people.stderr
    assert "is its file system mounted?" in people.stderr
    assert "0 jobs removed, 0.0 MiB; 2 could not be removed" in people.stdout
    said = json.loads(machines.stdout)
    assert (said["due"], said["removed"], said["failed"], said["freed_bytes"]) == (2, 0, 2, 0)
    assert "mounted" in said["jobs"][0]["error"]
    with two_jobs.store() as store:
        assert store.get(ended.key) == ended


def test_a_disk_that_is_too_full_is_a_reason(two_jobs: Instance) -> None:
    """No disk has so much free."""
    two_jobs.configure(retention={"minimum_free_mb": 2**40})
    assert json.loads(two_jobs.run("jobs", "prune", "--json").stdout)["jobs"][0]["reason"] == "space"
    assert jobs(two_jobs) == ["active"]


def test_without_rules_nothing_is_due(two_jobs: Instance) -> None:
    two_jobs.configure()
    people, machines = two_jobs.run("jobs", "prune"), two_jobs.run("jobs", "prune", "--json")
    assert (people.exit_code, machines.exit_code) == (0, 0)
    assert "set retention.days or retention.minimum_free_mb" in people.stdout
    assert json.loads(machines.stdout)["due"] == 0
    assert directories(two_jobs) == {"active", "ended"}


def test_a_directory_that_the_store_does_not_know_is_left_alone(two_jobs: Instance) -> None:
    (two_jobs.directory / "staging" / "unknown").mkdir()
    two_jobs.run("jobs", "prune")
    assert directories(two_jobs) == {"active", "unknown"}


def test_a_store_that_is_not_there_is_not_made(instance: Instance) -> None:
    instance.configure(**OLD)
    ended = instance.run("jobs", "prune")
    assert ended.exit_code == 1
    assert "there is no job store" in ended.stderr
    assert list(instance.directory.iterdir()) == [instance.directory / "app.yml"]
