"""Every way of moving files, against what is really at its other end: an HTTP server, a disk, an sshd."""

from __future__ import annotations

import gzip
import os
import resource
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal, Protocol

import attrs
import pytest

from pulsar_runtime.domain.errors import NotWanted, TransferInterrupted, TransferRefused, TransferStopped
from pulsar_runtime.domain.staging import (
    Counterpart,
    HttpFile,
    SharedFile,
    SshFile,
    SshLogin,
    TusFile,
)
from pulsar_runtime.staging.carrier import Carrier
from pulsar_runtime.staging.curl_client import CurlClient
from pulsar_runtime.staging.http_client import HttpClient
from pulsar_runtime.staging.http_files import HttpFiles
from pulsar_runtime.staging.progress import Progress
from pulsar_runtime.staging.requests_client import RequestsClient
from pulsar_runtime.staging.shared_files import SharedFiles
from pulsar_runtime.staging.ssh_files import SshFiles
from pulsar_runtime.staging.tus_files import TusFiles
from runtime.tests.certificates import authority, certificate
from runtime.tests.files_api import Fault, FilesApi, running_files_api
from runtime.tests.ssh_daemon import SshDaemon, running_ssh_daemon

WAYS = ["http", "tus", "http by curl", "tus by curl", "shared", "scp", "rsync"]
NAMES = [
    "plain.dat",
    "sub/two words \u00e9\u2603.dat",
    "a'b\"c$d`e;f&g|h.dat",
    "*?[x]\\y.dat",
    "-dash:100% + &=#?.dat",
]
CONTENTS = [b"", b"\0\xff\n", os.urandom(3_000_001)]


class Side(Protocol):
    """The other end of one way."""

    @property
    def carrier(self) -> Carrier[Any]:
        """What moves files there."""

    def counterpart(self, name: str) -> Counterpart:
        """Name a file there."""

    def path(self, name: str) -> Path:
        """Say where it is on this machine."""


@attrs.frozen
class Http:
    api: FilesApi
    pieces: bool
    carrier: Carrier[Any]

    def counterpart(self, name: str) -> Counterpart:
        url = self.api.url(f"/data/{name}", "output")
        if not self.pieces:
            return HttpFile(url)
        return TusFile(url, url.replace("jobs/0123abcd/files", "job_files/resumable_upload"))

    def path(self, name: str) -> Path:
        return self.api.file(f"/data/{name}")


@attrs.frozen
class Disk:
    root: Path
    carrier: Carrier[Any]

    def counterpart(self, name: str) -> Counterpart:
        return SharedFile(str(self.path(name)))

    def path(self, name: str) -> Path:
        return self.root / name


@attrs.frozen
class Ssh:
    root: Path
    daemon: SshDaemon
    program: Literal["scp", "rsync"]
    carrier: Carrier[Any]

    def counterpart(self, name: str) -> Counterpart:
        login = SshLogin(host="127.0.0.1", user=self.daemon.user, port=self.daemon.port, key=self.daemon.key)
        return SshFile(path=str(self.path(name)), login=login, program=self.program)

    def path(self, name: str) -> Path:
        return self.root / name


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshDaemon]:
    with running_ssh_daemon(tmp_path_factory.mktemp("ssh")) as daemon:
        yield daemon


@pytest.fixture
def api(tmp_path: Path) -> Iterator[FilesApi]:
    with running_files_api(tmp_path / "galaxy") as api:
        yield api


@pytest.fixture(params=WAYS)
def side(request: pytest.FixtureRequest, tmp_path: Path) -> Side:
    way = request.param
    if way.startswith(("http", "tus")):
        client: HttpClient = CurlClient(None) if way.endswith("curl") else RequestsClient(None)
        plain, pieces = HttpFiles(client), way.startswith("tus")
        carrier = TusFiles(client, plain, 1024 * 1024) if pieces else plain
        return Http(request.getfixturevalue("api"), pieces, carrier)
    (tmp_path / "theirs").mkdir()
    if way == "shared":
        return Disk(tmp_path / "theirs", SharedFiles())
    daemon: SshDaemon = request.getfixturevalue("daemon")
    return Ssh(tmp_path / "theirs", daemon, way, SshFiles(environ=os.environ, known_hosts=daemon.known_hosts))


def progress(stop: threading.Event | None = None) -> Progress:
    return Progress(stopped=(stop or threading.Event()).is_set, remember=lambda _: None)


def fetched(side: Side, name: str, target: Path) -> bytes:
    side.carrier.fetch(side.counterpart(name), str(target), progress())
    return target.read_bytes()


def send(side: Side, name: str, content: bytes, source: Path, stop: threading.Event | None = None) -> None:
    source.write_bytes(content)
    with open(source, "rb", buffering=0) as stream:
        side.carrier.send(side.counterpart(name), stream, progress(stop))


@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_that_file_and_no_other(side: Side, tmp_path: Path, name: str) -> None:
    send(side, name, b"sent\n", tmp_path / "ours")
    assert side.path(name).read_bytes() == b"sent\n"
    assert fetched(side, name, tmp_path / "back") == b"sent\n"


@pytest.mark.parametrize("content", CONTENTS, ids=len)
def test_any_content_arrives_as_it_is(side: Side, tmp_path: Path, content: bytes) -> None:
    send(side, "a.dat", content, tmp_path / "ours")
    assert side.path("a.dat").read_bytes() == content
    assert fetched(side, "a.dat", tmp_path / "back") == content


def test_what_is_there_is_replaced(side: Side, tmp_path: Path) -> None:
    for content in (b"a longer one", b"short"):
        send(side, "a.dat", content, tmp_path / "ours")
        assert fetched(side, "a.dat", tmp_path / "back") == content


def test_a_part_of_an_unknown_file_does_not_count(side: Side, tmp_path: Path) -> None:
    send(side, "a.dat", b"content", tmp_path / "ours")
    (tmp_path / "back").write_bytes(b"something else, and longer")
    assert fetched(side, "a.dat", tmp_path / "back") == b"content"


def test_what_is_not_there_cannot_be_fetched(side: Side, tmp_path: Path) -> None:
    with pytest.raises((TransferRefused, TransferInterrupted)) as raised:
        fetched(side, "missing.dat", tmp_path / "back")
    # Galaxy's answer is the one that it gives when it is ill (protocol section 5.3).
    assert raised.value.transient is isinstance(side, Http)


def test_a_pattern_is_not_any_file_that_matches(side: Side, tmp_path: Path) -> None:
    send(side, "abc.dat", b"another", tmp_path / "ours")
    with pytest.raises((TransferRefused, TransferInterrupted)):
        fetched(side, "a*.dat", tmp_path / "back")


def test_nothing_is_sent_that_is_not_wanted(side: Side, tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(TransferStopped):
        send(side, "a.dat", b"content" * 1_000_000, tmp_path / "ours", stop)


# --- http --------------------------------------------------------------------------------------------------


by_either = pytest.mark.parametrize("make_client", [RequestsClient, CurlClient])
MakeClient = Callable[[Path | None], HttpClient]


@by_either
def test_no_error_shows_the_right_to_use_a_url(
    api: FilesApi, tmp_path: Path, make_client: MakeClient
) -> None:
    files = HttpFiles(make_client(None))
    api.plan(Fault(status=400), "GET")
    api.plan(Fault(break_after=0), "GET")
    messages = []
    for stopped in (False, False, True):
        if stopped:
            api.stop()
        with pytest.raises((TransferRefused, TransferInterrupted)) as raised:
            files.fetch(HttpFile(api.url("/a.dat")), str(tmp_path / "a"), progress())
        messages.append(str(raised.value))
    assert messages[0].startswith("the files endpoint answered 400")
    assert messages[2].startswith(f"127.0.0.1:{api.port}: ")
    assert messages[2].endswith("Connection refused")
    assert not any("job_key" in message or "a.dat" in message for message in messages)


@by_either
def test_a_server_that_nobody_vouches_for_is_not_believed(tmp_path: Path, make_client: MakeClient) -> None:
    ours, other = (authority(tmp_path, name) for name in ("ours", "other"))
    made = {
        "good": certificate(tmp_path, "good", ours, "IP:127.0.0.1"),
        "another name": certificate(tmp_path, "elsewhere", ours, "DNS:elsewhere.example"),
    }
    for name, shown in made.items():
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(shown.file, shown.key)
        with running_files_api(tmp_path / "galaxy", tls) as api:
            api.write("/a.dat", b"x")
            url = HttpFile(api.url("/a.dat"))
            believed = [ours.file] if name == "good" else []
            for known in (None, other.file, *([] if believed else [ours.file])):
                with pytest.raises(TransferRefused, match="certificate"):
                    HttpFiles(make_client(known)).fetch(url, str(tmp_path / "a"), progress())
            for known in believed:
                HttpFiles(make_client(known)).fetch(url, str(tmp_path / "a"), progress())
                assert (tmp_path / "a").read_bytes() == b"x"


@by_either
def test_one_connection_serves_many_files(api: FilesApi, tmp_path: Path, make_client: MakeClient) -> None:
    files = HttpFiles(make_client(None))
    api.write("/a.dat", b"x")
    for _ in range(5):
        files.fetch(HttpFile(api.url("/a.dat")), str(tmp_path / "a"), progress())
        with open(tmp_path / "a", "rb", buffering=0) as stream:
            files.send(HttpFile(api.url("/b.dat")), stream, progress())
    assert api.connections == 1


@contextmanager
def running_stubborn_server(
    status: int, head: Mapping[str, str], body: bytes, *, missing: int = 0
) -> Iterator[str]:
    """Run a server that answers everything with the same, and *missing* bytes too few; give its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in {**head, "Content-Length": str(len(body) + missing)}.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(ConnectionError):
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/a.dat"
        finally:
            server.shutdown()


@by_either
def test_what_was_compressed_without_being_asked_for_is_not_kept_so(
    tmp_path: Path, make_client: MakeClient
) -> None:
    packed = gzip.compress(b"alpha\n" * 1000)
    with running_stubborn_server(200, {"Content-Encoding": "gzip"}, packed) as url:
        HttpFiles(make_client(None)).fetch(HttpFile(url), str(tmp_path / "a"), progress())
    assert (tmp_path / "a").read_bytes() == b"alpha\n" * 1000


@by_either
def test_a_part_that_nobody_asked_for_is_not_the_file(tmp_path: Path, make_client: MakeClient) -> None:
    with (
        running_stubborn_server(206, {"Content-Range": "bytes 0-4/9"}, b"alpha") as url,
        pytest.raises(TransferInterrupted, match="206"),
    ):
        HttpFiles(make_client(None)).fetch(HttpFile(url), str(tmp_path / "a"), progress())


@by_either
def test_a_file_that_does_not_fit_has_not_come(
    api: FilesApi, tmp_path: Path, make_client: MakeClient
) -> None:
    """The system writes what fits, and says so only when it is asked to write the rest."""
    api.write("/a.dat", b"x" * 5000)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, before[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            HttpFiles(make_client(None)).fetch(HttpFile(api.url("/a.dat")), str(tmp_path / "a"), progress())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_refusal_counts_though_its_reason_breaks_off(tmp_path: Path) -> None:
    with (
        running_stubborn_server(403, {}, b"not you", missing=100) as url,
        pytest.raises(NotWanted, match="403"),
    ):
        HttpFiles(CurlClient(None)).fetch(HttpFile(url), str(tmp_path / "a"), progress())


@by_either
def test_of_a_long_excuse_only_the_beginning_is_told(tmp_path: Path, make_client: MakeClient) -> None:
    with (
        running_stubborn_server(500, {}, b"no space left; " * 100_000) as url,
        pytest.raises(TransferInterrupted) as raised,
    ):
        HttpFiles(make_client(None)).fetch(HttpFile(url), str(tmp_path / "a"), progress())
    assert str(raised.value).startswith("the files endpoint answered 500 Internal Server Error: no space")
    assert len(str(raised.value)) < 400


def test_a_program_that_copies_is_ended_with_the_transfer(daemon: SshDaemon, tmp_path: Path) -> None:
    """It cannot ask whether it is still wanted."""
    os.mkfifo(tmp_path / "never")
    login = SshLogin(host="127.0.0.1", user=daemon.user, port=daemon.port, key=daemon.key)
    stop = threading.Event()
    threading.Timer(1.0, stop.set).start()
    before = time.monotonic()
    files = SshFiles(environ=os.environ, known_hosts=daemon.known_hosts)
    with pytest.raises((TransferStopped, TransferRefused)):
        files.fetch(
            SshFile(path=str(tmp_path / "never"), login=login, program="scp"),
            str(tmp_path / "a"),
            progress(stop),
        )
    assert time.monotonic() - before < 10


# --- ssh ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("program", ["scp", "rsync"])
def test_a_machine_that_is_not_known_is_not_believed(
    daemon: SshDaemon, tmp_path: Path, program: Literal["scp", "rsync"]
) -> None:
    (tmp_path / "a.dat").write_bytes(b"x")
    login = SshLogin(host="127.0.0.1", user=daemon.user, port=daemon.port, key=daemon.key)
    other = SshFile(path=str(tmp_path / "a.dat"), login=login, program=program)
    for known in (daemon.wrong_known_hosts, tmp_path / "no such file"):
        with pytest.raises(TransferRefused, match="Host key verification failed"):
            SshFiles(environ=os.environ, known_hosts=known).fetch(other, str(tmp_path / "b"), progress())
    SshFiles(environ=os.environ, known_hosts=tmp_path / "new", host_keys="accept-new").fetch(
        other, str(tmp_path / "b"), progress()
    )
    assert (tmp_path / "b").read_bytes() == b"x"


def test_a_wrong_key_is_refused(daemon: SshDaemon, tmp_path: Path) -> None:
    for key in ("not a key", None):
        login = SshLogin(host="127.0.0.1", user=daemon.user, port=daemon.port, key=key)
        other = SshFile(path="/etc/hostname", login=login, program="scp")
        with pytest.raises(TransferRefused):
            SshFiles(environ=os.environ, known_hosts=daemon.known_hosts).fetch(
                other, str(tmp_path / "b"), progress()
            )
