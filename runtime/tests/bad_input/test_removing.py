"""DELETE: the job's processes end first, then all of its directory goes, or the answer says otherwise."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.tests.bad_input.answers import assert_refused
from runtime.tests.bad_input.api import Api, new_id
from runtime.tests.bad_input.mounted_disk import mounted_disk
from runtime.tests.bad_input.process_life import is_running
from runtime.tests.bad_input.quiet_log import assert_no_internal_error
from runtime.tests.bad_input.root_only import IS_ROOT, root_only
from runtime.tests.live_server import LiveServer, running_server, wait_until

#: Ways in which a process leaves the one that started it; each writes its pid and writes into its directory.
DAEMONS = {
    "background": "( work ) &",
    "nohup": "nohup bash -c work >/dev/null 2>&1 &",
    "session": "setsid bash -c work >/dev/null 2>&1 &",
    "double fork": "( ( setsid bash -c work & ) & ) >/dev/null 2>&1",
    "disowned": "setsid nohup bash -c work </dev/null >/dev/null 2>&1 & disown -a",
    "ignores signals": "( trap '' TERM HUP INT; work ) &",
    "other directory": "( cd /; setsid bash -c work & ) >/dev/null 2>&1",
}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """Run a server that may not do what file modes forbid, even where the tests run as root."""
    under = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner"] if IS_ROOT else []
    with running_server(tmp_path_factory.mktemp("plain-server"), under=under) as server:
        yield server
        assert_no_internal_error(server)


@pytest.mark.parametrize("start", DAEMONS.values(), ids=DAEMONS)
def test_no_process_of_a_running_job_outlives_its_directory(api: Api, start: str) -> None:
    job_id = new_id()
    directory = api.setup(job_id)
    api.submit(
        job_id,
        f"""
        export place={directory}/working
        work() {{
            echo $BASHPID > $place/daemon
            while :; do echo x >> $place/log 2>/dev/null; sleep 0.01; done
        }}
        export -f work
        {start}
        sleep 300
        """,
    )
    daemon = directory / "working" / "daemon"
    wait_until(lambda: daemon.exists() and daemon.read_text() != "", 10, "the daemon works", api.server)
    pid = int(daemon.read_text())

    answer = api.clean(job_id)

    assert (answer.code, answer.body) == (200, b"OK")
    assert not is_running(pid)
    assert not directory.exists()
    assert api.status(job_id)["status"] == "lost"


def test_a_queued_job_is_removed_and_never_runs(single: Api, tmp_path: Path) -> None:
    holder, waiting = new_id(), new_id()
    single.setup(holder)
    single.submit(holder, "sleep 300")
    single.wait(holder, "running")
    directory = single.setup(waiting)
    single.submit(waiting, f"touch {tmp_path}/ran")
    assert single.clean(waiting).code == 200
    assert not directory.exists()
    assert single.clean(holder).code == 200
    assert single.run("exit 3")["returncode"] == 3
    assert not (tmp_path / "ran").exists()


def test_a_job_that_is_only_set_up_is_removed(api: Api) -> None:
    job_id = new_id()
    directory = api.setup(job_id)
    assert api.clean(job_id).code == 200
    assert not directory.exists()
    assert_refused(api.submit(job_id, "true"), 404)


def test_removing_again_is_ok(api: Api) -> None:
    job_id = new_id()
    api.run("true", job_id)
    assert [api.clean(job_id).code for _ in range(3)] == [200] * 3


@root_only
def test_a_directory_that_cannot_be_removed_is_named_and_the_job_stays_known(api: Api) -> None:
    """Something is mounted in it: then not even root can."""
    job_id = new_id()
    directory = api.setup(job_id)
    api.submit(job_id, "mkdir mounted; exit 3")
    api.wait(job_id)
    with mounted_disk(directory / "working" / "mounted", "1m"):
        answer = api.clean(job_id)
        assert_refused(answer, 409)
        assert str(directory) in str(answer.json["error"])
        status = api.status(job_id)
        assert (status["status"], status["returncode"]) == ("complete", 3)
        assert_refused(api.ask("POST", "/jobs", query={"job_id": job_id}), 409)
        assert api.status(job_id)["status"] == "complete"
    assert api.clean(job_id).code == 200
    assert not directory.exists()
    assert api.status(job_id)["status"] == "lost"


@pytest.mark.parametrize(
    "close",
    [
        "mkdir -p closed/deeper/deepest; touch closed/deeper/deepest/f; chmod -R 000 closed",
        "mkdir -p a/b/c; touch a/b/c/f; chmod 000 a/b/c; chmod 000 a/b; chmod 000 a",
        "mkdir d; touch d/f; chmod 555 d",
        "mkdir d; touch d/f; chmod 000 d/f; chmod 100 d",
        "touch ../outputs/f; chmod 000 ../outputs ../metadata ../inputs .",
        "touch f; chmod 000 ..",
        "chmod 000 . ..",
    ],
)
def test_directories_that_a_job_has_closed_break_no_answer_and_are_removed(
    plain: LiveServer, close: str
) -> None:
    api, job_id = Api(server=plain), new_id()
    directory = api.setup(job_id)
    api.submit(job_id, f"{close}; exit 3")
    status = api.wait(job_id)
    assert (status["status"], status["returncode"]) == ("complete", 3)
    assert_refused(api.download(job_id, "closed/deeper/deepest/f", "output_workdir"), 400, 404)
    assert_refused(api.download(job_id, "f"), 400, 404)
    answer = api.upload(job_id, "closed/new", "output_workdir")
    if answer.code != 200:
        assert_refused(answer, 400, 404, 409)
    assert_refused(api.download(job_id, "a*/b/*", "output_workdir"), 400, 404)
    assert api.clean(job_id).code == 200
    assert not directory.exists()


@root_only
def test_what_belongs_to_somebody_else_is_named_when_it_cannot_be_removed(plain: LiveServer) -> None:
    api, job_id = Api(server=plain), new_id()
    directory = api.setup(job_id)
    api.submit(job_id, "mkdir theirs; touch theirs/f; chmod 700 theirs; chown -R 65534 theirs; exit 3")
    api.wait(job_id)
    for _ in range(2):
        answer = api.clean(job_id)
        assert_refused(answer, 409)
        assert "theirs" in str(answer.json["error"])
        assert api.status(job_id)["returncode"] == 3
    (theirs,) = directory.rglob("theirs")
    shutil.rmtree(theirs)
    assert api.clean(job_id).code == 200
    assert not directory.exists()


def test_links_are_removed_and_what_they_lead_to_stays(api: Api, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_text("kept")
    job_id = new_id()
    directory = api.setup(job_id)
    api.submit(
        job_id, f"ln -s {tmp_path}/kept dir; ln -s {tmp_path}/kept/file file; ln {tmp_path}/kept/file hard"
    )
    api.wait(job_id)
    assert api.clean(job_id).code == 200
    assert not directory.exists()
    assert (tmp_path / "kept" / "file").read_text() == "kept"


def test_a_debug_server_keeps_directories_and_says_ok(tmp_path: Path) -> None:
    """So says protocol.md section 1.4."""
    with running_server(tmp_path / "server", {"debug": True}) as server:
        api, job_id = Api(server=server), new_id()
        directory = api.setup(job_id)
        api.submit(job_id, "exit 3")
        api.wait(job_id)
        assert api.clean(job_id).body == b"OK"
        assert directory.is_dir()


def test_the_plain_server_is_bound_by_file_modes(plain: LiveServer) -> None:
    """Or the tests above would prove nothing."""
    assert Api(server=plain).run("touch f; chmod 000 f; cat f")["returncode"] == 1
