"""Large outputs in pieces, going on where the upload broke off (protocol section 5.4; tus.io 1.0)."""

from __future__ import annotations

from collections.abc import Iterator
from io import RawIOBase
from urllib.parse import urlencode, urljoin, urlsplit

import attrs

from pulsar_runtime.domain.errors import TransferInterrupted, TransferRefused
from pulsar_runtime.domain.staging import HttpFile, TusFile
from pulsar_runtime.staging.http_client import HttpClient, require_success, succeeded
from pulsar_runtime.staging.http_files import HttpFiles
from pulsar_runtime.staging.pieces import pieces, size_of
from pulsar_runtime.staging.progress import Progress

_VERSION = {"Tus-Resumable": "1.0.0"}


@attrs.frozen
class TusFiles:
    """Implements `Carrier`: what is fetched is fetched as any URL."""

    client: HttpClient
    plain: HttpFiles
    chunk_bytes: int

    def fetch(self, other: TusFile, path: str, progress: Progress) -> None:
        """Write what the URL gives to *path*."""
        self.plain.fetch(HttpFile(other.url), path, progress)

    def send(self, other: TusFile, stream: RawIOBase, progress: Progress) -> None:
        """Upload the file and tell Galaxy that it is there."""
        size = size_of(stream)
        if self.plain.is_there(other.url, size, progress):
            return
        upload, offset = self._find(progress, size)
        if upload is None:
            upload = self._create(other, size)
            if size > self.chunk_bytes:
                progress.remember(upload)
        while offset < size:
            offset = self._append(upload, stream, offset, min(self.chunk_bytes, size - offset), progress)
        session = urlsplit(upload).path.rstrip("/").rpartition("/")[2]
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode({"session_id": session}).encode()
        require_success(self.client.ask("POST", other.url, headers=headers, body=body))

    def _find(self, progress: Progress, size: int) -> tuple[str | None, int]:
        """Return an upload that an earlier attempt began, and how far it is; none if it is gone."""
        if progress.resume is None:
            return None, 0
        answer = self.client.ask("HEAD", progress.resume, headers=_VERSION)
        offset = _number(answer.headers.get("upload-offset"))
        if succeeded(answer) and offset is not None and offset <= size:
            return progress.resume, offset
        return None, 0

    def _create(self, other: TusFile, size: int) -> str:
        headers = {**_VERSION, "Upload-Length": str(size), "Content-Length": "0"}
        answer = self.client.ask("POST", other.uploads, headers=headers)
        require_success(answer)
        location = answer.headers.get("location")
        if not location:
            raise TransferRefused("the upload endpoint did not say where to upload")
        return urljoin(other.uploads, location)

    def _append(self, upload: str, stream: RawIOBase, offset: int, size: int, progress: Progress) -> int:
        """Send one chunk; return how far the upload is then."""
        headers = {
            **_VERSION,
            "Upload-Offset": str(offset),
            "Content-Type": "application/offset+octet-stream",
        }
        chunk = _Chunk(stream, offset, size, progress)
        answer = self.client.ask("PATCH", upload, headers=headers, body=chunk)
        require_success(answer)
        reached = _number(answer.headers.get("upload-offset"))
        if reached is None or not offset < reached <= offset + size:
            raise TransferInterrupted(f"the upload endpoint took nothing at {offset} of {offset + size}")
        return reached


@attrs.frozen
class _Chunk:
    """A part of a file as the body of a request."""

    stream: RawIOBase
    offset: int
    size: int
    progress: Progress

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[bytes]:
        return pieces(self.stream, self.offset, self.size, self.progress)


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else None
