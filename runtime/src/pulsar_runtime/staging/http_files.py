"""Files behind Galaxy's URLs: GET, going on where it broke off, and POST (protocol section 5.3)."""

from __future__ import annotations

import os
import re
from http import HTTPStatus
from io import FileIO, RawIOBase
from urllib.parse import unquote_plus

import attrs

from pulsar_runtime.domain.errors import TransferInterrupted
from pulsar_runtime.domain.staging import HttpFile
from pulsar_runtime.staging.http_client import Answer, HttpClient, Taker, require_success, succeeded
from pulsar_runtime.staging.multipart import MultipartFile
from pulsar_runtime.staging.pieces import pieces, size_of
from pulsar_runtime.staging.progress import Progress

#: It is not worth a record to be able to go on with less.
_WORTH_RESUMING_BYTES = 4 * 1024 * 1024

#: Galaxy adds to these files rather than replacing them (protocol section 5.3).
_APPENDED = ("tool_stdout", "tool_stderr")

_PATH = re.compile(r"[?&]path=([^&#]*)")
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


@attrs.frozen
class HttpFiles:
    """Implements `Carrier` with HTTP."""

    client: HttpClient

    def fetch(self, other: HttpFile, path: str, progress: Progress) -> None:
        """Write what the URL gives to *path*, from where an earlier attempt broke off if that is certain."""
        # Unbuffered, for what has come to be there when the agent is killed.
        with open(path, "ab", buffering=0) as file:
            arrival = _Arrival(file, progress)
            if arrival.held and progress.resume:
                headers = {"Range": f"bytes={arrival.held}-", "If-Range": progress.resume}
                answer = self.client.ask("GET", other.url, headers=headers, follow=True, into=arrival.go_on)
                if arrival.is_whole():
                    return
                if answer.status_code != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                    require_success(answer)
            answer = self.client.ask("GET", other.url, headers={}, follow=True, into=arrival.begin)
            if not arrival.is_whole():
                require_success(answer)
                raise TransferInterrupted(f"the files endpoint answered {answer.status_code} to a plain GET")

    def send(self, other: HttpFile, stream: RawIOBase, progress: Progress) -> None:
        """Post the file."""
        size = size_of(stream)
        if self.is_there(other.url, size, progress):
            return
        name = os.path.basename(_target(other.url))
        body = MultipartFile(name, size, pieces(stream, 0, size, progress))
        headers = {"Content-Type": body.content_type}
        require_success(self.client.ask("POST", other.url, headers=headers, body=body))

    def is_there(self, url: str, size: int, progress: Progress) -> bool:
        """Tell whether a file that must not be sent twice has arrived, though nobody heard of it."""
        if not progress.again or not _target(url).endswith(_APPENDED):
            return False
        answer = self.client.ask("HEAD", url, headers={}, follow=True)
        return succeeded(answer) and answer.headers.get("content-length") == str(size)


def _target(url: str) -> str:
    """Return the path on Galaxy's side."""
    found = _PATH.findall(url)
    return unquote_plus(found[-1]) if found else ""


class _Arrival:
    """A file that comes in behind the bytes that are held of it, or in place of them."""

    def __init__(self, file: FileIO, progress: Progress) -> None:
        self.held = file.tell()
        self._file = file
        self._progress = progress
        self._begun = False
        #: Bytes that are to come, if somebody told, and that have come.
        self._told: int | None = None
        self._received = 0

    def go_on(self, answer: Answer) -> Taker | None:
        """Take the rest; or all, from who does not do ranges, or whose file has changed."""
        if answer.status_code == HTTPStatus.PARTIAL_CONTENT and _begins_at(answer, self.held):
            return self._expect(answer)
        return self.begin(answer)

    def begin(self, answer: Answer) -> Taker | None:
        """Take all, of an answer that has it."""
        if answer.status_code != HTTPStatus.OK:
            return None
        if self.held:
            self._file.truncate(0)
        take = self._expect(answer)
        if not _is_encoded(answer) and (self._told is None or self._told >= _WORTH_RESUMING_BYTES):
            validator = _validator(answer)
            if validator is not None:
                self._progress.remember(validator)
        return take

    def _expect(self, answer: Answer) -> Taker:
        self._begun = True
        told = answer.headers.get("content-length")
        self._told = int(told) if told is not None and told.isdigit() and not _is_encoded(answer) else None
        return self._take

    def is_whole(self) -> bool:
        """Tell whether the file came; raises `TransferInterrupted` when a part of it is missing."""
        if self._begun and self._told is not None and self._received != self._told:
            raise TransferInterrupted(f"{self._received} of {self._told} bytes came")
        return self._begun

    def _take(self, piece: bytes) -> None:
        self._progress.require_wanted()
        rest = memoryview(piece)
        while rest:
            rest = rest[self._file.write(rest) :]
        self._received += len(piece)
        self._progress.spend(len(piece))


def _is_encoded(answer: Answer) -> bool:
    """Tell whether what comes is longer than what was told, and no place to go on from."""
    return answer.headers.get("content-encoding", "identity").lower() != "identity"


def _begins_at(answer: Answer, held: int) -> bool:
    found = _CONTENT_RANGE.fullmatch(answer.headers.get("content-range", "").strip())
    return found is not None and int(found[1]) == held


def _validator(answer: Answer) -> str | None:
    """Return what is certain to change with the file (RFC 9110, section 13.1.5)."""
    tag = answer.headers.get("etag", "")
    if tag and not tag.startswith("W/"):
        return tag
    return answer.headers.get("last-modified")
