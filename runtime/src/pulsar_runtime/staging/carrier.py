"""What each way of moving files has to offer."""

from __future__ import annotations

from io import RawIOBase
from typing import Protocol, TypeVar

from pulsar_runtime.domain.staging import Counterpart
from pulsar_runtime.staging.progress import Progress

Other_contra = TypeVar("Other_contra", bound=Counterpart, contravariant=True)


class Fetcher(Protocol[Other_contra]):
    """Fetches one file at a time, from any thread. Raises `TransferError`.

    Errors of the job's own files pass through as what the operating system says.
    """

    def fetch(self, other: Other_contra, path: str, progress: Progress) -> None:
        """Write the file to *path*, where a part of it may be from an earlier attempt."""


class Carrier(Fetcher[Other_contra], Protocol[Other_contra]):
    """Sends files too."""

    def send(self, other: Other_contra, stream: RawIOBase, progress: Progress) -> None:
        """Send the regular file *stream*, from its beginning."""
