"""Files behind Galaxy's URLs: GET, going on where it broke off, and POST (protocol section 5.3)."""

from __future__ import annotations

import os
import re
from http import HTTPStatus
from io import RawIOBase
from urllib.parse import parse_qs, urlsplit

import attrs

from pulsar_runtime.domain.errors import TransferInterrupted
from pulsar_runtime.domain.staging import HttpFile
from pulsar_runtime.staging.http_client import Answer, HttpClient, require_success, succeeded
from pulsar_runtime.staging.multipart import MultipartFile
from pulsar_runtime.staging.pieces import PIECE_BYTES, pieces, size_of
from pulsar_runtime.staging.progress import Progress

#: It is not worth a record to be able to go on with less.
_WORTH_RESUMING_BYTES = 4 * 1024 * 1024

#: Galaxy adds to these files rather than replacing them (protocol section 5.3).
_APPENDED = ("tool_stdout", "tool_stderr")

_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


@attrs.frozen
class HttpFiles:
    """Implements `Carrier` with HTTP."""

    client: HttpClient

    def fetch(self, other: HttpFile, path: str, progress: Progress) -> None:
        """Write what the URL gives to *path*, from where an earlier attempt broke off if that is certain."""
        held = os.path.getsize(path) if progress.resume and os.path.exists(path) else 0
        if held and progress.resume:
            headers = {"Range": f"bytes={held}-", "If-Range": progress.resume}
            with self.client.ask("GET", other.url, headers=headers, follow=True) as answer:
                if answer.status_code == HTTPStatus.PARTIAL_CONTENT and _begins_at(answer, held):
                    _receive(answer, path, held, progress)
                    return
                if answer.status_code == HTTPStatus.OK:
                    # It has changed, or this server does not do ranges.
                    _receive(answer, path, 0, progress)
                    return
                if answer.status_code != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                    require_success(answer)
        with self.client.ask("GET", other.url, headers={}, follow=True) as answer:
            if answer.status_code != HTTPStatus.OK:
                require_success(answer)
                raise TransferInterrupted(f"the files endpoint answered {answer.status_code} to a plain GET")
            _receive(answer, path, 0, progress)

    def send(self, other: HttpFile, stream: RawIOBase, progress: Progress) -> None:
        """Post the file."""
        size = size_of(stream)
        if self.is_there(other.url, size, progress):
            return
        name = os.path.basename(_target(other.url))
        body = MultipartFile(name, size, pieces(stream, 0, size, progress))
        headers = {"Content-Type": body.content_type}
        with self.client.ask("POST", other.url, headers=headers, body=body) as answer:
            require_success(answer)

    def is_there(self, url: str, size: int, progress: Progress) -> bool:
        """Tell whether a file that must not be sent twice has arrived, though nobody heard of it."""
        if not progress.again or not _target(url).endswith(_APPENDED):
            return False
        with self.client.ask("HEAD", url, headers={}, follow=True) as answer:
            return succeeded(answer) and answer.headers.get("Content-Length") == str(size)


def _target(url: str) -> str:
    """Return the path on Galaxy's side."""
    return parse_qs(urlsplit(url).query).get("path", [""])[-1]


def _begins_at(answer: Answer, held: int) -> bool:
    found = _CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", "").strip())
    return found is not None and int(found[1]) == held


def _receive(answer: Answer, path: str, held: int, progress: Progress) -> None:
    """Write an answer's body behind the *held* bytes; check its length if it was told."""
    told = answer.headers.get("Content-Length")
    encoded = answer.headers.get("Content-Encoding", "identity").lower() != "identity"
    left = int(told) if told is not None and told.isdigit() and not encoded else None
    if not held and not encoded and (left is None or left >= _WORTH_RESUMING_BYTES):
        validator = _validator(answer)
        if validator is not None:
            progress.remember(validator)
    received = 0
    with open(path, "r+b" if held else "wb", buffering=0) as file:
        file.seek(held)
        file.truncate()
        for piece in answer.iter_content(PIECE_BYTES):
            progress.require_wanted()
            file.write(piece)
            received += len(piece)
            progress.spend(len(piece))
    if left is not None and received != left:
        raise TransferInterrupted(f"{received} of {left} bytes came")


def _validator(answer: Answer) -> str | None:
    """Return what is certain to change with the file (RFC 9110, section 13.1.5)."""
    tag = answer.headers.get("ETag", "")
    if tag and not tag.startswith("W/"):
        return tag
    return answer.headers.get("Last-Modified")
