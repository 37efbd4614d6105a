"""What a client asks for happens once, and nothing it asks for twice does harm."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pulsar_runtime.application.service import JobService
from pulsar_runtime.domain.errors import (
    Busy,
    Conflict,
    DiskFull,
    RemovalFailed,
    UnknownJob,
    UnknownManager,
)
from pulsar_runtime.domain.ids import JobId, ManagerName
from pulsar_runtime.domain.job import SetupRequest, Submission, Tool
from pulsar_runtime.domain.paths import Directory, JobFile, RelativePath
from pulsar_runtime.domain.status import JobStatus
from runtime.tests.unit.application.served import ASSIGNING, KEEPING, NEIGHBOUR, TOOL, Served
from runtime.tests.unit.application.supervision import A_MOMENT, A_WHILE, MAIN

ONE = JobId("1")
A_SUBMISSION = Submission(command_line="true")
AN_OUTPUT = JobFile(Directory.OUTPUTS, RelativePath.parse("out.dat"))


@pytest.mark.parametrize(
    "ask",
    [
        lambda service, name: service.setup(name, SetupRequest(job_id=ONE)),
        lambda service, name: service.submit(name, ONE, A_SUBMISSION),
        lambda service, name: service.find(name, ONE),
        lambda service, name: service.known(name, ONE),
        lambda service, name: service.receiving(name, ONE),
        lambda service, name: service.report_unknown(name, ONE),
        lambda service, name: service.cancel(name, ONE),
        lambda service, name: service.clean(name, ONE),
    ],
)
def test_an_unknown_manager_is_refused_everywhere(
    served: Served, ask: Callable[[JobService, ManagerName], object]
) -> None:
    with pytest.raises(UnknownManager, match="nobody"):
        ask(served.service, ManagerName("nobody"))


# --- setup -------------------------------------------------------------------------------------------------


def test_setup_makes_a_job_and_its_directory(served: Served) -> None:
    job = served.setup()
    assert (job.directory, job.job_id, job.status) == ("/staging/1", "1", JobStatus.PREPROCESSING)
    assert served.files.trees["/staging/1"]["tool_id"] == b'"cat1"'
    assert served.service.find(MAIN, ONE) == job
    assert served.doorbell.rings == 0


def test_a_second_setup_keeps_the_job_and_its_files(served: Served) -> None:
    job = served.setup()
    served.files.write(job.directory, AN_OUTPUT, b"text")
    assert served.setup() == job
    assert served.files.read_text(job.directory, AN_OUTPUT, None) == "text"


def test_setup_of_a_running_job_keeps_it(served: Served) -> None:
    job = served.running()
    assert served.setup().key == job.key
    assert served.world.status(job) is JobStatus.RUNNING


def test_setup_of_an_ended_job_begins_it_anew_with_an_empty_directory(served: Served) -> None:
    """Galaxy reuses the id of a job whose staging failed."""
    old = served.ended()
    served.files.write(old.directory, AN_OUTPUT, b"old")
    new = served.setup()
    assert new.key != old.key
    assert served.files.read_text(new.directory, AN_OUTPUT, None) is None
    served.submit()
    served.world.pass_time(A_MOMENT)
    assert served.world.host.starts == [f"{old.key}-1", f"{new.key}-1"]


def test_an_ended_job_whose_directory_stays_is_not_begun_anew(served: Served) -> None:
    job = served.ended()
    served.files.faults.plan(served.files.clear, RemovalFailed())
    with pytest.raises(RemovalFailed):
        served.setup()
    assert served.service.find(MAIN, ONE) == job


def test_a_directory_of_another_managers_job_is_not_shared(served: Served) -> None:
    served.running()
    with pytest.raises(Conflict):
        served.setup(manager=NEIGHBOUR)


def test_a_full_disk_is_told_and_another_try_succeeds(served: Served) -> None:
    served.files.faults.plan(served.files.create, DiskFull())
    with pytest.raises(DiskFull):
        served.setup()
    assert served.setup().directory in served.files.trees


# --- ids of our own ----------------------------------------------------------------------------------------


def test_a_manager_that_assigns_ids_knows_the_clients_too(served: Served) -> None:
    """Galaxy polls by its own id (protocol section 2.2)."""
    job = served.setup("7", ASSIGNING)
    assert job.job_id == f"{1:032x}"
    assert job.directory == f"/assigned/{1:032x}"
    assert served.service.find(ASSIGNING, JobId("7")) == job
    assert served.service.find(ASSIGNING, job.job_id) == job


def test_every_setup_with_assigned_ids_makes_a_job_and_the_clients_id_means_the_newest(
    served: Served,
) -> None:
    first, second = served.setup("7", ASSIGNING), served.setup("7", ASSIGNING)
    assert first.directory != second.directory
    assert served.service.known(ASSIGNING, JobId("7")) == second
    assert served.service.known(ASSIGNING, first.job_id) == first


def test_a_job_is_submitted_and_cleaned_under_the_clients_id(served: Served) -> None:
    job = served.setup("7", ASSIGNING)
    served.service.submit(ASSIGNING, JobId("7"), A_SUBMISSION)
    assert served.world.now(job).submitted
    served.service.cancel(ASSIGNING, JobId("7"))
    assert served.world.now(job).cancel_requested


# --- submit ------------------------------------------------------------------------------------------------


def test_a_submission_is_kept_and_the_agent_told(served: Served) -> None:
    job = served.setup()
    served.submit()
    assert served.store.submission(job.key) == A_SUBMISSION
    assert served.doorbell.rings == 1


def test_a_job_that_was_never_set_up_cannot_be_submitted(served: Served) -> None:
    with pytest.raises(UnknownJob, match="set up"):
        served.submit()
    assert list(served.store.jobs()) == []


@pytest.mark.parametrize("ended", [False, True])
def test_a_second_submission_changes_nothing(served: Served, ended: bool) -> None:  # noqa: FBT001 - a parameter of pytest
    job = served.ended() if ended else served.running()
    before = served.world.now(job)
    rings = served.doorbell.rings
    served.submit(submission=Submission(command_line="other", touch_outputs=(RelativePath.parse("new"),)))
    assert served.world.now(job) == before
    assert served.doorbell.rings == rings
    assert "outputs/new" not in served.files.trees["/staging/1"]
    assert len(served.world.host.starts) == 1


def test_a_submission_may_bring_its_setup(served: Served) -> None:
    setup = SetupRequest(job_id=ONE, tool=TOOL)
    served.submit(submission=Submission(command_line="true", setup=setup))
    job = served.service.known(MAIN, ONE)
    assert job.tool == TOOL
    assert served.files.trees["/staging/1"]["tool_version"] == b'"1.0"'


def test_a_submission_with_setup_fits_files_that_came_before_it(served: Served) -> None:
    job = served.service.receiving(MAIN, ONE)
    served.files.write(job.directory, AN_OUTPUT, b"early")
    served.submit(submission=Submission(command_line="true", setup=SetupRequest(job_id=ONE, tool=TOOL)))
    assert served.service.known(MAIN, ONE).key == job.key
    assert served.files.read_text(job.directory, AN_OUTPUT, None) == "early"
    assert served.files.trees["/staging/1"]["tool_id"] == b'"cat1"'


COMMAND = (
    "cat __PULSAR_JOBS_DIRECTORY__/1/inputs/a __PULSAR_JOB_DIRECTORY__/inputs/b __PULSAR_JOBS_DIRECTORY__"
)


def test_places_that_a_client_could_not_know_are_filled_in(served: Served) -> None:
    """Protocol section 4.10."""
    served.submit(submission=Submission(command_line=COMMAND, setup=SetupRequest(job_id=ONE)))
    job = served.service.known(MAIN, ONE)
    assert served.store.submission(job.key).command_line == (
        "cat /staging/1/inputs/a /staging/1/inputs/b /staging"
    )


def test_places_are_left_alone_where_the_client_was_told_them(served: Served) -> None:
    """Protocol section 4.2, step 3: only if the submission ran setup."""
    job = served.setup()
    served.submit(submission=Submission(command_line=COMMAND))
    assert served.store.submission(job.key).command_line == COMMAND


def test_outputs_are_touched_and_none_is_emptied(served: Served) -> None:
    job = served.setup()
    served.files.write(job.directory, AN_OUTPUT, b"text")
    names = tuple(RelativePath.parse(name) for name in ("out.dat", "sub/new.dat"))
    served.submit(submission=Submission(command_line="true", touch_outputs=names))
    tree = served.files.trees["/staging/1"]
    assert (tree["outputs/out.dat"], tree["outputs/sub/new.dat"]) == (b"text", b"")


def test_a_submission_that_the_disk_does_not_take_can_be_sent_again(served: Served) -> None:
    job = served.setup()
    served.files.faults.plan(served.files.touch, DiskFull())
    submission = Submission(command_line="true", touch_outputs=(RelativePath.parse("a"),))
    with pytest.raises(DiskFull):
        served.submit(submission=submission)
    assert not served.world.now(job).submitted
    served.submit(submission=submission)
    assert served.world.now(job).submitted


# --- uploads -----------------------------------------------------------------------------------------------


def test_an_upload_finds_its_job(served: Served) -> None:
    assert served.setup() == served.service.receiving(MAIN, ONE)


def test_an_upload_before_setup_makes_the_job(served: Served) -> None:
    """A client that computes the layout itself uploads first (protocol section 1.4)."""
    job = served.service.receiving(MAIN, ONE)
    assert job.directory in served.files.trees
    assert (job.status, job.tool) == (JobStatus.PREPROCESSING, Tool())


def test_a_download_needs_a_job(served: Served) -> None:
    with pytest.raises(UnknownJob):
        served.service.known(MAIN, ONE)


# --- cancel ------------------------------------------------------------------------------------------------


def test_cancel_waits_until_the_job_has_ended(served: Served) -> None:
    job = served.running()
    served.service.cancel(MAIN, ONE)
    assert served.world.status(job) is JobStatus.CANCELLED


def test_cancel_does_not_wait_for_ever(served: Served) -> None:
    job = served.running()
    served.stop_agent()
    before = served.world.clock()
    served.service.cancel(MAIN, ONE)
    assert 1 <= served.world.clock() - before <= 5
    assert served.world.now(job).cancel_requested


def test_an_unknown_job_is_cancelled_without_a_word(served: Served) -> None:
    served.service.cancel(MAIN, JobId("unknown"))
    assert served.doorbell.rings == 0


def test_an_ended_job_is_not_cancelled(served: Served) -> None:
    job = served.ended()
    rings = served.doorbell.rings
    served.service.cancel(MAIN, ONE)
    assert (served.world.now(job), served.doorbell.rings) == (job, rings)


# --- clean -------------------------------------------------------------------------------------------------


def test_clean_removes_an_ended_job_and_its_directory(served: Served) -> None:
    served.ended()
    served.service.clean(MAIN, ONE)
    assert served.files.trees == {}
    assert served.service.find(MAIN, ONE) is None
    served.service.clean(MAIN, ONE)


def test_clean_removes_a_job_that_was_only_set_up(served: Served) -> None:
    served.setup()
    served.stop_agent()
    served.service.clean(MAIN, ONE)
    assert served.files.trees == {}
    assert list(served.store.jobs()) == []


def test_clean_of_a_running_job_ends_its_processes_first(served: Served) -> None:
    job = served.running()
    ended_when_cleared: list[bool] = []
    clear = served.files.clear

    def watch(directory: str, *_: object) -> None:
        ended_when_cleared.append(f"{job.key}-1" not in served.world.host.launches)
        clear(directory)

    served.files.clear = watch  # type: ignore[method-assign,assignment] # to see what happened before
    served.service.clean(MAIN, ONE)
    assert ended_when_cleared == [True]
    assert list(served.store.jobs()) == []


def test_clean_of_a_job_that_does_not_end_leaves_everything(served: Served) -> None:
    job = served.running()
    served.stop_agent()
    before = served.world.clock()
    with pytest.raises(Busy, match="agent"):
        served.service.clean(MAIN, ONE)
    assert 10 <= served.world.clock() - before <= 60
    assert job.directory in served.files.trees
    assert served.world.status(job) is JobStatus.RUNNING


def test_a_job_whose_directory_stays_is_still_known_and_can_be_cleaned_again(served: Served) -> None:
    served.ended()
    served.files.faults.plan(served.files.clear, RemovalFailed("it is closed"))
    with pytest.raises(RemovalFailed):
        served.service.clean(MAIN, ONE)
    assert served.service.find(MAIN, ONE) is not None
    served.service.clean(MAIN, ONE)
    assert served.service.find(MAIN, ONE) is None


def test_clean_of_an_unknown_job_removes_nothing(served: Served) -> None:
    """A directory of that name may belong to another manager's job."""
    job = served.running()
    served.service.clean(NEIGHBOUR, ONE)
    assert job.directory in served.files.trees
    assert served.world.status(job) is JobStatus.RUNNING


def test_clean_keeps_directories_where_that_is_configured(served: Served) -> None:
    """The option is called debug (protocol section 8.1)."""
    job = served.setup(manager=KEEPING)
    served.service.clean(KEEPING, ONE)
    assert job.directory in served.files.trees
    assert served.service.find(KEEPING, ONE) == job


def test_a_job_that_was_cleaned_can_be_set_up_again(served: Served) -> None:
    old = served.ended()
    served.service.clean(MAIN, ONE)
    new = served.setup()
    assert new.key != old.key
    served.world.pass_time(A_WHILE)
    assert served.world.status(new) is JobStatus.PREPROCESSING
