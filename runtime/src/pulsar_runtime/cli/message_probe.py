"""A probe job through the message broker."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import kombu
from amqp.exceptions import NotFound

from pulsar_runtime.bootstrap import adapters
from pulsar_runtime.bootstrap.broker import broker_settings, topology_of
from pulsar_runtime.bootstrap.service import job_service
from pulsar_runtime.cli.probe import Step
from pulsar_runtime.config.schema import Config
from pulsar_runtime.domain.announcement import OutgoingMessage
from pulsar_runtime.domain.errors import BrokerRefused
from pulsar_runtime.domain.ids import DEFAULT_MANAGER, JobId, ManagerName
from pulsar_runtime.messaging.alarm import Alarm
from pulsar_runtime.messaging.cure import cure
from pulsar_runtime.messaging.link import Link
from pulsar_runtime.messaging.publisher import ConfirmingPublisher
from pulsar_runtime.protocol.messages import CONTENT_ENCODING, CONTENT_TYPE, Queue

_POLL_SECONDS = 0.1
_ENDS = frozenset({"complete", "failed", "cancelled", "lost"})


class MessageProbe:
    """A job that prints a word, sent to the agent of this host as Galaxy sends one; nothing is staged.

    It uses the server's own account at the broker, and hears of its job through a queue of its own beside
    Galaxy's, which takes nothing from Galaxy. Galaxy hears of the job as well and does not know it: its id
    has the form of those that are not Galaxy's own (protocol section 2.2).
    """

    def __init__(
        self, config: Config, *, manager: str | None, user: str | None, timeout_seconds: float
    ) -> None:
        self._config = config
        self._manager = ManagerName(manager or DEFAULT_MANAGER)
        self._user = user
        self._topology = topology_of(config)
        self._deadline = time.monotonic() + timeout_seconds
        self._job_id = uuid.uuid4().hex
        self._word = uuid.uuid4().hex
        self._updates: list[Mapping[str, Any]] = []

    def looking(self) -> Sequence[Step]:
        """Return the steps that connect, and find the agent at its queues."""
        return [Step("connect", self._connect), Step("agent", self._find_agent)]

    def running(self) -> Sequence[Step]:
        """Return the steps of a client that sends a job and waits to be told of its end."""
        return [Step("setup", self._set_up), Step("run", self._run), Step("clean", self._clean)]

    def _connect(self) -> str:
        if self._manager not in self._config.managers:
            known = ", ".join(self._config.managers)
            raise ValueError(f"there is no manager {self._manager}; name one of {known}")
        settings = broker_settings(self._config)
        try:
            self._link = Link(settings, Alarm())
        except BrokerRefused as error:
            raise ValueError(f"the broker ({settings}) refuses: {error}{cure(str(error))}") from error
        return str(settings)

    def _find_agent(self) -> str:
        # The agent reads this queue also while it takes no jobs.
        return self._await_reader(
            Queue.KILL, "does the agent run, and does its log say that it is connected?"
        )

    def _set_up(self) -> str:
        taken = self._await_reader(
            Queue.SETUP, "it takes no jobs now: it is being drained, has enough of them, or lacks disk space"
        )
        self._listen()
        self._publisher = ConfirmingPublisher(self._link, self._topology)
        self._send(Queue.SETUP, self._described())
        return taken

    def _run(self) -> str:
        while not (ends := [update for update in self._updates if update["status"] in _ENDS]):
            if time.monotonic() >= self._deadline:
                self._send(Queue.KILL, {"job_id": self._job_id})
                said = self._updates[-1]["status"] if self._updates else "not heard of"
                raise ValueError(f"the job is still {said}: is its manager free? It was told to end")
            self._link.wait(_POLL_SECONDS)
        end = ends[0]
        if end["status"] != "complete" or end.get("returncode") != 0:
            raise ValueError(
                f"the job ended as {end['status']} with return code {end.get('returncode')}: "
                f"{_stream(end, 'stderr') or 'it left no message'}"
            )
        if (printed := _stream(end, "stdout").strip()) != self._word:
            raise ValueError(f"the job printed {printed[:80]!r} in place of {self._word!r}")
        return f"return code {end['returncode']}"

    def _clean(self) -> str:
        """Remove the job, which no message can; the job store is on this host."""
        self._link.close()
        files = {
            name: adapters.job_directories(self._config, manager)
            for name, manager in self._config.managers.items()
        }
        store = adapters.job_store(self._config)
        store.open()
        job_service(self._config, store, files).clean(self._manager, JobId(self._job_id))
        store.close()
        return ""

    def _await_reader(self, kind: Queue, question: str) -> str:
        """Wait until somebody reads a queue of ours."""
        name = self._topology.queue_name(self._manager, kind)
        while not self._readers(name):
            if time.monotonic() >= self._deadline:
                raise ValueError(f"nobody reads the queue {name}: {question}")
            self._link.wait(_POLL_SECONDS)
        return f"reads {name}"

    def _readers(self, name: str) -> int:
        channel = self._link.channel()
        with self._link.translating():
            try:
                readers = int(channel.queue_declare(name, passive=True).consumer_count)
            except NotFound:
                # Which has closed the channel.
                return 0
            channel.close()
        return readers

    def _listen(self) -> None:
        """Have copies of the status updates come into a queue that vanishes with the connection."""
        update = self._topology.queue_name(self._manager, Queue.STATUS_UPDATE)
        queue = kombu.Queue(
            # Named like one of those that the server may read: it may have no right to others.
            self._topology.queue_name(self._manager, f"check_{self._job_id}_{Queue.STATUS}"),
            self._topology.exchange(),
            routing_key=update,
            durable=False,
            exclusive=True,
            auto_delete=True,
        )
        channel = self._link.channel()
        with self._link.translating():
            kombu.Consumer(channel, [queue], on_message=self._hear, no_ack=True).consume()

    def _hear(self, message: Any) -> None:  # noqa: ANN401 - kombu is not typed
        update = json.loads(message.body)
        if update.get("job_id") == self._job_id:
            self._updates.append(update)

    def _send(self, kind: Queue, body: Mapping[str, object]) -> None:
        self._publisher.publish(
            [
                OutgoingMessage(
                    queue=self._topology.queue_name(self._manager, kind),
                    body=json.dumps(body).encode(),
                    content_type=CONTENT_TYPE,
                    content_encoding=CONTENT_ENCODING,
                )
            ]
        )

    def _described(self) -> dict[str, object]:
        """Return the message of a client without anything to stage (protocol section 14.1)."""
        return {
            "job_id": self._job_id,
            "command_line": f"echo {self._word}",
            "setup_params": {"job_id": self._job_id, "tool_id": "pulsar-runtime-check"},
            **({"submit_params": {"user": self._user}} if self._user else {}),
        }


def _stream(end: Mapping[str, Any], name: str) -> str:
    """Return what a job printed (protocol section 3.5)."""
    return str(end.get(f"job_{name}") or end.get(name) or "")
