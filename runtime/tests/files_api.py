"""Galaxy's side of the staging: its job files API and its endpoint for uploads in pieces (protocol 5.3, 5.4).

It obeys the protocol's tables and nothing of our code. Tests plan what is to go wrong.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import socket
import ssl
import sys
import threading
import traceback
import uuid
from collections.abc import Callable, Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, quote, urlsplit

import attrs

JOB_KEY = "key-of-the-tests"
_APPENDED = ("tool_stdout", "tool_stderr")
_PIECE = 1024 * 1024
_GATE_LIMIT = 30.0


@attrs.frozen(kw_only=True)
class Call:
    """One request that arrived."""

    method: str
    #: The last words of the endpoint: ``files`` or ``resumable_upload``.
    endpoint: str
    #: Galaxy's path of the file, or the name of the upload.
    path: str
    file_type: str
    headers: dict[str, str]

    @property
    def name(self) -> str:
        """The last component of the path."""
        return self.path.rpartition("/")[2]

    @property
    def size(self) -> int:
        """How many bytes it brought."""
        return int(self.headers.get("Content-Length", 0))


@attrs.frozen(kw_only=True)
class Fault:
    """What goes wrong with a request."""

    #: Answer so in place of doing anything.
    status: int | None = None
    #: Break the connection after so many bytes of the file have gone in either direction.
    break_after: int | None = None
    #: Break the connection after everything was done, in place of an answer.
    break_answer: bool = False
    #: Say that the file is so much longer than it is.
    longer_by: int = 0
    #: Wait for this, after so many bytes of the file.
    gate: threading.Event | None = None
    gate_after: int = 0


class FilesApi:
    """Serves the files of a Galaxy whose root directory is *root*; may stop and start at its address.

    It listens at the *address*, so that other machines may be let in; its URLs are for this one.
    """

    def __init__(self, root: Path, tls: ssl.SSLContext | None = None, *, address: str = "127.0.0.1") -> None:
        self.root = root
        self.tls = tls
        self.address = address
        self.calls: list[Call] = []
        #: How often somebody connected.
        self.connections = 0
        #: Whether every job's key is good.
        self.any_key = False
        #: Whether the job may still get and give files.
        self.active = True
        #: Whether files have what tells that they have not changed.
        self.validators = True
        self._faults: list[tuple[Callable[[Call], bool], Fault]] = []
        self._uploads: dict[str, tuple[int, bytearray]] = {}
        self._lock = threading.Lock()
        with socket.socket() as probe:
            probe.bind((address, 0))
            self.port: int = probe.getsockname()[1]
        self._server: _Server | None = None

    @property
    def endpoint(self) -> str:
        """What Galaxy would send as the files endpoint of a job."""
        scheme = "https" if self.tls else "http"
        return f"{scheme}://127.0.0.1:{self.port}/api/jobs/0123abcd/files?job_key={JOB_KEY}"

    def url(self, path: str, file_type: str = "input") -> str:
        """Return the URL of a file."""
        return f"{self.endpoint}&path={quote(path, safe='')}&file_type={file_type}"

    def start(self) -> None:
        """Begin to listen."""
        self._server = _Server(self)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Refuse and break every connection."""
        server, self._server = self._server, None
        if server is not None:
            server.end()

    def plan(self, fault: Fault, method: str, name: str = "", *, times: int = 1, at_least: int = 0) -> None:
        """Let requests of this method, for files whose path ends so, of so many bytes, meet *fault*."""

        def matches(call: Call) -> bool:
            return call.method == method and call.path.endswith(name) and call.size >= at_least

        self._faults.extend([(matches, fault)] * times)

    def calls_of(self, method: str, name: str = "") -> list[Call]:
        """Return the requests of this method for files whose path ends so."""
        return [call for call in self.calls if call.method == method and call.path.endswith(name)]

    def file(self, path: str) -> Path:
        """Return where Galaxy's file is on this machine."""
        return self.root / path.lstrip("/")

    def write(self, path: str, content: str | bytes) -> None:
        """Give Galaxy a file."""
        file = self.file(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)

    def meet(self, call: Call) -> Fault:
        """Return what goes wrong with a request."""
        with self._lock:
            self.calls.append(call)
            for number, (matches, fault) in enumerate(self._faults):
                if matches(call):
                    del self._faults[number]
                    return fault
        return Fault()

    def begin_upload(self, size: int) -> str:
        """Begin an upload in pieces and name it."""
        name = uuid.uuid4().hex
        self._uploads[name] = (size, bytearray())
        return name

    def upload(self, name: str) -> tuple[int, bytearray] | None:
        """Return the size and the bytes of an upload so far."""
        return self._uploads.get(name)

    def take_upload(self, name: str) -> bytes | None:
        """Return an upload that is whole, and forget it."""
        size, data = self._uploads.get(name, (-1, bytearray()))
        if len(data) != size:
            return None
        del self._uploads[name]
        return bytes(data)


@contextlib.contextmanager
def running_files_api(root: Path, tls: ssl.SSLContext | None = None) -> Iterator[FilesApi]:
    """Run an API for as long as the block lasts."""
    api = FilesApi(root, tls)
    api.start()
    try:
        yield api
    finally:
        api.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, api: FilesApi) -> None:
        self.api = api
        self._sockets: set[socket.socket] = set()
        super().__init__((api.address, api.port), _Handler)
        if api.tls is not None:
            # The handshake is for the thread of the connection.
            self.socket = api.tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def process_request(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override]  # typeshed allows datagrams too
        self._sockets.add(request)
        self.api.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, _request: object, _client_address: object) -> None:
        """Say nothing of connections that break: they do in many tests."""
        if not isinstance(sys.exception(), OSError):
            traceback.print_exc()

    def end(self) -> None:
        self.shutdown()
        self.server_close()
        for each in list(self._sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


class _Broken(Exception):
    """The connection is to break now."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        # Whoever writes a large answer does it in large pieces.
        self.api = self.server.api

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except _Broken:
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)

    def do_GET(self) -> None:
        self._files(with_body=True)

    def do_HEAD(self) -> None:
        if self._parts()[0] == "resumable_upload":
            self._upload_offset()
        else:
            self._files(with_body=False)

    def do_POST(self) -> None:
        if self._parts()[0] == "resumable_upload":
            self._begin_upload()
        else:
            self._receive()

    def do_PATCH(self) -> None:
        call, fault = self._met()
        if self._refused(fault):
            return
        found = self.api.upload(call.path)
        if found is None or int(self.headers["Upload-Offset"]) != len(found[1]):
            self._answer(404 if found is None else 409)
            return
        assert self.headers["Tus-Resumable"] == "1.0.0"
        assert self.headers["Content-Type"] == "application/offset+octet-stream"
        for piece in self._body(fault):
            found[1].extend(piece)
        self._answer(204, {"Tus-Resumable": "1.0.0", "Upload-Offset": str(len(found[1]))}, fault=fault)

    # --- files ---

    def _files(self, *, with_body: bool) -> None:
        call, fault = self._met()
        if self._refused(fault) or not self._allowed(call):
            return
        file = self.api.file(call.path)
        if not file.is_file():
            self._answer(500, text="no such file")
            return
        data = file.read_bytes()
        headers = {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes"}
        if self.api.validators:
            headers["ETag"] = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
            headers["Last-Modified"] = formatdate(file.stat().st_mtime, usegmt=True)
        start, status = 0, 200
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if asked and self.headers.get("If-Range") in (
            None,
            headers.get("ETag"),
            headers.get("Last-Modified"),
        ):
            start, status = int(asked[1]), 206
            if start >= len(data):
                self._answer(416, {"Content-Range": f"bytes */{len(data)}"})
                return
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        body = data[start:]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) + fault.longer_by))
        self.end_headers()
        if with_body and fault.gate is not None:
            self.wfile.write(body[: fault.gate_after])
            self._wait(fault)
            self.wfile.write(body[fault.gate_after :])
        elif with_body:
            self.wfile.write(body if fault.break_after is None else body[: fault.break_after])
        if fault.break_after is not None or fault.longer_by:
            raise _Broken

    def _receive(self) -> None:
        call, fault = self._met()
        if self._refused(fault):
            return
        kind = self.headers.get("Content-Type", "")
        body = b"".join(self._body(fault))
        if not self._allowed(call):
            return
        if kind.startswith("multipart/form-data"):
            content = _part_named_file(body, kind)
        elif kind == "application/x-www-form-urlencoded":
            content = self.api.take_upload(dict(parse_qsl(body.decode()))["session_id"])
        else:
            content = None
        if content is None or not call.path:
            self._answer(400, text="no file")
            return
        file = self.api.file(call.path)
        file.parent.mkdir(parents=True, exist_ok=True)
        appends = call.path.endswith(_APPENDED) and file.exists()
        with file.open("ab" if appends else "wb") as target:
            target.write(content)
        self._answer(
            200, {"Content-Type": "application/json"}, text=json.dumps({"message": "ok"}), fault=fault
        )

    # --- uploads in pieces ---

    def _begin_upload(self) -> None:
        call, fault = self._met()
        if self._refused(fault) or not self._allowed(call):
            return
        assert self.headers["Tus-Resumable"] == "1.0.0"
        name = self.api.begin_upload(int(self.headers["Upload-Length"]))
        host = self.headers["Host"]
        location = f"http://{host}/api/job_files/resumable_upload/{name}"
        self._answer(201, {"Location": location, "Tus-Resumable": "1.0.0"}, fault=fault)

    def _upload_offset(self) -> None:
        call, fault = self._met()
        if self._refused(fault):
            return
        found = self.api.upload(call.path)
        if found is None:
            self._answer(404)
        else:
            length, data = found
            self._answer(200, {"Upload-Offset": str(len(data)), "Upload-Length": str(length)})

    # --- all ---

    def _parts(self) -> tuple[str, str]:
        """Return which endpoint is meant, and what follows it."""
        path = urlsplit(self.path).path
        if re.fullmatch(r"/api/jobs/[^/]+/files", path):
            return "files", ""
        found = re.fullmatch(r"/api/job_files/(resumable_upload)(?:/([\w-]+))?", path)
        return (found[1], found[2] or "") if found else ("", "")

    def _met(self) -> tuple[Call, Fault]:
        endpoint, name = self._parts()
        query = parse_qs(urlsplit(self.path).query)
        call = Call(
            method=self.command,
            endpoint=endpoint,
            path=name or query.get("path", [""])[0],
            file_type=query.get("file_type", [""])[0],
            headers=dict(self.headers.items()),
        )
        self._key = query.get("job_key", [""])[0]
        return call, self.api.meet(call)

    def _wait(self, fault: Fault) -> None:
        if fault.gate is not None and not fault.gate.wait(_GATE_LIMIT):
            raise _Broken

    def _refused(self, fault: Fault) -> bool:
        if fault.status is None:
            return False
        self._wait(fault)
        for _ in self._body(Fault()):
            pass
        self._answer(fault.status, text="planned")
        return True

    def _allowed(self, call: Call) -> bool:
        if (self._key == JOB_KEY or self.api.any_key) and self.api.active and call.endpoint:
            return True
        self._answer(403, text="not this job")
        return False

    def _body(self, fault: Fault) -> Iterator[bytes]:
        left = int(self.headers.get("Content-Length", 0))
        most = left if fault.break_after is None else min(left, fault.break_after)
        if fault.gate is not None:
            before = min(most, fault.gate_after)
            most -= before
            yield self.rfile.read(before)
            self._wait(fault)
        while most:
            piece = self.rfile.read(min(_PIECE, most))
            if not piece:
                raise _Broken
            most -= len(piece)
            yield piece
        if fault.break_after is not None:
            raise _Broken

    def _answer(
        self,
        status: int,
        headers: dict[str, str] | None = None,
        *,
        text: str = "",
        fault: Fault | None = None,
    ) -> None:
        if fault is not None and fault.break_answer:
            raise _Broken
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text.encode())


def _part_named_file(body: bytes, kind: str) -> bytes | None:
    boundary = kind.partition("boundary=")[2].encode()
    head, _, rest = body.partition(b"\r\n\r\n")
    end = b"\r\n--" + boundary + b"--\r\n"
    if not head.startswith(b"--" + boundary) or b'name="file"' not in head or not rest.endswith(end):
        return None
    return rest[: -len(end)]
