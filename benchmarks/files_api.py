"""Galaxy's API for the files of jobs (protocol section 5.3), cheap enough not to be what is measured.

It sends files that are there, and lets those that come in pass: what was moved is all that is kept.
"""

from __future__ import annotations

import os
import re
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from functools import lru_cache
from io import BufferedReader
from urllib.parse import unquote_plus

import attrs

BUFFER_SIZE = 1 << 20
BACKLOG = 128

END_OF_HEAD = b"\r\n"
PATH = re.compile(rb"[?&]path=([^&]*)")
LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
BOUNDARY = re.compile(rb'(?i)\r\ncontent-type: *multipart/form-data; *boundary="?([^"\r]+)')
EXPECTATION = re.compile(rb"(?i)\r\nexpect: *100-continue")


@attrs.frozen
class Move:
    """A file that went out or came in, or was asked for."""

    method: str
    path: str
    size: int


class FilesApi(socketserver.ThreadingTCPServer):
    """Listens on loopback and notes every move; each connection has a thread."""

    daemon_threads = True
    request_queue_size = BACKLOG

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.moves: list[Move] = []

    @property
    def endpoint(self) -> str:
        """What Galaxy names as the files endpoint of a job."""
        return f"http://127.0.0.1:{self.server_address[1]}/api/jobs/1/files?job_key=1"


@contextmanager
def running_files_api() -> Iterator[FilesApi]:
    """Run an API for as long as the block lasts."""
    with FilesApi() as api:
        threading.Thread(target=api.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield api
        finally:
            api.shutdown()


class _Conversation(socketserver.StreamRequestHandler):
    """The requests of one connection, one after the other."""

    server: FilesApi
    rfile: BufferedReader
    rbufsize = 1 << 16
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self._dropped = memoryview(bytearray(BUFFER_SIZE))

    def handle(self) -> None:
        try:
            while head := self._head():
                self._answer(head)
        except ConnectionError:
            return  # whoever had more to say does so over another connection

    def _head(self) -> bytes:
        """Return what comes before a body, nothing when the connection has ended."""
        lines = []
        while (line := self.rfile.readline()) not in (END_OF_HEAD, b""):
            lines.append(line)
        return b"".join(lines)

    def _answer(self, head: bytes) -> None:
        method, _, target = head.partition(b" ")
        path = unquote_plus(_first(PATH, target.partition(b" ")[0]).decode("ascii"))
        # Each move is noted before its last byte is sent: whoever has that byte finds the move.
        if method == b"POST":
            self.server.moves.append(Move("POST", path, self._receive(head)))
            self._send("200 OK", "Content-Type: application/json", body=b'{"message": "ok"}')
        else:
            self._file(method.decode("ascii"), path)

    def _file(self, method: str, path: str) -> None:
        """Send a file with what tells that it has not changed, as Galaxy's web framework does."""
        with open(path, "rb", buffering=0) as file:
            stat = os.fstat(file.fileno())
            self.server.moves.append(Move(method, path, stat.st_size))
            length = stat.st_size if method == "GET" else 0
            self._send(
                "200 OK",
                "Content-Type: application/octet-stream",
                "Accept-Ranges: bytes",
                f"Last-Modified: {_date(int(stat.st_mtime))}",
                f'ETag: "{stat.st_mtime_ns:x}-{stat.st_size:x}"',
                length=stat.st_size,
                more=length > 0,
            )
            sent = 0
            while sent < length:
                sent += os.sendfile(self.request.fileno(), file.fileno(), sent, length - sent)

    def _receive(self, head: bytes) -> int:
        """Let a form with one file pass and return the size of the file."""
        if EXPECTATION.search(head):
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        left = length = int(_first(LENGTH, head))
        around = len(f"\r\n--{_first(BOUNDARY, head).decode()}--\r\n")
        while line := self.rfile.readline():
            left -= len(line)
            around += len(line)
            if line == END_OF_HEAD:
                break
        while left:
            read = self.rfile.readinto(self._dropped[:left])
            if not read:
                raise ConnectionResetError("the upload broke off")
            left -= read
        return length - around

    def _send(
        self, status: str, *headers: str, body: bytes = b"", length: int | None = None, more: bool = False
    ) -> None:
        lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body) if length is None else length}"]
        data = "\r\n".join([*lines, "", ""]).encode() + body
        self.request.sendall(data, socket.MSG_MORE if more else 0)


def _first(pattern: re.Pattern[bytes], text: bytes) -> bytes:
    found = pattern.search(text)
    if found is None:
        raise ValueError(f"the request has no {pattern.pattern.decode()}")
    return found[1]


@lru_cache
def _date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)
