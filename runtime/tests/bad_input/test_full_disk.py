"""Disks that are full: 503 until there is space again, and nothing lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runtime.tests.bad_input.answers import Answer, assert_refused
from runtime.tests.bad_input.api import Api, ask, new_id
from runtime.tests.bad_input.mounted_disk import fill, mounted_disk
from runtime.tests.bad_input.quiet_log import assert_no_internal_error
from runtime.tests.bad_input.root_only import root_only
from runtime.tests.live_server import LiveServer, running_server, wait_until

pytestmark = root_only


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """Run a server whose directories are on disks of their own, and which leaves it to them to be full."""
    with _server_on_small_disks(tmp_path_factory.mktemp("full-disk"), minimum_free_mb=0) as server:
        yield server


@pytest.fixture
def persistence(server: LiveServer) -> Path:
    """Return where the job store is."""
    return server.directory / "persisted_data"


@pytest.fixture(autouse=True)
def space_again(server: LiveServer, persistence: Path) -> Iterator[None]:
    """Make space again after each test."""
    yield
    for disk in (server.staging, persistence):
        (disk / "filler").unlink(missing_ok=True)


def test_an_upload_to_a_full_disk_is_503_and_the_old_file_stays(api: Api, server: LiveServer) -> None:
    job_id = new_id()
    directory = api.setup(job_id)
    assert api.upload(job_id, "old", "input", b"intact").code == 200
    filler = fill(server.staging)

    for name in ("old", "new", "sub/new"):
        for size in (100, 100_000):
            _assert_busy(api.upload(job_id, name, "input", b"x" * size))

    assert (directory / "inputs" / "old").read_bytes() == b"intact"
    assert [path.name for path in (directory / "inputs").rglob("*") if path.is_file()] == ["old"]
    assert api.download(job_id, "old").code == 404
    assert api.status(job_id)["status"] == "preprocessing"
    filler.unlink()
    assert api.upload(job_id, "new", "input", b"x" * 100_000).code == 200


def test_a_file_larger_than_the_disk_is_503_and_gone(api: Api) -> None:
    job_id = new_id()
    directory = api.setup(job_id)
    _assert_busy(api.upload(job_id, "large", "input", b"x" * 20_000_000))
    assert list((directory / "inputs").iterdir()) == []
    assert api.upload(job_id, "small", "input").code == 200


def test_a_setup_on_a_full_disk_is_503_and_possible_later(api: Api, server: LiveServer) -> None:
    job_id = new_id()
    filler = fill(server.staging)
    _assert_busy(api.ask("POST", "/jobs", query={"job_id": job_id}))
    assert ask(server, "GET", "/readyz").code == 200
    filler.unlink()
    api.setup(job_id)
    assert api.submit(job_id, "exit 3").code == 200
    assert api.wait(job_id)["returncode"] == 3


def test_a_job_that_is_submitted_while_the_disk_is_full_waits_and_runs_later(
    api: Api, server: LiveServer
) -> None:
    job_id = new_id()
    api.setup(job_id)
    filler, logged = fill(server.staging), len(server.log.read_text())
    assert api.submit(job_id, "echo ran > ../outputs/a; exit 3").code == 200
    wait_until(lambda: "waits" in server.log.read_text()[logged:], 10, "the agent has tried", server)
    assert api.status(job_id)["status"] in ("preprocessing", "queued")
    filler.unlink()
    assert api.wait(job_id)["returncode"] == 3
    assert api.download(job_id, "a").body == b"ran\n"


def test_a_job_that_runs_while_the_disk_is_full_ends_as_it_exits(api: Api, server: LiveServer) -> None:
    job_id = new_id()
    directory = api.setup(job_id)
    api.submit(job_id, "until [ -e ../go ]; do sleep 0.02; done; exit 3")
    api.wait(job_id, "running")
    (directory / "go").touch()
    fill(server.staging)
    status = api.wait(job_id)
    assert (status["status"], status["returncode"]) == ("complete", 3)


def test_a_finished_job_is_removed_from_a_full_disk(api: Api, server: LiveServer) -> None:
    job_id = new_id()
    directory = api.setup(job_id)
    api.submit(job_id, "mkdir -p a/b/c; exit 3")
    api.wait(job_id)
    fill(server.staging)
    assert api.clean(job_id).code == 200
    assert not directory.exists()


def test_below_the_watermark_new_jobs_wait_and_those_that_are_there_go_on(tmp_path: Path) -> None:
    with _server_on_small_disks(tmp_path, minimum_free_mb=4) as server:
        api, job_id = Api(server=server), new_id()
        api.setup(job_id)
        (server.staging / "filler").write_bytes(b"x" * 5_000_000)

        answer = api.ask("POST", "/jobs", query={"job_id": new_id()})

        _assert_busy(answer)
        assert "minimum_free_mb" in str(answer.json["error"])
        assert api.upload(job_id, "a", "input").code == 200
        assert api.submit(job_id, "exit 3").code == 200
        assert api.wait(job_id)["returncode"] == 3


def test_a_full_disk_of_the_store_is_503_and_nothing_is_lost(
    api: Api, server: LiveServer, persistence: Path
) -> None:
    """What was acknowledged before is done; what was not can be sent again."""
    running, ended, waiting, refused = new_id(), new_id(), new_id(), new_id()
    api.run("exit 4", ended)
    directory = api.setup(running)
    api.submit(running, "until [ -e ../go ]; do sleep 0.02; done; exit 3")
    api.wait(running, "running")
    api.setup(waiting)
    filler = fill(persistence)

    answers = [api.ask("POST", "/jobs", query={"job_id": refused})]
    # Pages that the store had made room for may still be free.
    while answers[-1].code == 200:
        refused = new_id()
        answers.append(api.ask("POST", "/jobs", query={"job_id": refused}))
    _assert_busy(answers[-1])
    _assert_busy(api.submit(waiting, "exit 5 # " + "x" * 100_000))
    (directory / "go").touch()
    assert api.status(ended)["returncode"] == 4
    assert api.status(waiting)["status"] == "preprocessing"
    assert api.status(running)["status"] in ("running", "postprocessing", "complete")
    assert ask(server, "GET", f"/healthz?private_token={server.token}").code == 200
    assert str(persistence) not in answers[-1].body.decode(), "where the store is is nobody's business"

    filler.unlink()

    assert api.wait(running)["returncode"] == 3
    assert api.status(ended)["returncode"] == 4
    assert api.submit(waiting, "exit 5").code == 200
    assert api.wait(waiting)["returncode"] == 5
    api.setup(refused)
    server.restart()
    assert [api.status(job_id)["returncode"] for job_id in (running, ended, waiting)] == [3, 4, 5]


def test_a_cancel_that_the_store_cannot_keep_is_503_and_works_later(api: Api, persistence: Path) -> None:
    job_id = new_id()
    api.setup(job_id)
    api.submit(job_id, "sleep 300")
    api.wait(job_id, "running")
    filler = fill(persistence)
    while api.ask("POST", "/jobs", query={"job_id": new_id()}).code == 200:
        pass
    _assert_busy(api.cancel(job_id))
    _assert_busy(api.clean(job_id))
    assert api.status(job_id)["status"] == "running"
    filler.unlink()
    assert api.cancel(job_id).code == 200
    assert api.wait(job_id)["status"] == "cancelled"


def test_jobs_that_are_queued_while_the_disk_of_the_store_fills_up_all_run_once(
    api: Api, server: LiveServer, persistence: Path, tmp_path: Path
) -> None:
    job_ids = [new_id() for _ in range(6)]
    for number, job_id in enumerate(job_ids):
        api.setup(job_id)
        api.submit(job_id, f"sleep 0.2; echo {number} >> {tmp_path}/ran; exit {number}")
    filler, logged = fill(persistence), len(server.log.read_text())
    wait_until(lambda: "disk full" in server.log.read_text()[logged:], 15, "the agent has met it", server)
    filler.unlink()
    assert [api.wait(job_id)["returncode"] for job_id in job_ids] == list(range(6))
    assert (tmp_path / "ran").read_text() == "0\n1\n2\n3\n4\n5\n"


@contextmanager
def _server_on_small_disks(directory: Path, *, minimum_free_mb: int) -> Iterator[LiveServer]:
    settings = {"disk": {"minimum_free_mb": minimum_free_mb}}
    with (
        mounted_disk(directory / "server" / "staging", "8m"),
        mounted_disk(directory / "server" / "persisted_data", "8m"),
        running_server(directory / "server", settings) as server,
    ):
        yield server
        assert_no_internal_error(server)


def _assert_busy(answer: Answer) -> None:
    assert_refused(answer, 503)
    assert int(answer.headers["retry-after"]) > 0
