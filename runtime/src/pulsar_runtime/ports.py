"""What the application needs from the outside world, as Protocols; the adapters are elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from io import RawIOBase
from typing import Protocol

from pulsar_runtime.domain.ids import ExternalId, JobId, ManagerName
from pulsar_runtime.domain.job import Job, JobEvent, LaunchSpec, Observation, Submission, Tool, Transition
from pulsar_runtime.domain.paths import Directory, JobFile
from pulsar_runtime.domain.staging import StageInAction


class JobStore(Protocol):
    """The one thing that the web and the agent processes share.

    Every method is one transaction. Raises `StoreBusy` when it may be tried again and `StoreCorrupt`
    when the file is damaged.
    """

    def find(self, manager: ManagerName, job_id: JobId) -> Job | None:
        """Return the job of this id, or the newest one whose alias it is."""

    def get(self, key: int) -> Job | None:
        """Return the job of this key."""

    def jobs(self) -> Sequence[Job]:
        """Return jobs in the order in which they were created."""

    def events(self, key: int) -> Sequence[JobEvent]:
        """Return a job's history, oldest first."""

    def begin(
        self, manager: ManagerName, job_id: JobId, alias: JobId | None, directory: str, tool: Tool
    ) -> Job:
        """Create a job, in place of an ended one of the same id; return an active one unchanged.

        Raises `Conflict` when *directory* belongs to another job.
        """

    def submit(self, key: int, submission: Submission) -> bool:
        """Keep *submission* for good and give the job its place in the order; tell whether this call did.

        When it returns, the submission survives the loss of power.
        """

    def submission(self, key: int) -> Submission:
        """Return what was submitted."""

    def request_cancel(self, key: int) -> None:
        """Ask for the end of an active job; nothing happens to one that has ended."""

    def submitted_after(self, sequence: int) -> Sequence[Job]:
        """Return active jobs submitted after *sequence*, first submitted first."""

    def cancel_requests(self) -> Sequence[Job]:
        """Return active jobs that are to be cancelled."""

    def apply(self, transitions: Sequence[Transition]) -> frozenset[int]:
        """Write transitions with their events; return the keys of those whose job stood where they start."""

    def remove(self, key: int) -> None:
        """Forget a job that has ended or was never submitted."""

    def close(self) -> None:
        """Release the file."""


class JobManager(Protocol):
    """A named queue that runs jobs (DESIGN section 3, rule 5, and decision record 0003)."""

    def submit(self, spec: LaunchSpec) -> ExternalId:
        """Take the job; called again for the same launch id, return the same answer and start nothing.

        Raises `SubmitRejected` or `SubmitUnavailable`.
        """

    def observe(self, ids: Collection[ExternalId]) -> Mapping[ExternalId, Observation]:
        """Say what is known of these jobs; one that the manager never took is left out.

        Raises `QueryError` when the manager cannot tell; then no job changes.
        """

    def cancel(self, external_id: ExternalId) -> None:
        """Begin to end a job; its end is observed like any other."""

    def forget(self, external_id: ExternalId) -> None:
        """Drop what is kept about a job whose end is in the store."""

    def close(self) -> None:
        """Stop observing; running jobs go on."""


class JobFiles(Protocol):
    """Job directories. Raises `DiskFull`, `FileNotThere` and `UnsafePath`."""

    def create(self, directory: str, tool: Tool) -> None:
        """Make the layout, keeping what is there; raises `DiskFull` below the watermark."""

    def clear(self, directory: str) -> None:
        """Remove the tree; raises `RemovalFailed` when something stays."""

    def touch(self, directory: str, file: JobFile) -> None:
        """Create an empty file unless there is one."""

    def make_parents(self, directory: str, file: JobFile) -> None:
        """Make the directories that are to hold a file."""

    def write(self, directory: str, file: JobFile, data: bytes) -> None:
        """Write a whole small file, with its parents, at once; what has the name is replaced in one step."""

    def receiving(self, directory: str, file: JobFile) -> AbstractContextManager[int]:
        """Give a descriptor to write to; the file appears, whole, when the block ends without an error."""

    def open(self, directory: str, file: JobFile) -> RawIOBase:
        """Open a regular file for reading."""

    def read_text(self, directory: str, file: JobFile, limit: int | None) -> str | None:
        """Return at most *limit* bytes of a file as text, or None when it is not there."""

    def expand(self, directory: str, file: JobFile) -> JobFile:
        """Replace ``*`` and ``?`` by the first file that matches."""

    def listing(self, directory: str, which: Directory) -> Sequence[str]:
        """Return the files that can be downloaded from one directory of the job."""


class LaunchPreparer(Protocol):
    """Turns a submission into files that a manager can start."""

    def prepare(self, job: Job, submission: Submission) -> None:
        """Write the job script; raises `SubmitRejected` or `DiskFull`."""

    def spec(self, job: Job) -> LaunchSpec:
        """Return what a manager needs to start the prepared job."""

    def explain(self, job: Job, reason: str) -> None:
        """Leave the reason of a failure in the job directory, if that is possible."""


class Stager(Protocol):
    """Moves the server's share of the files."""

    def check(self, submission: Submission) -> None:
        """Raise `StagingError` for an action that this server cannot do."""

    def stage_in(self, job: Job, actions: Sequence[StageInAction]) -> None:
        """Bring in these files; may be repeated. Raises `StagingError`, or `DiskFull`."""


class FileCache(Protocol):
    """Uploaded files that may be used again (protocol section 1.5)."""

    def claim(self, token: str) -> bool:
        """Tell whether the caller is the one who is to upload."""

    def receiving(self, token: str) -> AbstractContextManager[int]:
        """Give a descriptor to write to; the file is ready when the block ends without an error."""

    def ready(self, token: str) -> bool:
        """Tell whether the file is there."""

    def open(self, token: str) -> RawIOBase:
        """Open a file that is ready; raises `FileNotThere` or `MalformedRequest`."""


class Doorbell(Protocol):
    """Tells the agent that there is something new in the store."""

    def ring(self) -> None:
        """Wake the agent if it runs; never raises, the agent also looks by itself."""

    def answered(self) -> bool:
        """Tell whether an agent would hear it."""


class Reactor(Protocol):
    """The agent's loop, for those who wait for events."""

    def watch(self, fd: int, callback: Callable[[], None]) -> None:
        """Call *callback* whenever *fd* is readable."""

    def unwatch(self, fd: int) -> None:
        """Stop watching *fd*."""

    def call_later(self, seconds: float, callback: Callable[[], None]) -> None:
        """Call *callback* once, after *seconds*."""


Clock = Callable[[], float]
