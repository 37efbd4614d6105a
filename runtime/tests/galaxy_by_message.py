"""Galaxy's end of the broker: sends messages as the client library words them, and listens."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import kombu
from amqp.exceptions import AMQPError

from runtime.tests.broker import Broker

WAIT_LIMIT = 30.0
ENDS = frozenset({"complete", "failed", "cancelled", "lost"})

Json = Mapping[str, Any]


class GalaxyByMessage:
    """One Galaxy that uses one manager of a site; it hears in a thread of its own while it is `listening`.

    With *acknowledges* it asks for receipts of what it sends, and always gives them.
    """

    def __init__(self, broker: Broker, prefix: str = "pulsar_", *, acknowledges: bool = False) -> None:
        self._broker = broker
        self._prefix = prefix
        self.acknowledges = acknowledges
        self._changed = threading.Condition()
        self._stop = threading.Event()
        #: The status updates, in the order of their arrival.
        self.updates: list[Json] = []
        self.receipts: list[str] = []

    def set_up(self, job_id: str, command_line: str, **more: object) -> Json:
        """Send a job as the client does (protocol section 14.1)."""
        body = {**self._described(job_id), "command_line": command_line, **more}
        self.send("setup", body)
        return body

    def _described(self, job_id: str) -> dict[str, object]:
        return {
            "job_id": job_id,
            "dynamic_file_sources": None,
            "token_endpoint": None,
            "setup_params": {
                "job_id": job_id,
                "tool_id": "tool1",
                "tool_version": "1.2",
                "use_metadata": True,
                "preserve_galaxy_python_environment": None,
            },
        }

    def kill(self, job_id: str) -> None:
        """Ask for the end of a job."""
        self.send("kill", {"job_id": job_id})

    def ask_status(self, job_id: str, queue: str = "status") -> None:
        """Ask to be told the status of a job."""
        self.send(queue, {"request": "status", "job_id": job_id, "force_noack": True})

    def send(self, queue: str, body: Mapping[str, object]) -> None:
        """Send a message, with the wish for a receipt if this Galaxy wants them."""
        if self.acknowledges and "force_noack" not in body and not queue.endswith("_ack"):
            wish = {"acknowledge_queue": f"{queue}_ack", "acknowledge_submit_queue": queue}
            body = {"acknowledge_uuid": str(uuid.uuid1()), **wish, **body}
        self.send_raw(queue, json.dumps(body).encode())

    def send_raw(
        self, queue: str, body: bytes, content_type: str = "application/json", encoding: str = "utf-8"
    ) -> None:
        """Send any bytes."""
        with self._broker.connection() as connection:
            producer = kombu.Producer(connection.default_channel, self._exchange, auto_declare=True)
            # Its queue may not have been made yet; Galaxy would lose the message then, a test must not.
            self._queue(queue).bind(connection.default_channel).declare()
            producer.publish(
                body,
                routing_key=self._prefix + "_" + queue,
                content_type=content_type,
                content_encoding=encoding,
            )

    def set_up_all(self, jobs: Mapping[str, str]) -> None:
        """Send jobs, by their ids, until the broker has confirmed each; some may be sent twice."""
        left = dict(jobs)
        deadline = time.monotonic() + 4 * WAIT_LIMIT
        while left:
            try:
                with self._broker.connection(confirm_publish=True) as connection:
                    producer = kombu.Producer(connection.default_channel, self._exchange)
                    self._queue("setup").bind(connection.default_channel).declare()
                    for job_id, command_line in list(left.items()):
                        body = json.dumps({**self._described(job_id), "command_line": command_line}).encode()
                        producer.publish(
                            body,
                            routing_key=f"{self._prefix}_setup",
                            content_type="application/json",
                            content_encoding="utf-8",
                            timeout=5,
                        )
                        del left[job_id]
            except (OSError, AMQPError, kombu.exceptions.OperationalError) as error:
                if time.monotonic() > deadline:
                    raise AssertionError(f"{len(left)} jobs could not be sent: {error}") from error
                time.sleep(0.2)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hear status updates and receipts for as long as the block lasts."""
        self._stop.clear()
        thread = threading.Thread(target=self._listen, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join(WAIT_LIMIT)

    def statuses(self, job_id: str) -> list[str]:
        """Return what was said of a job, in order."""
        with self._changed:
            return [update["status"] for update in self.updates if update["job_id"] == job_id]

    def wait_for_update(self, job_id: str, *statuses: str) -> Json:
        """Wait until one of *statuses* was said of a job, or its end; return the first such update."""

        def found() -> list[Json]:
            return [one for one in self.updates if one["job_id"] == job_id and one["status"] in wanted]

        wanted = set(statuses) or ENDS
        self.wait(lambda: bool(found()), f"job {job_id} is {' or '.join(sorted(wanted))}")
        return found()[0]

    def wait(self, condition: Callable[[], bool], what: str, limit: float = WAIT_LIMIT) -> None:
        """Wait for *condition*, which is looked at after every message and from time to time."""
        deadline = time.monotonic() + limit
        while not condition():
            if time.monotonic() > deadline:
                said = [(one["job_id"], one["status"]) for one in self.updates[-20:]]
                raise AssertionError(f"not within {limit} s: {what}; heard {said}")
            with self._changed:
                self._changed.wait(0.1)

    def waiting(self, queue: str) -> int:
        """Return how many messages wait in a queue."""
        with self._broker.connection() as connection:
            channel = connection.default_channel
            return int(channel.queue_declare(f"{self._prefix}_{queue}", passive=True).message_count)

    def taken(self, queue: str) -> Any:  # noqa: ANN401 - kombu's message, which is not typed
        """Take one message from a queue, or None."""
        with self._broker.connection() as connection:
            message = connection.default_channel.basic_get(f"{self._prefix}_{queue}", no_ack=True)
            return message and connection.default_channel.message_to_python(message)

    @property
    def _exchange(self) -> Any:  # noqa: ANN401 - as above
        return kombu.Exchange("pulsar", type="direct", durable=True)

    def _queue(self, name: str) -> Any:  # noqa: ANN401 - as above
        name = f"{self._prefix}_{name}"
        return kombu.Queue(name, self._exchange, routing_key=name, durable=True)

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                with self._broker.connection() as connection:
                    queues = [self._queue(name) for name in ("status_update", "setup_ack", "kill_ack")]
                    with kombu.Consumer(connection, queues, on_message=self._hear):
                        self._drain(connection)
            except (OSError, AMQPError, kombu.exceptions.OperationalError):
                # The broker is restarted; so would Galaxy's handler do.
                time.sleep(0.2)

    def _drain(self, connection: Any) -> None:  # noqa: ANN401 - as above
        while not self._stop.is_set():
            try:
                connection.drain_events(timeout=0.2)
            except TimeoutError:
                continue

    def _hear(self, message: Any) -> None:  # noqa: ANN401 - as above
        body = json.loads(message.body)
        with self._changed:
            if "acknowledge_uuid_response" in body:
                self.receipts.append(body["acknowledge_uuid_response"])
            else:
                self.updates.append(body)
            self._changed.notify_all()
        if self.acknowledges and "acknowledge_uuid" in body:
            answer = {"acknowledge_uuid_response": body["acknowledge_uuid"]}
            self.send(body["acknowledge_queue"], answer)
        message.ack()
