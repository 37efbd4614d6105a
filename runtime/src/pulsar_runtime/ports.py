"""What the application needs from the outside world, as Protocols; the adapters are elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from io import RawIOBase
from typing import Protocol

from pulsar_runtime.domain.announcement import Announcement, OutgoingMessage, Receipt, StatusUpdate
from pulsar_runtime.domain.errors import PulsarRuntimeError
from pulsar_runtime.domain.ids import ExternalId, JobId, ManagerName
from pulsar_runtime.domain.job import Job, JobEvent, LaunchSpec, Observation, Submission, Tool, Transition
from pulsar_runtime.domain.outage import OutageRecord
from pulsar_runtime.domain.paths import Directory, JobFile
from pulsar_runtime.domain.staging import StageOutPlan, Transfer, TransferRecord
from pulsar_runtime.domain.status import JobStatus
from pulsar_runtime.domain.volume import Volume


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

        Raises `Conflict` when *directory* belongs to another job, and `Draining` in place of creating one
        while the store is drained.
        """

    def submit(self, key: int, submission: Submission, *, announced: bool = False) -> bool:
        """Keep *submission* for good and give the job its place in the order; tell whether this call did.

        When it returns, the submission survives the loss of power. If the job is *announced*, its changes
        go into the outbox.
        """

    def submission(self, key: int) -> Submission:
        """Return what was submitted."""

    def request_cancel(self, key: int) -> None:
        """Ask for the end of an active job; nothing happens to one that has ended."""

    def submitted_after(self, sequence: int) -> Sequence[Job]:
        """Return active jobs submitted after *sequence*, first submitted first."""

    def count_active(self) -> int:
        """Return how many jobs were submitted and have not ended."""

    def counts(self) -> Mapping[tuple[ManagerName, JobStatus], int]:
        """Return how many jobs each manager has in each status in which it has any."""

    def cancel_requests(self) -> Sequence[Job]:
        """Return active jobs that are to be cancelled."""

    def apply(self, transitions: Sequence[Transition]) -> frozenset[int]:
        """Write transitions with their events; return the keys of those whose job stood where they start."""

    def transfers(self, key: int) -> Mapping[str, TransferRecord]:
        """Return what is known of the transfers of the phase that a job is in, by their names."""

    def record_transfers(self, records: Sequence[TransferRecord]) -> None:
        """Keep these in place of earlier ones of the same names, but for jobs that are not being staged."""

    def remove(self, key: int) -> None:
        """Forget a job that has ended or was never submitted."""

    def drain(self) -> bool:
        """Take no new jobs, for good; tell whether this call changed that."""

    def resume(self) -> bool:
        """Take new jobs again; tell whether this call changed that."""

    def draining_since(self) -> float | None:
        """Return when it was last said to `drain`, or None while new jobs are taken."""

    def close(self) -> None:
        """Release the file."""


class Outbox(Protocol):
    """What is to be said to clients that do not ask; `JobStore.apply` adds to it.

    Every method is one transaction, and raises what those of the job store raise.
    """

    def unsent(self, limit: int) -> Sequence[Announcement]:
        """Return what was never sent, in order."""

    def unconfirmed(self, seconds: float, limit: int) -> Sequence[Announcement]:
        """Return what was sent at least *seconds* ago and is still here, in order."""

    def sent(self, numbers: Sequence[int]) -> None:
        """Forget what was sent."""

    def await_confirmation(self, numbers: Sequence[int]) -> None:
        """Note that these were sent, and keep them until somebody confirms that they arrived."""

    def confirmed(self, message_id: str) -> bool:
        """Forget what arrived; tell whether it was waiting for that."""

    def announce(self, update: StatusUpdate) -> None:
        """Write down something to say about a job; when it returns, it survives the loss of power."""

    def waiting(self) -> int:
        """Return how much is here, sent or not."""


class Inbox(Protocol):
    """What is remembered of messages, so that none counts twice and none is tried for ever."""

    def received(self, message_id: str) -> bool:
        """Tell whether a message was acted upon before."""

    def receive(self, receipt: Receipt) -> None:
        """Note that a message was acted upon, and that its sender is to be told."""

    def attempt(self, digest: str) -> int:
        """Note that somebody begins to act upon a message; return how often that was noted."""

    def settle(self, digest: str) -> None:
        """Forget the attempts at a message."""


class OutageLog(Protocol):
    """Hears of batch systems that do not answer."""

    def begin(self, manager: ManagerName) -> None:
        """Note that a manager's batch system does not answer from now on."""

    def end(self, manager: ManagerName) -> None:
        """Note that it answers again."""


class OutageStore(OutageLog, Protocol):
    """What is remembered of outages; the agent writes it, everybody reads it.

    Every method is one transaction, and raises what those of the job store raise.
    """

    def end_all(self) -> None:
        """Note that nothing is known of any outage any more."""

    def records(self) -> Mapping[ManagerName, OutageRecord]:
        """Return what is remembered, of managers that had an outage."""


class MessagePublisher(Protocol):
    """Hands messages to somebody who keeps them."""

    def publish(self, messages: Sequence[OutgoingMessage]) -> None:
        """Return when all of them are in safe hands, in this order.

        Raises `BrokerUnavailable` or `BrokerRefused`; then some of them may have been taken all the same.
        """


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

    def clear(self, directory: str, confirm: Callable[[], None] = ...) -> None:
        """Remove the tree; raises `RemovalFailed` when something stays.

        *confirm* may raise, and then nothing is removed. It is called when it is certain what would be: not
        what a job leaves there that begins after the call.
        """

    def size(self, directory: str) -> int:
        """Return how many bytes the tree occupies, about."""

    def volume(self, directory: str) -> Volume:
        """Return the file system that holds the tree; raises `FileNotThere` when there is no place for it."""

    def touch(self, directory: str, file: JobFile) -> None:
        """Create an empty file unless there is one."""

    def make_parents(self, directory: str, file: JobFile) -> None:
        """Make the directories that are to hold a file."""

    def write(self, directory: str, file: JobFile, data: bytes) -> None:
        """Write a whole small file, with its parents, at once; what has the name is replaced in one step."""

    def receiving(self, directory: str, file: JobFile) -> AbstractContextManager[int]:
        """Give a descriptor to write to; the file appears, whole, when the block ends without an error."""

    def placing(self, directory: str, file: JobFile) -> AbstractContextManager[str]:
        """Give the path of a partial file, which becomes the file when the block ends without an error.

        After an error it stays, and the next call gives it again. The path holds for child processes too.
        """

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

    def spec(self, job: Job, submission: Submission) -> LaunchSpec:
        """Return what a manager needs to start the prepared job."""

    def explain(self, job: Job, reason: str) -> None:
        """Leave the reason of a failure in the job directory, if that is possible."""


#: Told how a phase of staging ended: with nothing, or with why it failed.
Ended = Callable[[PulsarRuntimeError | None], None]


class Stager(Protocol):
    """Moves the server's share of the files, one phase of a job at a time.

    Everything is called from the reactor's thread, and *ended* is called there, perhaps before the call
    that began the phase returns. What is moved already, by an earlier agent too, is not moved again.
    """

    def check(self, submission: Submission) -> None:
        """Raise `StagingError` for an action that this server cannot do."""

    def stage_in(self, job: Job, transfers: Sequence[Transfer], ended: Ended) -> None:
        """Bring in these files. Raises `StagingError` or `DiskFull` when that is known at once."""

    def stage_out(self, job: Job, plan: StageOutPlan, ended: Ended, *, again: bool) -> None:
        """Find the outputs of a job and send them; *again* when an earlier agent may have begun it."""

    def stop(self, key: int) -> None:
        """End a job's phase, if it is in one; *ended* is not called any more."""


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

    def post(self, callback: Callable[[], None]) -> None:
        """Call *callback* once, soon, on the reactor's thread; may be called from any thread."""


Clock = Callable[[], float]
