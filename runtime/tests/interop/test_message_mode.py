"""Galaxy and the server meet at a broker: the published client in its message mode, and an agent alone."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest

from runtime.tests.broker import Broker, running_broker
from runtime.tests.files_api import FilesApi, running_files_api
from runtime.tests.interop.galaxy_client import GalaxyClient
from runtime.tests.interop.galaxy_job import GalaxyJob, Status, written
from runtime.tests.live_server import LiveServer, wait_until
from runtime.tests.resilience.lone_process import running_alone

JOB_IDS = itertools.count(1)

#: What is said to a manager is heard by one Galaxy, so each version of the library has managers of its own.
MANAGERS: Mapping[tuple[str, str], str] = {
    ("0.16.0", "plain"): "_default_",
    ("0.16.0", "acknowledged"): "new",
    ("0.15.15", "plain"): "old-plain",
    ("0.15.15", "acknowledged"): "old",
}
#: What Galaxy's runner is configured with besides the broker (protocol section 6.7).
OPTIONS: Mapping[str, Mapping[str, object]] = {
    "plain": {},
    "acknowledged": {"amqp_acknowledge": True, "amqp_ack_republish_time": 5},
}

MessageJob = Callable[..., GalaxyJob]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with running_broker(tmp_path_factory.mktemp("broker") / "node") as broker:
        yield broker


@pytest.fixture(scope="module")
def galaxy() -> Iterator[FilesApi]:
    """The files API of a Galaxy whose paths are those of this machine."""
    with running_files_api(Path("/")) as api:
        yield api


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, broker: Broker) -> Iterator[LiveServer]:
    """Run an agent that confirms what it gets, and wants what it says to be confirmed."""
    directory = tmp_path_factory.mktemp("site")
    managers = {name: {"type": "queued_python", "num_concurrent_jobs": 4} for name in MANAGERS.values()}
    settings = {"message_queue_url": broker.url, "managers": managers, "amqp_acknowledge": True}
    server = LiveServer(directory, settings)
    try:
        with running_alone(server, "agent"):
            # Before, the library's messages are lost (protocol section 6.1).
            for name in MANAGERS.values():
                prefix = "pulsar_" if name == "_default_" else f"pulsar_{name}_"
                for queue in ("setup", "kill", "status"):
                    declared = partial(broker.has_queue, f"{prefix}_{queue}")
                    wait_until(declared, 30, f"the agent listens to {prefix}_{queue}", server)
            yield server
    finally:
        server.end_everything()


@pytest.fixture(scope="module")
def galaxy_options(
    broker: Broker, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[tuple[str, str], dict[str, object]]:
    """How each Galaxy is configured."""
    return {
        (version, kind): {
            "amqp_url": broker.url,
            "manager": manager,
            "persistence_directory": str(tmp_path_factory.mktemp("galaxy")),
            **OPTIONS[kind],
        }
        for (version, kind), manager in MANAGERS.items()
    }


@pytest.fixture(params=MANAGERS, ids="-".join)
def new_message_job(
    request: pytest.FixtureRequest,
    clients: Mapping[str, GalaxyClient],
    galaxy_options: Mapping[tuple[str, str], dict[str, object]],
    site: LiveServer,
    galaxy: FilesApi,
) -> MessageJob:
    """Make jobs of a Galaxy that knows the broker alone."""
    tmp_path: Path = request.getfixturevalue("tmp_path")

    def make() -> GalaxyJob:
        number = f"m{next(JOB_IDS)}"
        return GalaxyJob(
            client=clients[request.param[0]],
            directory=tmp_path / number,
            destination={"jobs_directory": str(site.staging), "default_file_action": "remote_transfer"},
            job_id=number,
            manager_options=galaxy_options[request.param],
            files_endpoint=galaxy.endpoint,
        )

    return make


def test_a_job_goes_from_message_to_message(new_message_job: MessageJob) -> None:
    job = new_message_job()
    given = job.input("dataset_1.dat", "alpha \u00e9\n")
    script = job.tool_file("script.sh", "echo from the tool\n")
    config = job.config("conf.txt", "configured\n")
    written(job.working_directory / "prepared.txt", "prepared\n")
    declared, moved = job.output("dataset_2.dat"), job.output("dataset_3.dat")
    job.from_work_dir("made here.txt", moved)
    job.submit(
        f"cat {given} {config} > {declared}; sh {script} > 'made here.txt'; echo out; echo err >&2; exit 3"
    )
    end = job.told()[-1]
    assert _ends(end) == ("complete", 3)
    assert declared.read_text() == "alpha \u00e9\nconfigured\n"
    assert moved.read_text() == "from the tool\n"
    assert (end["stdout"], end["stderr"]) == ("out\n", "err\n")
    assert job.finish(end)


def test_a_running_job_is_ended(new_message_job: MessageJob) -> None:
    job = new_message_job()
    job.submit("sleep 60")
    job.told("running")
    job.kill()
    assert _ends(job.told()[-1])[0] == "cancelled"


def test_galaxy_may_ask(new_message_job: MessageJob) -> None:
    """Each version asks in its own queue (trap 42)."""
    job = new_message_job()
    job.submit("sleep 60")
    job.told("running")
    job.ask()
    job.kill()
    said = [update["status"] for update in job.told()]
    assert said[-1] == "cancelled"
    assert "running" in said


def _ends(status: Status) -> tuple[str, int | None]:
    return status["status"], status["returncode"]
