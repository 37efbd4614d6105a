"""Galaxy's API for the files of jobs (protocol section 5.3), cheap enough not to be what is measured.

It sends files that are there, and lets those that come in pass: what was moved is all that is kept.
"""

from __future__ import annotations

import os
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from io import BufferedReader
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import attrs

BUFFER_SIZE = 1 << 20
BACKLOG = 128


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

    def handle(self) -> None:
        try:
            while line := self.rfile.readline():
                self._answer(line.decode("ascii"), self._headers())
        except ConnectionError:
            return  # whoever had more to say does so over another connection

    def _headers(self) -> dict[str, str]:
        headers = {}
        while line := self.rfile.readline().strip():
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        return headers

    def _answer(self, request: str, headers: dict[str, str]) -> None:
        method, target, _ = request.split()
        path = parse_qs(urlsplit(target).query)["path"][0]
        # Each move is noted before its last byte is sent: whoever has that byte finds the move.
        if method == "POST":
            self.server.moves.append(Move(method, path, self._receive(headers)))
            self._send("200 OK", "Content-Type: application/json", body=b'{"message": "ok"}')
        else:
            self._file(method, Path(path))

    def _file(self, method: str, path: Path) -> None:
        """Send a file with what tells that it has not changed, as Galaxy's web framework does."""
        with path.open("rb") as file:
            stat = os.fstat(file.fileno())
            self.server.moves.append(Move(method, str(path), stat.st_size))
            self._send(
                "200 OK",
                "Content-Type: application/octet-stream",
                "Accept-Ranges: bytes",
                f"Last-Modified: {formatdate(stat.st_mtime, usegmt=True)}",
                f'ETag: "{stat.st_mtime_ns:x}-{stat.st_size:x}"',
                length=stat.st_size,
            )
            if method == "GET":
                self.request.sendfile(file)

    def _receive(self, headers: dict[str, str]) -> int:
        """Let a form with one file pass and return the size of the file."""
        if headers.get("expect", "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        left = length = int(headers["content-length"])
        _, found, boundary = headers["content-type"].partition("boundary=")
        if not found:
            raise ValueError("what came in is not a form")
        around = len(f"\r\n--{boundary.strip(chr(34))}--\r\n")
        while line := self.rfile.readline():
            left -= len(line)
            around += len(line)
            if not line.strip():
                break
        buffer = memoryview(bytearray(BUFFER_SIZE))
        while left:
            read = self.rfile.readinto(buffer[:left])
            if not read:
                raise ConnectionResetError("the upload broke off")
            left -= read
        return length - around

    def _send(self, status: str, *headers: str, body: bytes = b"", length: int | None = None) -> None:
        lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body) if length is None else length}"]
        self.wfile.write("\r\n".join([*lines, "", ""]).encode() + body)
