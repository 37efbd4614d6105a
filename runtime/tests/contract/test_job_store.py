"""What the application may rely on, whoever keeps the jobs: setup and submission."""

from __future__ import annotations

import attrs
import pytest

from pulsar_runtime.domain.environment import Assign, Execute, SourceFile
from pulsar_runtime.domain.errors import Conflict, UnknownJob
from pulsar_runtime.domain.ids import JobId, ManagerName
from pulsar_runtime.domain.job import Job, SetupRequest, Submission, Tool
from pulsar_runtime.domain.paths import Directory, JobFile, RelativePath
from pulsar_runtime.domain.staging import (
    DynamicFileSource,
    ExpectedOutputs,
    OutputRoutes,
    StageOutPlan,
    StagingPlan,
    Text,
    Transfer,
    Way,
)
from pulsar_runtime.domain.status import JobStatus
from pulsar_runtime.ports import JobStore
from pulsar_runtime.testing.clock import ManualClock
from runtime.tests.contract.stored_jobs import (
    A_SUBMISSION,
    ENDS,
    MANAGER,
    OTHER,
    begin,
    end,
    present,
    submitted,
)

# --- setup -------------------------------------------------------------------------------------------------


def test_a_job_that_was_begun_is_found_as_it_was_described(store: JobStore, other: JobStore) -> None:
    job = begin(store)
    assert attrs.evolve(job, key=0) == Job(
        key=0,
        manager=MANAGER,
        job_id=JobId("1"),
        directory="/staging/main/1",
        tool=Tool(id="cat1", version="1.0"),
        status=JobStatus.PREPROCESSING,
        created_at=1000.0,
        changed_at=1000.0,
    )
    assert [seen.find(MANAGER, JobId("1")) for seen in (store, other)] == [job, job]
    assert [seen.get(job.key) for seen in (store, other)] == [job, job]


def test_an_id_belongs_to_its_manager(store: JobStore) -> None:
    here, there = begin(store), begin(store, manager=OTHER)
    assert here.key != there.key
    assert store.find(MANAGER, JobId("1")) == here
    assert store.find(OTHER, JobId("1")) == there
    assert store.find(ManagerName("third"), JobId("1")) is None


def test_a_directory_belongs_to_one_job(store: JobStore, other: JobStore) -> None:
    """Managers may share a staging directory."""
    job = begin(store)
    with pytest.raises(Conflict):
        other.begin(OTHER, JobId("1"), None, job.directory, Tool())
    assert list(other.jobs()) == [job]


def test_what_was_never_begun_is_not_found(store: JobStore) -> None:
    assert store.find(MANAGER, JobId("1")) is None
    assert store.get(1) is None
    assert list(store.events(1)) == []
    assert list(store.jobs()) == []


@pytest.mark.parametrize("name", ["a'; DROP TABLE job; --", 'quo"te', "%", "_", "\u00e9\u2713", " "])
def test_any_id_names_only_its_own_job(store: JobStore, name: str) -> None:
    begin(store, "1")
    job = begin(store, name)
    assert store.find(MANAGER, JobId(name)) == job
    assert len(store.jobs()) == 2


def test_beginning_an_active_job_again_changes_nothing(
    store: JobStore, other: JobStore, clock: ManualClock
) -> None:
    job = submitted(store)
    clock.advance(5)
    assert begin(other) == job
    assert list(other.jobs()) == [job]


@pytest.mark.parametrize("status", ENDS)
def test_beginning_an_ended_job_again_replaces_it(
    store: JobStore, other: JobStore, status: JobStatus
) -> None:
    old = end(store, submitted(store), status)
    new = begin(other)
    assert new.key > old.key
    assert (new.status, new.submitted, new.attempt) == (JobStatus.PREPROCESSING, 0, 1)
    assert store.get(old.key) is None
    assert store.find(MANAGER, JobId("1")) == new
    with pytest.raises(UnknownJob):
        store.submission(new.key)


def test_the_key_of_a_job_that_is_gone_is_never_used_again(store: JobStore, other: JobStore) -> None:
    """Launches on disk are named after it."""
    keys = []
    for _ in range(3):
        job = begin(other)
        store.remove(job.key)
        keys.append(job.key)
    assert keys == sorted(set(keys))


# --- aliases -----------------------------------------------------------------------------------------------


def test_a_job_is_also_found_by_its_alias(store: JobStore, other: JobStore) -> None:
    job = begin(store, "0a1b", alias="7")
    assert other.find(MANAGER, JobId("7")) == job
    assert other.find(MANAGER, JobId("0a1b")) == job
    assert other.find(OTHER, JobId("7")) is None


def test_of_several_jobs_with_one_alias_the_newest_is_found(store: JobStore) -> None:
    begin(store, "first", alias="7")
    newest = begin(store, "second", alias="7")
    begin(store, "third", alias="8")
    assert store.find(MANAGER, JobId("7")) == newest


def test_an_id_goes_before_an_alias(store: JobStore) -> None:
    job = begin(store, "7")
    begin(store, "newer", alias="7")
    assert store.find(MANAGER, JobId("7")) == job


# --- submit ------------------------------------------------------------------------------------------------


def test_a_submission_comes_back_as_it_was(store: JobStore, other: JobStore) -> None:
    submission = Submission(
        command_line="echo 'it is' \"quoted\" \u2603\n",
        environment=(Assign("A", "1", raw=True), SourceFile("/etc/e\u00e9"), Execute("module load x")),
        submit_params={"native_specification": "-p long"},
        touch_outputs=(RelativePath.parse("a/b.dat"),),
        dynamic_file_sources=(DynamicFileSource("galaxy.json", "galaxy"),),
        staging=StagingPlan(
            stage_in=(Transfer(JobFile(Directory.CONFIGS, RelativePath.parse("c")), Text("text\n")),),
            stage_out=StageOutPlan(
                expected=ExpectedOutputs(outputs=("/galaxy/a.dat",)), routes=OutputRoutes(default=Way.COPY)
            ),
        ),
        token_endpoint="https://galaxy/tokens?job_key=1",
        setup=SetupRequest(job_id=JobId("1"), tool=Tool(id="t"), preserve_galaxy_environment=True),
    )
    job = begin(store)
    assert store.submit(job.key, submission) is True
    assert other.submission(job.key) == submission


def test_only_the_first_submission_counts(store: JobStore, other: JobStore) -> None:
    job = begin(store)
    assert store.submit(job.key, A_SUBMISSION) is True
    place = present(store, job).submitted
    assert other.submit(job.key, Submission(command_line="false")) is False
    assert store.submission(job.key) == A_SUBMISSION
    assert present(store, job).submitted == place


@pytest.mark.parametrize("status", [JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.LOST])
def test_an_ended_job_cannot_be_submitted(store: JobStore, status: JobStatus) -> None:
    job = end(store, begin(store), status)
    assert store.submit(job.key, A_SUBMISSION) is False
    assert present(store, job).submitted == 0


def test_a_job_that_is_gone_cannot_be_submitted(store: JobStore, other: JobStore) -> None:
    job = begin(store)
    other.remove(job.key)
    assert store.submit(job.key, A_SUBMISSION) is False
    with pytest.raises(UnknownJob):
        store.submission(job.key)


def test_what_was_not_submitted_has_no_submission(store: JobStore) -> None:
    with pytest.raises(UnknownJob):
        store.submission(begin(store).key)


def test_jobs_are_ordered_by_their_submission_not_by_their_setup(store: JobStore, other: JobStore) -> None:
    jobs = [begin(store, name) for name in "abc"]
    for job in reversed(jobs):
        other.submit(job.key, A_SUBMISSION)
    assert [job.job_id for job in store.submitted_after(0)] == ["c", "b", "a"]
    assert [job.job_id for job in store.jobs()] == ["a", "b", "c"]


def test_only_what_came_after_a_submission_is_new(store: JobStore, other: JobStore) -> None:
    first, second = submitted(store, "1"), submitted(other, "2")
    begin(store, "only set up")
    assert list(store.submitted_after(first.submitted)) == [second]
    assert list(store.submitted_after(second.submitted)) == []


def test_ended_jobs_are_not_new(store: JobStore) -> None:
    jobs = [submitted(store, str(number)) for number in range(len(ENDS) + 1)]
    for job, status in zip(jobs, ENDS, strict=False):
        end(store, job, status)
    assert list(store.submitted_after(0)) == [jobs[-1]]


# --- counting ----------------------------------------------------------------------------------------------


def test_jobs_are_counted_by_manager_and_status(store: JobStore, other: JobStore) -> None:
    assert store.counts() == {}
    begin(store, "1")
    submitted(store, "2")
    end(store, submitted(store, "3"))
    begin(store, "4", manager=OTHER)
    assert other.counts() == {
        (MANAGER, JobStatus.PREPROCESSING): 2,
        (MANAGER, JobStatus.FAILED): 1,
        (OTHER, JobStatus.PREPROCESSING): 1,
    }
