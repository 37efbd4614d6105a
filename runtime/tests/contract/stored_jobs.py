"""Jobs in a store, brought to where a test begins."""

from __future__ import annotations

from pulsar_runtime.domain.ids import JobId, ManagerName
from pulsar_runtime.domain.job import Job, Submission, Tool, Transition
from pulsar_runtime.domain.status import JobStatus
from pulsar_runtime.ports import JobStore

MANAGER = ManagerName("main")
OTHER = ManagerName("other")
A_SUBMISSION = Submission(command_line="true")
ENDS = [JobStatus.COMPLETE, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.LOST]


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
