"""What a real Galaxy and the reference server said to one another is understood, and ours is like it."""

from __future__ import annotations

import json

import pytest

from pulsar_runtime.domain.announcement import Announcement, Receipt, StatusUpdate
from pulsar_runtime.domain.ids import DEFAULT_MANAGER, JobId
from pulsar_runtime.domain.status import JobStatus
from pulsar_runtime.messaging.topology import Topology
from pulsar_runtime.protocol import messages
from pulsar_runtime.protocol.messages import Acknowledgement, KillMessage, Queue, SetupMessage
from runtime.tests.protocol.recordings import WIRE, Json

#: What a sender adds that wants to be told of the arrival (protocol section 6.6).
WISH = {"acknowledge_queue", "acknowledge_submit_queue", "acknowledge_uuid"}

RECORDED = [
    recorded
    for file in sorted(WIRE.glob("amqp*.json"))
    for recorded in json.loads(file.read_text())
    if recorded["channel"] == "amqp"
]
QUEUES = {Topology().queue_name(DEFAULT_MANAGER, name): name for name in [*Queue, "setup_ack", "kill_ack"]}


def bodies(*names: str) -> list[Json]:
    """Return the bodies of the messages in these queues."""
    return [one["body"] for one in RECORDED if QUEUES[one["routing_key"]] in names]


def decoded(body: Json) -> Json:
    """Return a body as it comes out of its bytes."""
    return messages.decode(json.dumps(body).encode(), "application/json", "utf-8")


def test_every_recorded_queue_has_the_name_that_we_give_it() -> None:
    assert {one["routing_key"] for one in RECORDED} <= set(QUEUES)
    assert {one["exchange"] for one in RECORDED} == {Topology().exchange().name}


def test_every_recorded_message_is_of_the_type_that_we_send() -> None:
    kinds = {(one["content_type"], one["content_encoding"]) for one in RECORDED}
    assert kinds == {(messages.CONTENT_TYPE, messages.CONTENT_ENCODING)}
    properties = [one["properties"] for one in RECORDED if "properties" in one]
    assert {(one["delivery_mode"], one["priority"]) for one in properties} == {(2, 0)}


@pytest.mark.parametrize("body", bodies("setup"), ids=lambda body: body["job_id"])
def test_a_setup_message_is_one(body: Json) -> None:
    message = messages.message(Queue.SETUP, decoded(body))
    assert isinstance(message, SetupMessage)
    assert message.job_id == body["job_id"]
    assert message.submission.command_line == body["command_line"]


@pytest.mark.parametrize("body", bodies("kill"), ids=lambda body: body["job_id"])
def test_a_kill_message_is_one(body: Json) -> None:
    assert messages.message(Queue.KILL, decoded(body)) == KillMessage(body["job_id"])


@pytest.mark.parametrize("body", bodies("setup", "kill"), ids=lambda body: body["job_id"])
def test_what_its_sender_wants_to_be_told_is_understood(body: Json) -> None:
    wish = messages.receipt_wish(decoded(body))
    if "acknowledge_uuid" in body:
        assert wish is not None
        assert (wish.message_id, wish.queue) == (body["acknowledge_uuid"], body["acknowledge_queue"])
    else:
        assert wish is None


@pytest.mark.parametrize("body", bodies("setup_ack", "kill_ack", "status_update_ack"))
def test_an_acknowledgement_is_understood_and_ours_is_the_same(body: Json) -> None:
    message = messages.message(Queue.STATUS_UPDATE_ACK, decoded(body))
    assert isinstance(message, Acknowledgement)
    receipt = Receipt(manager=DEFAULT_MANAGER, message_id=message.message_id, queue="setup_ack")
    assert json.loads(messages.acknowledgement(receipt)) == body


@pytest.mark.parametrize(
    "body", [body for body in bodies("status_update") if body.keys() & WISH], ids=lambda body: body["job_id"]
)
def test_our_wish_to_be_told_is_worded_as_theirs(body: Json) -> None:
    status = {key: value for key, value in body.items() if key not in WISH}
    announcement = Announcement(
        number=1,
        message_id=body["acknowledge_uuid"],
        content=StatusUpdate(
            manager=DEFAULT_MANAGER, job_id=JobId(body["job_id"]), status=JobStatus(body["status"])
        ),
    )
    assert json.loads(messages.status_update(status, announcement, receipt=True)) == body
