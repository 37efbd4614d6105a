"""Whatever breaks while the server moves files: each arrives whole, none twice, and no job waits for ever."""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runtime.tests.files_api import Fault, FilesApi, running_files_api
from runtime.tests.live_server import LiveServer, running_server, wait_until
from runtime.tests.pulled_job import PulledJob
from runtime.tests.resilience.server_processes import agent, end, threads

LARGE = os.urandom(24 * 1024 * 1024)
A_PART = 9 * 1024 * 1024
LIMIT = 20.0

NUMBERS = itertools.count(1)

NewJob = Callable[..., PulledJob]


@pytest.fixture
def galaxy(tmp_path: Path) -> Iterator[FilesApi]:
    with running_files_api(tmp_path / "galaxy-root") as api:
        yield api


@pytest.fixture(scope="module", params=["requests", "curl"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    settings: dict[str, object] = {
        "managers": {"_default_": {"type": "queued_python", "num_concurrent_jobs": 8}},
        "staging": {"tus_chunk_mb": 4, "transport": request.param},
    }
    for phase in ("preprocess", "postprocess"):
        settings |= {f"{phase}_action_interval_start": 0.1, f"{phase}_action_interval_step": 0.1}
    with running_server(tmp_path_factory.mktemp("staging-server"), settings) as server:
        yield server


@pytest.fixture
def new_job(server: LiveServer, galaxy: FilesApi) -> NewJob:
    def make(action: str = "remote_transfer") -> PulledJob:
        return PulledJob(server=server, galaxy=galaxy, job_id=f"job-{next(NUMBERS)}", action=action)

    return make


def kill_agent(server: LiveServer) -> None:
    """Kill the agent; the server starts another."""
    end(server, agent(server))


def await_calls(galaxy: FilesApi, method: str, name: str, count: int = 1) -> None:
    deadline = time.monotonic() + LIMIT
    while len(galaxy.calls_of(method, name)) < count:
        assert time.monotonic() < deadline, (method, name, [(c.method, c.path) for c in galaxy.calls])
        time.sleep(0.01)


# --- in ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=503),
        Fault(status=500),
        Fault(status=429),
        Fault(break_after=0),
        Fault(break_after=A_PART),
        Fault(longer_by=1),
    ],
)
def test_an_input_that_breaks_off_arrives_whole(new_job: NewJob, galaxy: FilesApi, fault: Fault) -> None:
    job = new_job()
    job.input("large.dat", LARGE)
    job.output("sum")
    galaxy.plan(fault, "GET", "large.dat", times=2)
    job.submit("cmp ../inputs/large.dat " + str(galaxy.file(job.path("large.dat"))) + " > ../outputs/sum")
    status = job.wait()
    assert (status["status"], status["returncode"]) == ("complete", 0)


def test_an_input_goes_on_where_it_broke_off(new_job: NewJob, galaxy: FilesApi) -> None:
    job = new_job()
    job.input("large.dat", LARGE)
    galaxy.plan(Fault(break_after=A_PART), "GET", "large.dat")
    job.submit("cat ../inputs/large.dat | cksum")
    assert job.wait()["status"] == "complete"
    first, second = galaxy.calls_of("GET", "large.dat")
    assert "Range" not in first.headers
    assert second.headers["Range"] == f"bytes={A_PART}-"
    assert second.headers["If-Range"]


def test_an_input_without_a_validator_begins_anew(new_job: NewJob, galaxy: FilesApi) -> None:
    """It may have changed, and nobody could tell."""
    galaxy.validators = False
    job = new_job()
    job.input("large.dat", LARGE)
    galaxy.plan(Fault(break_after=A_PART), "GET", "large.dat")
    job.submit("cmp ../inputs/large.dat " + str(galaxy.file(job.path("large.dat"))))
    assert job.wait()["returncode"] == 0
    assert all("Range" not in call.headers for call in galaxy.calls_of("GET", "large.dat"))


def test_an_input_that_changed_meanwhile_begins_anew(new_job: NewJob, galaxy: FilesApi) -> None:
    job = new_job()
    job.input("large.dat", LARGE)
    galaxy.plan(Fault(break_after=A_PART), "GET", "large.dat")
    held = threading.Event()
    galaxy.plan(Fault(gate=held, status=503), "GET", "large.dat")
    job.submit(
        "cksum < ../inputs/large.dat; cmp ../inputs/large.dat " + str(galaxy.file(job.path("large.dat")))
    )
    await_calls(galaxy, "GET", "large.dat", 1)
    galaxy.write(job.path("large.dat"), LARGE[::-1])
    held.set()
    assert job.wait()["returncode"] == 0


def test_an_agent_that_is_killed_while_inputs_come_goes_on(
    new_job: NewJob, galaxy: FilesApi, server: LiveServer
) -> None:
    job = new_job()
    for number in range(20):
        job.input(f"small-{number}.dat", f"{number}\n")
    job.input("large.dat", LARGE)
    held = threading.Event()
    galaxy.plan(Fault(gate=held, gate_after=A_PART), "GET", "large.dat")
    job.submit(
        "cat ../inputs/small-* | wc -l; cmp ../inputs/large.dat " + str(galaxy.file(job.path("large.dat")))
    )
    await_calls(galaxy, "GET", "large.dat")
    for number in range(20):
        await_calls(galaxy, "GET", f"small-{number}.dat")
    partial = server.staging / job.job_id / "inputs"
    wait_until(
        lambda: any(f.stat().st_size >= A_PART for f in partial.iterdir()), LIMIT, "a part is there", server
    )
    time.sleep(0.3)  # Records are written within 50 ms; nothing outside tells when.
    kill_agent(server)
    held.set()
    status = job.wait()
    assert (status["returncode"], status["stdout"]) == (0, "20\n")
    assert galaxy.calls_of("GET", "large.dat")[-1].headers["Range"] == f"bytes={A_PART}-"
    for number in range(20):
        assert len(galaxy.calls_of("GET", f"small-{number}.dat")) == 1


def test_an_input_that_is_refused_fails_the_job_at_once(new_job: NewJob, galaxy: FilesApi) -> None:
    job = new_job()
    job.input("in.dat", "x")
    galaxy.plan(Fault(status=400), "GET", "in.dat")
    job.submit("true")
    status = job.wait()
    assert (status["status"], status["returncode"]) == ("failed", 1)
    assert "in.dat: the files endpoint answered 400" in status["job_stderr"]
    assert "job_key" not in status["job_stderr"]


def test_a_job_that_is_cancelled_while_its_inputs_come_never_starts(
    new_job: NewJob, galaxy: FilesApi, tmp_path: Path
) -> None:
    job = new_job()
    job.input("in.dat", "x")
    held = threading.Event()
    galaxy.plan(Fault(gate=held), "GET", "in.dat")
    job.submit(f"touch {tmp_path}/started")
    await_calls(galaxy, "GET", "in.dat")
    job.cancel()
    assert job.status()["status"] == "cancelled"
    held.set()
    assert new_job_runs(new_job)
    assert not (tmp_path / "started").exists()


def new_job_runs(new_job: NewJob) -> bool:
    other = new_job()
    other.submit("true")
    return bool(other.wait()["status"] == "complete")


# --- out ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["remote_transfer", "remote_transfer_tus"])
@pytest.mark.parametrize(
    ("method", "fault"),
    [
        ("POST", Fault(status=502)),
        ("POST", Fault(break_after=0)),
        ("POST", Fault(break_after=A_PART)),
        ("POST", Fault(break_answer=True)),
        ("PATCH", Fault(status=500)),
        ("PATCH", Fault(break_after=1000)),
        ("PATCH", Fault(break_answer=True)),
    ],
)
def test_an_output_that_breaks_off_arrives_whole(
    new_job: NewJob, galaxy: FilesApi, action: str, method: str, fault: Fault
) -> None:
    job = new_job(action=action)
    job.input("large.dat", LARGE)
    job.output("out.dat")
    galaxy.plan(fault, method, "" if method == "PATCH" else "out.dat", times=2)
    job.submit("cp ../inputs/large.dat ../outputs/out.dat")
    assert job.wait()["status"] == "complete"
    assert job.sent("out.dat") == LARGE


def test_an_upload_in_pieces_goes_on_where_it_broke_off(new_job: NewJob, galaxy: FilesApi) -> None:
    job = new_job(action="remote_transfer_tus")
    job.input("large.dat", LARGE)
    job.output("out.dat")
    galaxy.plan(Fault(break_after=A_PART // 4), "PATCH")
    job.submit("cp ../inputs/large.dat ../outputs/out.dat")
    assert job.wait()["status"] == "complete"
    assert job.sent("out.dat") == LARGE
    offsets = [int(call.headers["Upload-Offset"]) for call in galaxy.calls_of("PATCH")]
    assert offsets.count(0) <= 3  # the large one, and the two streams
    assert A_PART // 4 in offsets


def test_an_agent_that_is_killed_while_outputs_go_sends_the_rest(
    new_job: NewJob, galaxy: FilesApi, server: LiveServer
) -> None:
    job = new_job(action="remote_transfer_tus")
    job.input("large.dat", LARGE)
    job.output("out.dat")
    job.submit(
        "cp ../inputs/large.dat ../outputs/out.dat; mkdir found; "
        "for n in 1 2 3 4 5; do echo $n > found/$n; done"
    )
    await_calls(galaxy, "POST", "found/5")
    await_chunks(galaxy, 2)
    kill_agent(server)
    status = job.wait()
    assert status["status"] == "complete"
    assert job.sent("out.dat") == LARGE
    assert [job.sent(f"working/found/{number}") for number in range(1, 6)] == [
        f"{number}\n".encode() for number in range(1, 6)
    ]


def await_chunks(galaxy: FilesApi, count: int) -> None:
    deadline = time.monotonic() + LIMIT
    while len([c for c in galaxy.calls_of("PATCH") if int(c.headers["Upload-Offset"])]) < count:
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.mark.parametrize("action", ["remote_transfer", "remote_transfer_tus"])
@pytest.mark.parametrize("killed", [False, True])
def test_streams_are_not_appended_twice(
    new_job: NewJob, galaxy: FilesApi, server: LiveServer, action: str, *, killed: bool
) -> None:
    """Galaxy has taken the stream, and the answer is lost (protocol section 5.3)."""
    job = new_job(action=action)
    held = threading.Event()
    fault = Fault(gate=held, gate_after=1 << 20) if killed else Fault(break_answer=True)
    if killed:
        # Another output keeps the phase from ending.
        job.output("out.dat")
        galaxy.plan(fault, "POST", "out.dat")
    else:
        galaxy.plan(fault, "POST", "tool_stdout", times=2)
    job.submit("echo said; echo also >&2; echo out > ../outputs/out.dat")
    if killed:
        await_calls(galaxy, "POST", "out.dat")
        await_calls(galaxy, "POST", "tool_stdout")
        await_calls(galaxy, "POST", "tool_stderr")
        kill_agent(server)
        held.set()
    assert job.wait()["status"] == "complete"
    assert (job.sent("metadata/tool_stdout"), job.sent("metadata/tool_stderr")) == (b"said\n", b"also\n")


def test_an_output_that_galaxy_does_not_want_any_more_is_no_failure(
    new_job: NewJob, galaxy: FilesApi
) -> None:
    job = new_job()
    job.output("out.dat")
    galaxy.plan(Fault(status=403), "POST", "out.dat")
    job.submit("echo out > ../outputs/out.dat")
    assert job.wait()["status"] == "complete"
    assert len(galaxy.calls_of("POST", "out.dat")) == 1


def test_an_output_that_is_refused_fails_the_job_after_the_others_have_gone(
    new_job: NewJob, galaxy: FilesApi
) -> None:
    job = new_job()
    job.output("out.dat")
    job.output("other.dat")
    galaxy.plan(Fault(status=400), "POST", "out.dat")
    job.submit("echo out > ../outputs/out.dat; echo other > ../outputs/other.dat; exit 3")
    status = job.wait()
    assert (status["status"], status["returncode"]) == ("failed", 3)
    assert "out.dat: the files endpoint answered 400" in status["job_stderr"]
    assert job.sent("other.dat") == b"other\n"


# --- all ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("phase", ["in", "out"])
def test_galaxy_may_be_down_for_a_while(new_job: NewJob, galaxy: FilesApi, phase: str) -> None:
    job = new_job()
    job.input("in.dat", "x\n")
    job.output("out.dat")
    galaxy.plan(
        Fault(break_after=0), "GET" if phase == "in" else "POST", "in.dat" if phase == "in" else "out.dat"
    )
    if phase == "in":
        galaxy.stop()
    job.submit("cp ../inputs/in.dat ../outputs/out.dat; echo once")
    if phase == "out":
        await_calls(galaxy, "POST", "out.dat")
        galaxy.stop()
    time.sleep(1.0)
    assert job.status()["status"] == {"in": "preprocessing", "out": "postprocessing"}[phase]
    galaxy.start()
    assert job.wait()["status"] == "complete"
    assert (job.sent("out.dat"), job.sent("metadata/tool_stdout")) == (b"x\n", b"once\n")


def test_a_job_of_many_files_does_not_hold_up_another(new_job: NewJob, galaxy: FilesApi) -> None:
    many, few = new_job(), new_job()
    for number in range(1500):
        many.input(f"{number}.dat", "x")
    few.input("in.dat", "y")
    many.submit("ls ../inputs | wc -l")
    await_calls(galaxy, "GET", ".dat", 10)
    few.submit("cat ../inputs/in.dat")
    assert few.wait()["status"] == "complete"
    assert many.status()["status"] == "preprocessing"
    assert many.wait()["stdout"] == "1500\n"


def test_every_job_runs_once_however_often_the_agent_is_killed(
    new_job: NewJob, server: LiveServer, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    runs.mkdir()
    jobs = []
    for number in range(40):
        job = new_job(action=("remote_transfer", "remote_transfer_tus")[number % 2])
        for name in "abcde":
            job.input(f"{name}.dat", f"{name} of {number}\n")
        for name in "abcde":
            job.output(f"{name}.out")
        job.submit(
            f"echo run >> {runs}/{job.job_id}; echo {number}; "
            "for n in a b c d e; do cp ../inputs/$n.dat ../outputs/$n.out; done"
        )
        jobs.append(job)
        if number % 10 == 9:
            time.sleep(0.05 * number % 0.3)
            kill_agent(server)
    for number, job in enumerate(jobs):
        status = job.wait()
        assert (status["status"], status["returncode"]) == ("complete", 0)
        assert (runs / job.job_id).read_text() == "run\n"
        for name in "abcde":
            assert job.sent(f"{name}.out") == f"{name} of {number}\n".encode()
        assert job.sent("metadata/tool_stdout") == f"{number}\n".encode()
    assert threads(server) <= 24
