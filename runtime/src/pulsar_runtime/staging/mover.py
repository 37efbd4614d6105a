"""Moving one file: between its place in a job directory and its counterpart, by the carrier for that kind."""

from __future__ import annotations

import attrs

from pulsar_runtime.domain.errors import TransferError, TransferInterrupted, TransferRefused
from pulsar_runtime.domain.staging import (
    Counterpart,
    HttpFile,
    SharedFile,
    SshFile,
    StoredObject,
    Text,
    Transfer,
    TusFile,
    Unreachable,
)
from pulsar_runtime.ports import JobFiles
from pulsar_runtime.staging.carrier import Carrier, Fetcher
from pulsar_runtime.staging.progress import Progress


@attrs.frozen(kw_only=True)
class Carriers:
    """The ways that this server has; those that are None it was not configured for."""

    http: Carrier[HttpFile]
    tus: Carrier[TusFile]
    shared: Carrier[SharedFile]
    ssh: Carrier[SshFile]
    stored: Fetcher[StoredObject] | None = None


@attrs.frozen
class Mover:
    """Moves files of jobs, from any thread."""

    files: JobFiles
    carriers: Carriers

    def impossible(self, counterpart: Counterpart) -> str | None:
        """Name the action if it is none that this server does."""
        if isinstance(counterpart, Unreachable):
            return counterpart.action
        if isinstance(counterpart, StoredObject) and self.carriers.stored is None:
            return "remote_object_store_copy (no object_store_file_path is configured)"
        return None

    def fetch(self, directory: str, transfer: Transfer, progress: Progress) -> None:
        """Bring a file into a job directory. Raises `TransferError`, `DiskFull` or `UnsafePath`."""
        progress.require_wanted()
        with _Translating(progress):
            if isinstance(transfer.counterpart, Text):
                data = transfer.counterpart.contents.encode("utf-8", "surrogateescape")
                self.files.write(directory, transfer.file, data)
                return
            with self.files.placing(directory, transfer.file) as path:
                self._fetch(transfer.counterpart, path, progress)
                progress.require_wanted()

    def send(self, directory: str, transfer: Transfer, progress: Progress) -> None:
        """Bring a file out of a job directory. Raises `TransferError`, `FileNotThere` or `UnsafePath`."""
        progress.require_wanted()
        with _Translating(progress), self.files.open(directory, transfer.file) as stream:
            match transfer.counterpart:
                case HttpFile() as other:
                    self.carriers.http.send(other, stream, progress)
                case TusFile() as other:
                    self.carriers.tus.send(other, stream, progress)
                case SharedFile() as other:
                    self.carriers.shared.send(other, stream, progress)
                case SshFile() as other:
                    self.carriers.ssh.send(other, stream, progress)
                case Text() | StoredObject() | Unreachable():
                    raise TransferRefused("there is no way to send an output there")

    def _fetch(self, counterpart: Counterpart, path: str, progress: Progress) -> None:
        match counterpart:
            case HttpFile() as other:
                self.carriers.http.fetch(other, path, progress)
            case TusFile() as other:
                self.carriers.tus.fetch(other, path, progress)
            case SharedFile() as other:
                self.carriers.shared.fetch(other, path, progress)
            case SshFile() as other:
                self.carriers.ssh.fetch(other, path, progress)
            case StoredObject() as other if self.carriers.stored is not None:
                self.carriers.stored.fetch(other, path, progress)
            case _:
                raise TransferRefused(f"there is no way to fetch it: {type(counterpart).__name__}")


@attrs.frozen
class _Translating:
    """Turn what the operating system says into `TransferError`, and any error after a stop into that."""

    progress: Progress

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: object
    ) -> None:
        if isinstance(error, TransferError | OSError):
            self.progress.require_wanted()
        if isinstance(error, OSError):
            # What is known to be for good, the job directories have translated.
            raise TransferInterrupted(f"{error.strerror or type(error).__name__}") from error
