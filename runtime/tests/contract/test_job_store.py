"""What the application may rely on, whoever keeps the jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import attrs
import pytest

from pulsar_runtime.domain.environment import Assign, Execute, SourceFile
from pulsar_runtime.domain.errors import Conflict, IllegalTransition, UnknownJob
from pulsar_runtime.domain.ids import ExternalId, JobId, ManagerName
from pulsar_runtime.domain.job import Job, SetupRequest, Submission, Tool, Transition
from pulsar_runtime.domain.paths import Directory, JobFile, RelativePath
from pulsar_runtime.domain.staging import DynamicFileSource, StageInAction, StagingPlan
from pulsar_runtime.domain.status import JobStatus
from pulsar_runtime.ports import JobStore
from pulsar_runtime.store.job_store import SqliteJobStore
from pulsar_runtime.testing.clock import ManualClock
from pulsar_runtime.testing.job_store import InMemoryJobStore

MANAGER = ManagerName("main")
OTHER = ManagerName("other")
A_SUBMISSION = Submission(command_line="true")
ENDS = [JobStatus.COMPLETE, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.LOST]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(now=1000.0)


@pytest.fixture(params=["twin", "sqlite"])
def connect(
    request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock
) -> Iterator[Callable[[], JobStore]]:
    """Return a function that gives one more connection to the same store, as another process has it."""
    opened: list[JobStore] = []
    twin = InMemoryJobStore(clock)

    def connect() -> JobStore:
        store: JobStore = twin if request.param == "twin" else SqliteJobStore(tmp_path, clock)
        opened.append(store)
        return store

    yield connect
    for store in opened:
        store.close()


@pytest.fixture
def store(connect: Callable[[], JobStore]) -> JobStore:
    return connect()


@pytest.fixture
def other(connect: Callable[[], JobStore]) -> JobStore:
    """Return the store as another process sees it."""
    return connect()


def begin(
    store: JobStore, name: str = "1", *, manager: ManagerName = MANAGER, alias: str | None = None
) -> Job:
    return store.begin(
        manager,
        JobId(name),
        JobId(alias) if alias else None,
        f"/staging/{manager}/{name}",
        Tool(id="cat1", version="1.0"),
    )


def submitted(store: JobStore, name: str = "1") -> Job:
    job = begin(store, name)
    assert store.submit(job.key, A_SUBMISSION)
    return present(store, job)


def present(store: JobStore, job: Job) -> Job:
    found = store.get(job.key)
    assert found is not None
    return found


def move(store: JobStore, job: Job, *way: JobStatus) -> Job:
    """Bring a job from its status through others."""
    for target in way:
        source = present(store, job).status
        assert store.apply([Transition(key=job.key, source=source, target=target)]) == {job.key}
    return present(store, job)


def end(store: JobStore, job: Job, status: JobStatus = JobStatus.FAILED) -> Job:
    if status is JobStatus.COMPLETE:
        return move(store, job, JobStatus.QUEUED, JobStatus.POSTPROCESSING, status)
    return move(store, job, status)


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
            stage_in=(
                StageInAction(
                    file=JobFile(Directory.CONFIGS, RelativePath.parse("c")),
                    action_type="message",
                    contents="text\n",
                ),
            ),
            stage_out_action_types=frozenset({"transfer", "none"}),
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


# --- cancel ------------------------------------------------------------------------------------------------


def test_a_cancel_request_stands_until_the_job_has_ended(store: JobStore, other: JobStore) -> None:
    job = submitted(store)
    begin(store, "another")
    other.request_cancel(job.key)
    assert [wanted.key for wanted in store.cancel_requests()] == [job.key]
    assert present(store, job).cancel_requested
    assert present(store, job).status is JobStatus.PREPROCESSING
    end(store, job, JobStatus.CANCELLED)
    assert list(store.cancel_requests()) == []


def test_a_job_that_is_only_set_up_can_be_cancelled(store: JobStore) -> None:
    job = begin(store)
    store.request_cancel(job.key)
    assert [wanted.key for wanted in store.cancel_requests()] == [job.key]


@pytest.mark.parametrize("status", ENDS)
def test_an_ended_job_is_not_cancelled(store: JobStore, status: JobStatus) -> None:
    job = end(store, submitted(store), status)
    store.request_cancel(job.key)
    assert present(store, job) == job
    assert list(store.cancel_requests()) == []


def test_a_second_cancel_request_adds_nothing(store: JobStore, other: JobStore) -> None:
    job = submitted(store)
    store.request_cancel(job.key)
    events = store.events(job.key)
    other.request_cancel(job.key)
    assert store.events(job.key) == events


def test_cancelling_what_is_gone_does_nothing(store: JobStore) -> None:
    store.request_cancel(12345)
    assert list(store.cancel_requests()) == []


# --- transitions -------------------------------------------------------------------------------------------


def test_a_transition_changes_what_it_names_and_nothing_else(
    store: JobStore, other: JobStore, clock: ManualClock
) -> None:
    job = submitted(store)
    clock.advance(3)
    first = Transition(
        key=job.key,
        source=JobStatus.PREPROCESSING,
        target=JobStatus.QUEUED,
        external_id=ExternalId("42"),
        attempt=2,
        reason="because",
    )
    assert store.apply([first]) == {job.key}
    moved = attrs.evolve(
        job,
        status=JobStatus.QUEUED,
        external_id=ExternalId("42"),
        attempt=2,
        reason="because",
        changed_at=1003.0,
    )
    assert present(other, job) == moved
    assert store.apply([Transition(key=job.key, source=JobStatus.QUEUED, target=JobStatus.RUNNING)])
    assert present(other, job) == attrs.evolve(moved, status=JobStatus.RUNNING, reason="")


def test_a_return_code_of_zero_is_kept(store: JobStore) -> None:
    job = move(store, submitted(store), JobStatus.QUEUED, JobStatus.RUNNING)
    store.apply(
        [
            Transition(key=job.key, source=source, target=target, return_code=0)
            for source, target in (
                (JobStatus.RUNNING, JobStatus.POSTPROCESSING),
                (JobStatus.POSTPROCESSING, JobStatus.COMPLETE),
            )
        ]
    )
    assert (present(store, job).status, present(store, job).return_code) == (JobStatus.COMPLETE, 0)


def test_of_two_who_move_a_job_from_one_status_only_the_first_does(store: JobStore, other: JobStore) -> None:
    job = move(store, submitted(store), JobStatus.QUEUED)
    running = Transition(key=job.key, source=JobStatus.QUEUED, target=JobStatus.RUNNING)
    cancelled = Transition(key=job.key, source=JobStatus.QUEUED, target=JobStatus.CANCELLED)
    assert store.apply([running]) == {job.key}
    events = store.events(job.key)
    assert other.apply([cancelled]) == frozenset()
    assert present(other, job).status is JobStatus.RUNNING
    assert store.events(job.key) == events


def test_a_transition_of_a_job_that_was_replaced_does_not_touch_the_new_one(
    store: JobStore, other: JobStore
) -> None:
    old = end(store, submitted(store))
    new = begin(other)
    stale = Transition(key=old.key, source=JobStatus.PREPROCESSING, target=JobStatus.FAILED)
    assert store.apply([stale]) == frozenset()
    assert present(store, new) == new


def test_one_call_moves_several_jobs_and_says_which(store: JobStore) -> None:
    jobs = [submitted(store, name) for name in "abc"]
    move(store, jobs[1], JobStatus.QUEUED)
    failed = [
        Transition(key=job.key, source=JobStatus.PREPROCESSING, target=JobStatus.FAILED) for job in jobs
    ]
    assert store.apply(failed) == {jobs[0].key, jobs[2].key}
    statuses = [present(store, job).status for job in jobs]
    assert statuses == [JobStatus.FAILED, JobStatus.QUEUED, JobStatus.FAILED]


@pytest.mark.parametrize("source", ENDS)
@pytest.mark.parametrize("target", list(JobStatus))
def test_an_end_is_final(store: JobStore, source: JobStatus, target: JobStatus) -> None:
    job = end(store, submitted(store), source)
    with pytest.raises(IllegalTransition):
        store.apply([Transition(key=job.key, source=source, target=target)])
    assert present(store, job) == job


def test_an_illegal_step_undoes_the_whole_call(store: JobStore, other: JobStore) -> None:
    job = submitted(store)
    events = store.events(job.key)
    way = (JobStatus.PREPROCESSING, JobStatus.QUEUED, JobStatus.COMPLETE)
    steps = [Transition(key=job.key, source=source, target=target) for source, target in pairwise(way)]
    with pytest.raises(IllegalTransition):
        store.apply(steps)
    assert present(other, job) == job
    assert other.events(job.key) == events


def test_the_history_tells_every_change_in_order(
    store: JobStore, other: JobStore, clock: ManualClock
) -> None:
    job = begin(store)
    clock.advance(1)
    store.submit(job.key, A_SUBMISSION)
    clock.advance(1)
    other.request_cancel(job.key)
    clock.advance(1)
    end(store, job, JobStatus.CANCELLED)
    assert [(event.at, event.status) for event in other.events(job.key)] == [
        (1000.0, "preprocessing"),
        (1001.0, "preprocessing"),
        (1002.0, "preprocessing"),
        (1003.0, "cancelled"),
    ]


# --- removal -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ENDS)
def test_an_ended_job_is_removed_with_all_that_belongs_to_it(
    store: JobStore, other: JobStore, status: JobStatus
) -> None:
    job = end(store, submitted(store), status)
    store.remove(job.key)
    assert other.find(MANAGER, JobId("1")) is None
    assert list(other.events(job.key)) == []
    with pytest.raises(UnknownJob):
        other.submission(job.key)


def test_a_job_that_was_never_submitted_is_removed(store: JobStore) -> None:
    job = begin(store)
    store.remove(job.key)
    assert store.get(job.key) is None


@pytest.mark.parametrize("way", [[], [JobStatus.QUEUED], [JobStatus.QUEUED, JobStatus.RUNNING]])
def test_an_active_job_is_not_removed(store: JobStore, way: list[JobStatus]) -> None:
    job = move(store, submitted(store), *way)
    store.remove(job.key)
    assert present(store, job) == job


def test_removing_what_is_gone_does_nothing(store: JobStore) -> None:
    store.remove(12345)
    assert list(store.jobs()) == []
