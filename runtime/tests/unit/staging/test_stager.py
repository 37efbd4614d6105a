"""The server's own share of the staging: texts that came inside the submission (protocol section 5.1)."""

from __future__ import annotations

import pytest

from pulsar_runtime.domain.errors import DiskFull, StagingError, UnsafePath
from pulsar_runtime.domain.ids import JobId, ManagerName
from pulsar_runtime.domain.job import Job, Submission
from pulsar_runtime.domain.paths import Directory, JobFile, RelativePath
from pulsar_runtime.domain.staging import StageInAction, StagingPlan
from pulsar_runtime.staging.stager import EmbeddedStager
from pulsar_runtime.testing.job_files import InMemoryJobFiles

JOB = Job(key=1, manager=ManagerName("main"), job_id=JobId("1"), directory="/staging/1")


@pytest.fixture
def files() -> InMemoryJobFiles:
    return InMemoryJobFiles()


def action(name: str, contents: str | None = "text", action_type: str = "message") -> StageInAction:
    return StageInAction(
        file=JobFile(Directory.CONFIGS, RelativePath.parse(name)), action_type=action_type, contents=contents
    )


def with_plan(*stage_in: StageInAction, stage_out: frozenset[str] = frozenset()) -> Submission:
    return Submission(
        command_line="true", staging=StagingPlan(stage_in=stage_in, stage_out_action_types=stage_out)
    )


@pytest.mark.parametrize(
    "submission",
    [
        Submission(command_line="true"),
        with_plan(action("a"), action("b")),
        # The client moves these itself, or nobody has to.
        with_plan(stage_out=frozenset({"none", "rewrite", "transfer", "copy", "message"})),
    ],
)
def test_what_needs_nothing_else_of_the_server_is_accepted(
    files: InMemoryJobFiles, submission: Submission
) -> None:
    EmbeddedStager(files).check(submission)


@pytest.mark.parametrize(
    "name",
    [
        "remote_transfer",
        "remote_transfer_tus",
        "remote_copy",
        "remote_rsync_transfer",
        "remote_scp_transfer",
        "json_transfer",
        "no_such_action",
        "",
    ],
)
def test_any_other_action_is_refused_by_its_name_and_with_what_to_do(
    files: InMemoryJobFiles, name: str
) -> None:
    stager = EmbeddedStager(files)
    for submission in (
        with_plan(action("a"), action("b", action_type=name)),
        with_plan(stage_out=frozenset({"transfer", name})),
    ):
        with pytest.raises(StagingError, match=f"{name}: set default_file_action"):
            stager.check(submission)
    assert files.trees == {}


@pytest.mark.parametrize("name", ["transfer", "copy", "none", "rewrite"])
def test_what_a_client_moves_is_not_for_the_server_to_stage_in(files: InMemoryJobFiles, name: str) -> None:
    with pytest.raises(StagingError, match=name):
        EmbeddedStager(files).check(with_plan(action("a", action_type=name)))


def test_texts_are_written_in_their_order(files: InMemoryJobFiles) -> None:
    plan = with_plan(action("a", "first"), action("b", ""), action("c", None), action("a", "\u00e9 last\n"))
    EmbeddedStager(files).stage_in(JOB, plan.staging.stage_in)
    assert files.trees["/staging/1"] == {
        "configs/a": "\u00e9 last\n".encode(),
        "configs/b": b"",
        "configs/c": b"",
    }


def test_staging_in_may_be_repeated(files: InMemoryJobFiles) -> None:
    for _ in range(2):
        EmbeddedStager(files).stage_in(JOB, [action("a")])
    assert files.trees["/staging/1"] == {"configs/a": b"text"}


def test_a_file_that_cannot_be_written_is_named(files: InMemoryJobFiles) -> None:
    files.faults.plan(files.write, UnsafePath("it leads out"))
    with pytest.raises(StagingError, match="sub/conf could not be written: it leads out"):
        EmbeddedStager(files).stage_in(JOB, [action("sub/conf")])


def test_a_full_disk_is_a_matter_of_time(files: InMemoryJobFiles) -> None:
    files.faults.plan(files.write, DiskFull("full"))
    with pytest.raises(DiskFull):
        EmbeddedStager(files).stage_in(JOB, [action("a")])
