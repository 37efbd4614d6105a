"""HTTP by way of libcurl."""

from __future__ import annotations

import os
import select
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import certifi
import pycurl

from pulsar_runtime.domain.errors import TransferError, TransferInterrupted, TransferRefused
from pulsar_runtime.staging.http_client import CONNECT_SECONDS, REDIRECTS, Body, patience_seconds

#: How long to wait for something to happen before looking again.
_WAIT_MILLISECONDS = 1000
#: libcurl may fill it several times before it lets us look.
_BUFFER_BYTES = 128 * 1024
#: What it takes of a request's body at once; the least and the most that it allows below a piece of ours.
_LEAST_TAKEN_BYTES = 16 * 1024
_MOST_TAKEN_BYTES = 1024 * 1024

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

    @contextmanager
    def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: Body | bytes | None = None,
        follow: bool = False,
    ) -> Iterator[CurlAnswer]:
        """Give the answer, whatever its status, before its body has been read."""
        loop = self._loop()
        easy = pycurl.Curl()
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
        given = {"Accept-Encoding": "identity", **headers}
        answer = CurlAnswer(loop, easy, urlsplit(url).netloc.rpartition("@")[2])
        if method == "HEAD":
            easy.setopt(pycurl.NOBODY, 1)
        elif body is not None:
            easy.setopt(pycurl.UPLOAD, 1)
            easy.setopt(pycurl.INFILESIZE_LARGE, len(body))
            taken = min(max(len(body), _LEAST_TAKEN_BYTES), _MOST_TAKEN_BYTES)
            easy.setopt(pycurl.UPLOAD_BUFFERSIZE, taken)
            answer.send(iter([body]) if isinstance(body, bytes) else iter(body))
        if method not in ("GET", "HEAD"):
            easy.setopt(pycurl.CUSTOMREQUEST, method)
        easy.setopt(pycurl.HTTPHEADER, [f"{name}: {value}" for name, value in given.items()])
        loop.multi.add_handle(easy)
        try:
            answer.await_head()
            yield answer
        finally:
            loop.multi.remove_handle(easy)
            easy.close()

    def _loop(self) -> _Loop:
        loop: _Loop | None = getattr(self._local, "loop", None)
        if loop is None:
            loop = self._local.loop = _Loop()
        return loop


class _Loop:
    """One thread's connections, and the waiting for them.

    By poll(2): select(2), which libcurl offers, cannot wait for descriptors above 1023.
    """

    def __init__(self) -> None:
        self.multi = pycurl.CurlMulti()
        self._poll = select.poll()
        self.multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)

    def turn(self, wait_milliseconds: int) -> bool:
        """Do what can be done, after waiting for it that long at most; tell whether a transfer goes on."""
        allowed = self.multi.timeout()
        wait = wait_milliseconds if allowed < 0 else min(wait_milliseconds, allowed)
        events = self._poll.poll(wait)
        active = 1
        for descriptor, event in events:
            ready = pycurl.CSELECT_IN * bool(event & ~select.POLLOUT)
            ready |= pycurl.CSELECT_OUT * bool(event & select.POLLOUT)
            _, active = self.multi.socket_action(descriptor, ready)
        if not events:
            _, active = self.multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        return bool(active)

    def _watch(self, what: int, descriptor: int, _multi: object, _data: object) -> None:
        if what == pycurl.POLL_REMOVE:
            with suppress(KeyError):
                self._poll.unregister(descriptor)
        else:
            reading = select.POLLIN * bool(what & pycurl.POLL_IN)
            self._poll.register(descriptor, reading | select.POLLOUT * bool(what & pycurl.POLL_OUT))


class CurlAnswer:
    """Implements `Answer`; the transfer goes on while its body is read."""

    def __init__(self, loop: _Loop, easy: pycurl.Curl, host: str) -> None:
        self.status_code = 0
        self.reason = ""
        self.headers: Mapping[str, str] = _AnyCase()
        self._loop = loop
        self._host = host
        self._received: deque[bytes] = deque()
        self._over = False
        self._error: TransferError | None = None
        easy.setopt(pycurl.HEADERFUNCTION, self._take_header)
        easy.setopt(pycurl.WRITEFUNCTION, self._received.append)
        self._easy = easy

    def send(self, pieces: Iterator[bytes]) -> None:
        """Have the request's body read from *pieces*."""
        rest: bytes | memoryview = b""

        def read(size: int) -> bytes | int:
            nonlocal rest
            try:
                piece = rest or next(pieces, b"")
            except TransferError as exc:
                self._error = exc
                return int(pycurl.READFUNC_ABORT)
            if len(piece) <= size:
                rest = b""
                return bytes(piece)  # which copies nothing that is bytes already
            view = memoryview(piece)
            rest = view[size:]
            return bytes(view[:size])

        self._easy.setopt(pycurl.READFUNCTION, read)

    def await_head(self) -> None:
        """Wait for what comes before the answer's body, or for its end; raises how the transfer failed."""
        while not self._received and not self._over:
            self._turn()
        if not self._received:
            self._require_whole()

    def iter_content(self, chunk_size: int) -> Iterator[bytes]:  # noqa: ARG002 - pieces are as libcurl gives them
        """Yield the body in pieces; raises how the transfer failed after what has come."""
        while True:
            while self._received:
                yield self._received.popleft()
            if self._over:
                self._require_whole()
                return
            self._turn()

    def _turn(self) -> None:
        """Let libcurl do what can be done, or wait until something can."""
        self._over = not self._loop.turn(_WAIT_MILLISECONDS)
        _, _, failed = self._loop.multi.info_read()
        for easy, code, message in failed:
            kind = TransferRefused if code in _FOR_GOOD else TransferInterrupted
            words = [self._host, message or f"libcurl error {code}"]
            if code == pycurl.E_COULDNT_CONNECT and (number := easy.getinfo(pycurl.OS_ERRNO)):
                # Nobody there, or no way there: libcurl does not tell.
                words.append(os.strerror(number))
            # What stopped the body of the request is the reason; libcurl only knows that it stopped.
            self._error = self._error or kind(": ".join(words))

    def _require_whole(self) -> None:
        if self._error is not None:
            raise self._error

    def _take_header(self, line: bytes) -> None:
        text = line.decode("iso-8859-1").strip()
        if text.startswith("HTTP/"):
            # Heads of redirects, and of permission to go on, come before.
            _, code, *reason = text.split(" ", 2)
            self.status_code, self.reason, self.headers = int(code), " ".join(reason), _AnyCase()
        elif ":" in text:
            name, _, value = text.partition(":")
            self.headers = _AnyCase({**self.headers, name.lower(): value.strip()})


class _AnyCase(dict[str, str]):
    """Headers, kept by lower-case names."""

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]  # text only
        """Return a header."""
        return super().get(name.lower(), default)
