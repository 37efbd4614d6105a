"""Messages, with what a queue may bring that no client of today sends."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from pulsar_runtime.domain.announcement import Announcement, Receipt, StatusUpdate
from pulsar_runtime.domain.errors import MalformedRequest, UnsafePath
from pulsar_runtime.domain.ids import JobId, ManagerName
from pulsar_runtime.domain.status import JobStatus
from pulsar_runtime.protocol import messages
from pulsar_runtime.protocol.messages import (
    Acknowledgement,
    KillMessage,
    Queue,
    ReceiptWish,
    SetupMessage,
    StatusRequest,
)

MANAGER = ManagerName("_default_")
UPDATE = Announcement(
    number=7,
    message_id="59e5dcb6-e662-11f1-8000-000000000000",
    content=StatusUpdate(manager=MANAGER, job_id=JobId("77"), status=JobStatus.RUNNING),
)
RUNNING = {"complete": "false", "status": "running", "job_id": "77"}


@pytest.mark.parametrize(
    ("content_type", "content_encoding"),
    [("application/json", "utf-8"), ("application/json; charset=utf-8", "UTF-8"), (None, None), ("", "")],
)
def test_json_is_read(content_type: str | None, content_encoding: str | None) -> None:
    assert messages.decode('{"job_id": "ü"}'.encode(), content_type, content_encoding) == {"job_id": "ü"}


@pytest.mark.parametrize("content_type", ["application/x-python-serialize", "text/plain", "application/yaml"])
def test_other_types_are_refused(content_type: str) -> None:
    """Consumers accept JSON only (protocol section 6.2)."""
    with pytest.raises(MalformedRequest, match="of type"):
        messages.decode(b"{}", content_type, "utf-8")


def test_other_encodings_are_refused() -> None:
    with pytest.raises(MalformedRequest, match="encoded as 'binary'"):
        messages.decode(b"{}", "application/json", "binary")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b"\xff{}",
        b'{"job_id": "\\ud800"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"1" * 10_000,
    ],
    ids=lambda body: repr(body[:20]),
)
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedRequest):
        messages.decode(body, "application/json", "utf-8")


def test_a_status_request_is_one_on_either_queue() -> None:
    """Clients up to the reference send it to the setup queue (trap 42)."""
    body = {"request": "status", "job_id": "77", "force_noack": True}
    for queue in (Queue.SETUP, Queue.STATUS):
        assert messages.message(queue, body) == StatusRequest(JobId("77"))


def test_a_kill_message_names_a_job() -> None:
    assert messages.message(Queue.KILL, {"job_id": "77"}) == KillMessage(JobId("77"))


def test_a_setup_message_holds_a_submission() -> None:
    message = messages.message(Queue.SETUP, {"job_id": 77, "command_line": "true"})
    assert isinstance(message, SetupMessage)
    assert (message.job_id, message.submission.command_line) == ("77", "true")


def test_an_acknowledgement_names_one_of_our_messages() -> None:
    message = messages.message(Queue.STATUS_UPDATE_ACK, {"acknowledge_uuid_response": "u"})
    assert message == Acknowledgement("u")


@pytest.mark.parametrize(
    ("queue", "body"),
    [
        (Queue.SETUP, {}),
        (Queue.SETUP, {"job_id": "1"}),
        (Queue.SETUP, {"job_id": "..", "command_line": "true"}),
        (Queue.SETUP, {"job_id": "1", "command_line": ["true"]}),
        (Queue.SETUP, {"job_id": "1", "command_line": "true", "env": 5}),
        (Queue.SETUP, {"job_id": "1", "command_line": "true", "setup_params": {"job_id": "2"}}),
        (Queue.KILL, {}),
        (Queue.KILL, {"job_id": {"a": 1}}),
        (Queue.KILL, {"job_id": "a/b"}),
        (Queue.STATUS, {"job_id": None}),
        (Queue.STATUS_UPDATE_ACK, {}),
        (Queue.STATUS_UPDATE_ACK, {"acknowledge_uuid_response": 5}),
        (Queue.STATUS_UPDATE_ACK, {"acknowledge_uuid_response": "u" * 256}),
    ],
)
def test_a_message_that_means_nothing_is_refused(queue: Queue, body: Mapping[str, object]) -> None:
    with pytest.raises((MalformedRequest, UnsafePath)):
        messages.message(queue, body)


def test_the_job_of_a_message_is_known_even_if_the_rest_is_not() -> None:
    assert messages.named_job({"job_id": 77, "command_line": None}) == "77"
    assert messages.named_job({"job_id": "../x"}) is None
    assert messages.named_job({}) is None


def test_a_sender_may_want_a_receipt() -> None:
    """Recorded bodies carry the logical name of the queue (protocol section 6.6)."""
    body = {"acknowledge_uuid": "u", "acknowledge_queue": "setup_ack", "acknowledge_submit_queue": "setup"}
    assert messages.receipt_wish(body) == ReceiptWish("u", "setup_ack")
    assert messages.receipt_wish({"job_id": "77"}) is None


@pytest.mark.parametrize(
    "wish",
    [
        {"acknowledge_uuid": "u"},
        {"acknowledge_uuid": "u", "acknowledge_queue": "setup"},
        {"acknowledge_uuid": "u", "acknowledge_queue": 5},
        {"acknowledge_uuid": 5, "acknowledge_queue": "setup_ack"},
        {"acknowledge_uuid": "", "acknowledge_queue": "setup_ack"},
    ],
)
def test_a_receipt_cannot_be_led_to_any_other_queue(wish: Mapping[str, object]) -> None:
    with pytest.raises(MalformedRequest):
        messages.receipt_wish(wish)


def test_a_status_update_is_the_status() -> None:
    assert json.loads(messages.status_update(RUNNING, UPDATE, receipt=False)) == RUNNING


def test_a_status_update_may_ask_for_a_receipt() -> None:
    said = json.loads(messages.status_update(RUNNING, UPDATE, receipt=True))
    assert said == {
        **RUNNING,
        "acknowledge_uuid": "59e5dcb6-e662-11f1-8000-000000000000",
        "acknowledge_queue": "status_update_ack",
        "acknowledge_submit_queue": "status_update",
    }


def test_a_receipt_is_what_other_servers_send() -> None:
    receipt = Receipt(manager=MANAGER, message_id="u", queue="setup_ack")
    assert json.loads(messages.acknowledgement(receipt)) == {"acknowledge_uuid_response": "u"}


def test_the_end_of_a_job_of_which_nothing_is_left() -> None:
    """The fallback of protocol section 12; with a reason, in the stream that Galaxy shows."""
    assert messages.ended(JobId("77"), JobStatus.FAILED, None) == {
        "job_id": "77",
        "complete": "true",
        "status": "failed",
        "returncode": None,
    }
    assert messages.ended(JobId("77"), JobStatus.FAILED, 1, "why")["job_stderr"] == "why"
