"""Agent and broker are killed while jobs are sent, taken, run and announced."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import pytest

from runtime.tests.broker import Broker, running_broker
from runtime.tests.galaxy_by_message import ENDS, GalaxyByMessage
from runtime.tests.live_server import STOP_LIMIT, LiveServer, wait_until
from runtime.tests.resilience.lone_process import start_alone

#: Any number would do; a failure can be repeated with the same.
SEED = 20261122

#: More of both for the release's measurements: ROUNDS=20 JOBS=300.
ROUNDS = int(os.environ.get("ROUNDS", "2"))
JOBS = int(os.environ.get("JOBS", "60"))
END_LIMIT = 60.0
HEARTBEAT_SECONDS = 4


@attrs.define
class Agent:
    """A site's agent, which can be killed and started again."""

    server: LiveServer
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = start_alone(self.server, "agent")

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(STOP_LIMIT)
            self.process = None


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with running_broker(tmp_path_factory.mktemp("broker") / "node") as broker:
        yield broker


@pytest.fixture
def agent(broker: Broker, tmp_path: Path) -> Iterator[Agent]:
    settings = {
        "message_queue_url": broker.url,
        "managers": {"_default_": {"type": "queued_python", "num_concurrent_jobs": 8}},
        "amqp_heartbeat": HEARTBEAT_SECONDS,
    }
    server = LiveServer(tmp_path / "site", settings)
    agent = Agent(server)
    yield agent
    agent.kill()
    server.end_everything()


@pytest.fixture
def galaxy(broker: Broker) -> Iterator[GalaxyByMessage]:
    galaxy = GalaxyByMessage(broker)
    with galaxy.listening():
        yield galaxy


def restart_agent(agent: Agent, _broker: Broker) -> None:
    agent.kill()
    agent.start()


def stop_agent(agent: Agent, _broker: Broker) -> None:
    agent.stop()
    agent.start()


def restart_broker(_agent: Agent, broker: Broker) -> None:
    broker.restart()


def restart_both(agent: Agent, broker: Broker) -> None:
    agent.kill()
    broker.kill()
    agent.start()
    broker.start()


Fault = Callable[[Agent, Broker], None]


@pytest.mark.timeout(300, func_only=True)
@pytest.mark.parametrize("fault", [restart_agent, stop_agent, restart_broker, restart_both])
@pytest.mark.parametrize("round_number", range(ROUNDS))
def test_every_job_runs_once_and_its_end_is_said(
    agent: Agent, broker: Broker, galaxy: GalaxyByMessage, fault: Fault, round_number: int
) -> None:
    chance = random.Random(f"{SEED} {fault.__name__} {round_number}")  # noqa: S311 - to be repeatable, not secret
    runs = agent.server.directory / "runs"
    runs.mkdir()
    names = [f"{fault.__name__}-{round_number}-{number}" for number in range(JOBS)]
    jobs = {name: f"echo run >> {runs}/{name}; sleep 0.{chance.randrange(3)}" for name in names}
    agent.start()
    sender = threading.Thread(target=galaxy.set_up_all, args=(jobs,))
    sender.start()
    # From the first message to about the last announcement.
    time.sleep(chance.uniform(0.3, 0.3 + JOBS / 30))
    fault(agent, broker)
    sender.join(END_LIMIT)
    assert not sender.is_alive()
    wanted = set(names)

    def ended() -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for update in list(galaxy.updates):
            if update["status"] in ENDS and update["job_id"] in wanted:
                found.setdefault(update["job_id"], set()).add(update["status"])
        return found

    galaxy.wait(lambda: len(ended()) == JOBS, "the end of every job is said", END_LIMIT)
    assert {name: one for name, one in ended().items() if one != {"complete"}} == {}
    assert {name: (runs / name).read_text() for name in names} == dict.fromkeys(names, "run\n")
    for name in names:
        said = galaxy.statuses(name)
        # What was said before its end is not said after it.
        assert said[-1] == "complete", said


def test_an_agent_waits_for_its_broker(agent: Agent, broker: Broker, galaxy: GalaxyByMessage) -> None:
    broker.kill()
    agent.start()
    time.sleep(1)
    broker.start()
    galaxy.set_up_all({"patient": "true"})
    assert galaxy.wait_for_update("patient")["status"] == "complete"


def test_an_agent_without_its_broker_stops_at_once(agent: Agent, broker: Broker) -> None:
    broker.kill()
    agent.start()
    time.sleep(1)
    began = time.monotonic()
    agent.stop()
    assert time.monotonic() - began < 5
    broker.start()


def test_messages_take_two_threads(agent: Agent, galaxy: GalaxyByMessage) -> None:
    agent.start()
    galaxy.set_up_all({f"thread-{number}": "sleep 0.2" for number in range(20)})
    for number in range(20):
        galaxy.wait_for_update(f"thread-{number}")
    assert agent.process is not None
    # The reactor, the consumer and the publisher.
    assert len(os.listdir(f"/proc/{agent.process.pid}/task")) == 3


def test_a_broker_that_hangs_is_noticed(agent: Agent, broker: Broker, galaxy: GalaxyByMessage) -> None:
    """By its missing heartbeats, for its connections stay as they were."""
    agent.start()
    galaxy.set_up_all({"hanging": "sleep 1"})
    galaxy.wait_for_update("hanging", "running")
    with broker.hanging():
        wait_until(
            lambda: agent.server.log.read_text().count("no connection to the broker") >= 2,
            10 * HEARTBEAT_SECONDS,
            "both threads have noticed",
            agent.server,
        )
    assert galaxy.wait_for_update("hanging")["status"] == "complete"
