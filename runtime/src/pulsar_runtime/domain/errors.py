"""The whole error tree: what can go wrong, and whether trying again can help."""

from __future__ import annotations

from typing import ClassVar


class PulsarRuntimeError(Exception):
    """Something went wrong in pulsar-runtime."""

    #: Whether the same call, unchanged, may succeed later.
    transient: ClassVar[bool] = False

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").splitlines()[0])


# --- configuration -----------------------------------------------------------------------------------------


class ConfigError(PulsarRuntimeError):
    """The configuration cannot be used; every problem is listed with its key path."""

    def __init__(self, source: str, problems: tuple[str, ...]) -> None:
        self.source = source
        self.problems = problems
        lines = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"{source}: {len(problems)} problem(s)\n{lines}")


class UnfitHost(PulsarRuntimeError):
    """This machine lacks something that the server cannot do without."""


# --- the client is wrong -----------------------------------------------------------------------------------


class RequestError(PulsarRuntimeError):
    """The request cannot be served as it is; sending it again will not help."""


class MalformedRequest(RequestError):
    """A parameter is missing or cannot be read."""


class UnsafePath(RequestError):
    """A name would leave its directory or touch the server's own files."""


class NotAuthorized(RequestError):
    """The token is missing, unknown, expired or not valid for this manager."""


class UnknownManager(RequestError):
    """No manager of this name is configured."""


class UnknownJob(RequestError):
    """No job of this id is known."""


class FileNotThere(RequestError):
    """The file asked for does not exist."""


class NotConfigured(RequestError):
    """The server was not configured for this kind of request."""


class Conflict(RequestError):
    """The request contradicts the present state of the job."""


# --- we cannot at the moment -------------------------------------------------------------------------------


class Busy(PulsarRuntimeError):
    """The server cannot do this now; try again later."""

    transient = True


class Draining(Busy):
    """This server is being drained: it finishes the jobs it has and takes no new ones; try again later."""


class DiskFull(Busy):
    """There is not enough space on the disk; free some, or lower the watermark."""


class RemovalFailed(PulsarRuntimeError):
    """The job directory could not be removed completely."""


# --- managers and staging ----------------------------------------------------------------------------------


class ManagerError(PulsarRuntimeError):
    """A manager could not do its part."""


class SubmitRejected(ManagerError):
    """The job cannot be started, now or later."""


class SubmitUnavailable(ManagerError):
    """The job cannot be started at the moment."""

    transient = True


class QueryError(ManagerError):
    """The manager could not be asked; no job changes its status because of it."""

    transient = True


class StagingError(PulsarRuntimeError):
    """A staging action failed for good; the job fails with it."""


class TransferError(PulsarRuntimeError):
    """One file could not be moved."""


class TransferRefused(TransferError):
    """The other side will not move this file, now or later."""


class NotWanted(TransferRefused):
    """Galaxy does not take this file any more: its dataset is gone, or its job has ended there."""


class SourceMissing(TransferError):
    """The file that is to be sent is not there."""


class TransferInterrupted(TransferError):
    """The transfer broke off; it may succeed later."""

    transient = True


class TransferStopped(TransferError):
    """The transfer was told to stop."""


# --- messages ----------------------------------------------------------------------------------------------


class BrokerError(PulsarRuntimeError):
    """The message broker could not do its part."""


class BrokerUnavailable(BrokerError):
    """The message broker cannot be reached at the moment."""

    transient = True


class BrokerRefused(BrokerError):
    """The message broker refuses us, until somebody changes its configuration or ours."""


# --- store -------------------------------------------------------------------------------------------------


class StoreError(PulsarRuntimeError):
    """The job store cannot be used."""


class StoreCorrupt(StoreError):
    """The job store is damaged; it is left as it is."""


class StoreTooNew(StoreError):
    """The job store was written by a newer release."""


class StoreBusy(StoreError):
    """The job store is locked or its disk is full."""

    transient = True


class AlreadyRunning(StoreError):
    """Another agent serves this job store."""


class IllegalTransition(PulsarRuntimeError):
    """A status change that the table does not allow: a bug in this program."""
