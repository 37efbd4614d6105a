"""HTTP by way of libcurl."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import attrs
import certifi
import pycurl

from pulsar_runtime.domain.errors import TransferError, TransferInterrupted, TransferRefused
from pulsar_runtime.staging.http_client import (
    CONNECT_SECONDS,
    EXCERPT_BYTES,
    REDIRECTS,
    Answer,
    Body,
    Taker,
    patience_seconds,
)

#: libcurl gives this much of a body at a time, at most.
_BUFFER_BYTES = 128 * 1024
#: What it takes of a request's body at once; the least and the most that it allows below a piece of ours.
_LEAST_TAKEN_BYTES = 16 * 1024
_MOST_TAKEN_BYTES = 1024 * 1024
#: So much of a body that nobody takes is read, for the connection to be used again.
_MOST_IGNORED_BYTES = 64 * 1024
#: What a callback returns to break off: another number than that of the bytes it was given.
_BREAK_OFF = -1

#: Errors that the same request would meet again (https://curl.se/libcurl/c/libcurl-errors.html).
_FOR_GOOD = frozenset(
    {
        pycurl.E_PEER_FAILED_VERIFICATION,
        pycurl.E_SSL_CACERT_BADFILE,
        pycurl.E_TOO_MANY_REDIRECTS,
        pycurl.E_UNSUPPORTED_PROTOCOL,
        pycurl.E_URL_MALFORMAT,
    }
)


class CurlClient:
    """Implements `HttpClient`; each thread keeps a connection to each server."""

    def __init__(self, ca_file: Path | None) -> None:
        self._ca_file = str(ca_file) if ca_file is not None else certifi.where()
        self._local = threading.local()

    def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: Body | bytes | None = None,
        follow: bool = False,
        into: Callable[[Answer], Taker | None] | None = None,
    ) -> Answer:
        """Return the answer, whatever its status."""
        easy = self._easy()
        reading = _Reading(into)
        sending = None
        easy.setopt(pycurl.URL, url.encode())
        easy.setopt(pycurl.CAINFO, self._ca_file)
        easy.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        easy.setopt(pycurl.NOSIGNAL, 1)
        easy.setopt(pycurl.BUFFERSIZE, _BUFFER_BYTES)
        easy.setopt(pycurl.CONNECTTIMEOUT_MS, int(CONNECT_SECONDS * 1000))
        easy.setopt(pycurl.LOW_SPEED_LIMIT, 1)
        easy.setopt(pycurl.LOW_SPEED_TIME, int(patience_seconds(method)))
        easy.setopt(pycurl.FOLLOWLOCATION, int(follow))
        easy.setopt(pycurl.MAXREDIRS, REDIRECTS)
        # Has it undo what a server does all the same.
        easy.setopt(pycurl.ACCEPT_ENCODING, "identity")
        easy.setopt(pycurl.HTTPHEADER, [f"{name}: {value}" for name, value in headers.items()])
        easy.setopt(pycurl.HEADERFUNCTION, reading.take_header)
        easy.setopt(pycurl.WRITEFUNCTION, reading.take_piece)
        if method == "HEAD":
            easy.setopt(pycurl.NOBODY, 1)
        elif body is not None:
            sending = _Sending(iter([body]) if isinstance(body, bytes) else iter(body))
            taken = min(max(len(body), _LEAST_TAKEN_BYTES), _MOST_TAKEN_BYTES)
            easy.setopt(pycurl.UPLOAD, 1)
            easy.setopt(pycurl.INFILESIZE_LARGE, len(body))
            easy.setopt(pycurl.UPLOAD_BUFFERSIZE, taken)
            easy.setopt(pycurl.READFUNCTION, sending.give)
        if method not in ("GET", "HEAD"):
            easy.setopt(pycurl.CUSTOMREQUEST, method)
        try:
            easy.perform()
        except pycurl.error as exc:
            # What broke it off is the reason; libcurl only knows that somebody did.
            if sending is not None and sending.error is not None:
                raise sending.error from None
            if reading.error is not None:
                raise reading.error from None
            if not reading.ignored:
                raise _translated(exc, url, easy) from exc
            # Of an answer whose body nobody takes, enough has come.
        finally:
            # It keeps its connections, and nothing of this request.
            easy.reset()
        return reading.ended()

    def _easy(self) -> pycurl.Curl:
        easy: pycurl.Curl | None = getattr(self._local, "easy", None)
        if easy is None:
            easy = self._local.easy = pycurl.Curl()
        return easy


class _Sending:
    """The body of a request."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.error: TransferError | None = None
        self._pieces = pieces
        self._rest: bytes | memoryview = b""

    def give(self, size: int) -> bytes | int:
        """Return what comes next, of that size at most."""
        try:
            piece = self._rest or next(self._pieces, b"")
        except TransferError as exc:
            self.error = exc
            return int(pycurl.READFUNC_ABORT)
        if len(piece) <= size:
            self._rest = b""
            return bytes(piece)  # which copies nothing that is bytes already
        view = memoryview(piece)
        self._rest = view[size:]
        return bytes(view[:size])


class _Reading:
    """An answer that comes in."""

    def __init__(self, into: Callable[[Answer], Taker | None] | None) -> None:
        self.error: TransferError | OSError | None = None
        #: What has come of a body that nobody takes.
        self.ignored = bytearray()
        self._into = into
        self._answer: Answer | None = None
        self._take: Taker | None = None
        self._status = (0, "")
        self._headers: dict[str, str] = {}

    def take_header(self, line: bytes) -> None:
        """Take a line of a head, which may be that of a redirect, or of permission to go on."""
        text = line.decode("iso-8859-1").strip()
        if text.startswith("HTTP/"):
            _, code, *reason = text.split(" ", 2)
            self._status, self._headers = (int(code), " ".join(reason)), {}
        elif ":" in text:
            name, _, value = text.partition(":")
            self._headers[name.lower()] = value.strip()

    def take_piece(self, piece: bytes) -> int | None:
        """Take a piece of the body."""
        try:
            self._begin()
            if self._take is not None:
                self._take(piece)
                return None
        except (TransferError, OSError) as exc:
            self.error = exc
            return _BREAK_OFF
        self.ignored += piece
        return _BREAK_OFF if len(self.ignored) > _MOST_IGNORED_BYTES else None

    def ended(self) -> Answer:
        """Return the answer."""
        answer = self._begin()
        return attrs.evolve(answer, excerpt=bytes(self.ignored[:EXCERPT_BYTES])) if self.ignored else answer

    def _begin(self) -> Answer:
        if self._answer is None:
            code, reason = self._status
            self._answer = Answer(status_code=code, reason=reason, headers=self._headers)
            if self._into is not None:
                self._take = self._into(self._answer)
        return self._answer


def _translated(error: pycurl.error, url: str, easy: pycurl.Curl) -> TransferError:
    code, message = error.args
    words = [urlsplit(url).netloc.rpartition("@")[2], message or f"libcurl error {code}"]
    if code == pycurl.E_COULDNT_CONNECT and (number := easy.getinfo(pycurl.OS_ERRNO)):
        # Nobody there, or no way there: libcurl does not tell.
        words.append(os.strerror(number))
    return (TransferRefused if code in _FOR_GOOD else TransferInterrupted)(": ".join(words))
