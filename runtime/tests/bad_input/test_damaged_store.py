"""A store that is damaged, foreign or too new: refused with what to do, and not changed by a byte."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime.tests.bad_input.answers import assert_refused
from runtime.tests.bad_input.api import Api, new_id
from runtime.tests.live_server import LiveServer, running_server, serve_command, wait_until

#: The server gives up by itself.
END_LIMIT = 20.0


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return the bytes of a real store that many jobs have written to."""
    with running_server(tmp_path_factory.mktemp("store-maker")) as server:
        api = Api(server=server)
        for _ in range(30):
            job_id = new_id()
            api.setup(job_id)
            api.submit(job_id, "exit 3 # " + "x" * 5000)
        api.wait(job_id)
        server.stop()
        return _store_of(server).read_bytes()


@pytest.fixture
def server(tmp_path: Path) -> LiveServer:
    """Return a server that is not started."""
    server = LiveServer(tmp_path / "server")
    _store_of(server).parent.mkdir()
    return server


def _garbage(_: bytes) -> bytes:
    return b"this is no database\n" * 1000


def _header_alone(store: bytes) -> bytes:
    return store[:100]


def _half(store: bytes) -> bytes:
    return store[: len(store) // 2]


def _all_but_a_page(store: bytes) -> bytes:
    return store[:-4096]


def _overwritten(store: bytes) -> bytes:
    middle = len(store) // 2
    return store[:4096] + b"\xa5" * (middle - 4096) + store[middle:]


def _zeros_within(store: bytes) -> bytes:
    return store[:8192] + bytes(16384) + store[24576:]


DAMAGES: list[Callable[[bytes], bytes]] = [
    _garbage,
    _header_alone,
    _half,
    _all_but_a_page,
    _overwritten,
    _zeros_within,
]


@pytest.mark.parametrize(
    ("damage", "program"), [*((damage, "serve") for damage in DAMAGES), (_garbage, "agent"), (_half, "agent")]
)
def test_a_damaged_store_is_refused_and_left_as_it_is(
    server: LiveServer, store: bytes, damage: Callable[[bytes], bytes], program: str
) -> None:
    content = damage(store)
    _store_of(server).write_bytes(content)
    said = _refusal(server, program)
    assert "damaged" in said
    assert str(_store_of(server)) in said
    assert "recover" in said, "what to do"
    assert _store_of(server).read_bytes() == content


@pytest.mark.parametrize(("program", "journal"), [("serve", "delete"), ("agent", "delete"), ("serve", "wal")])
def test_the_database_of_another_program_is_refused_and_left_as_it_is(
    server: LiveServer, program: str, journal: str
) -> None:
    with sqlite3.connect(_store_of(server)) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal}")
        connection.execute("CREATE TABLE job (theirs TEXT)")
        connection.execute("INSERT INTO job VALUES ('kept')")
    connection.close()
    content = _store_of(server).read_bytes()
    said = _refusal(server, program)
    assert "another program" in said
    assert "persistence_directory" in said, "what to do"
    assert _store_of(server).read_bytes() == content


@pytest.mark.parametrize("program", ["serve", "agent"])
def test_a_newer_schema_is_refused_and_left_as_it_is(server: LiveServer, store: bytes, program: str) -> None:
    _store_of(server).write_bytes(store)
    with sqlite3.connect(_store_of(server)) as connection:
        connection.execute("INSERT INTO schema SELECT max(version) + 1, 0 FROM schema")
    connection.close()
    content = _store_of(server).read_bytes()
    said = _refusal(server, program)
    assert "schema" in said
    assert "install" in said, "what to do"
    assert _store_of(server).read_bytes() == content


def test_a_store_that_is_a_directory_is_refused(server: LiveServer) -> None:
    _store_of(server).mkdir()
    assert str(_store_of(server)) in _refusal(server, "serve")
    assert _store_of(server).is_dir()


def test_the_web_server_alone_answers_503_and_leaves_the_store_as_it_is(
    server: LiveServer, store: bytes
) -> None:
    content = _garbage(store)
    _store_of(server).write_bytes(content)
    api = Api(server=server)
    with subprocess.Popen(_command(server, "web"), stderr=subprocess.PIPE) as process:
        try:
            wait_until(lambda: _answers(api), END_LIMIT, "the web server answers", server)
            for answer in (
                api.ask("POST", "/jobs", query={"job_id": "1"}),
                api.submit("1", "true"),
                api.upload("1", "a", "input"),
                api.cancel("1"),
                api.clean("1"),
                api.ask("GET", "/jobs/1/status"),
            ):
                assert_refused(answer, 503)
                assert str(server.directory).encode() not in answer.body
            assert api.ask("GET", "/readyz").code == 503
            assert api.ask("GET", "/healthz").code == 200
        finally:
            process.terminate()
            _, said = process.communicate(timeout=END_LIMIT)
    assert b"damaged" in said
    assert _store_of(server).read_bytes() == content
    assert not server.staging.exists()


def test_a_good_store_is_taken_up_again(server: LiveServer, store: bytes) -> None:
    """Or the refusals above would prove nothing."""
    _store_of(server).write_bytes(store)
    try:
        server.start()
        assert Api(server=server).run("exit 3")["returncode"] == 3
    finally:
        server.end_everything()


def _store_of(server: LiveServer) -> Path:
    return server.directory / "persisted_data" / "jobs.sqlite"


def _command(server: LiveServer, program: str) -> list[str]:
    command = serve_command(server.config, server.bind)
    where = command.index("serve")
    return [
        *command[:where],
        program,
        *(command[where + 1 :] if program != "agent" else command[where + 1 : -2]),
    ]


def _refusal(server: LiveServer, program: str) -> str:
    """Run a program that is to refuse the store; return what it says."""
    ended = subprocess.run(
        _command(server, program), capture_output=True, text=True, timeout=END_LIMIT, check=False
    )
    assert ended.returncode == 1, ended.stderr
    assert "Traceback" not in ended.stderr
    return ended.stderr


def _answers(api: Api) -> bool:
    try:
        return api.ask("GET", "/healthz").code == 200
    except OSError:
        return False
