"""The messages of a queue: their bodies, and the wish for an acknowledgement (protocol section 6)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from enum import StrEnum

import attrs

from pulsar_runtime.domain.announcement import Announcement, Receipt
from pulsar_runtime.domain.errors import MalformedRequest
from pulsar_runtime.domain.ids import JobId
from pulsar_runtime.domain.job import Submission
from pulsar_runtime.domain.status import JobStatus
from pulsar_runtime.protocol import json_text, submit

CONTENT_TYPE = "application/json"
CONTENT_ENCODING = "utf-8"

_UTF_8 = frozenset({"utf-8", "utf8"})

#: What receivers of receipts call their queues; anything else could lead a receipt astray.
_RECEIPT_QUEUE = re.compile(r"[a-z_]{1,64}_ack")
_LONGEST_IDENTIFIER = 255


class Queue(StrEnum):
    """The logical names of the queues that a server has to do with."""

    SETUP = "setup"
    KILL = "kill"
    STATUS = "status"
    STATUS_UPDATE = "status_update"
    STATUS_UPDATE_ACK = "status_update_ack"


@attrs.frozen
class SetupMessage:
    """A job that is to run."""

    job_id: JobId
    submission: Submission


@attrs.frozen
class KillMessage:
    """A job that is to end."""

    job_id: JobId


@attrs.frozen
class StatusRequest:
    """A job whose status somebody wants to be told."""

    job_id: JobId


@attrs.frozen
class Acknowledgement:
    """The other side has one of our messages."""

    message_id: str


Message = SetupMessage | KillMessage | StatusRequest | Acknowledgement


@attrs.frozen
class ReceiptWish:
    """What a sender wants to be told once its message has arrived."""

    message_id: str
    queue: str


def decode(body: bytes, content_type: str | None, content_encoding: str | None) -> Mapping[str, object]:
    """Read the body of a message; raises `MalformedRequest` for what is no JSON object in UTF-8."""
    if content_type and content_type.partition(";")[0].strip().lower() != CONTENT_TYPE:
        raise MalformedRequest(f"the message is of type {content_type!r}, not {CONTENT_TYPE}")
    if content_encoding and content_encoding.lower() not in _UTF_8:
        raise MalformedRequest(f"the message is encoded as {content_encoding!r}, not {CONTENT_ENCODING}")
    try:
        text = body.decode()
    except UnicodeDecodeError as exc:
        raise MalformedRequest("the message is not UTF-8") from exc
    value = json_text.parse(text, "the message")
    if not isinstance(value, dict):
        raise MalformedRequest("the message is not a JSON object")
    return value


def message(queue: Queue, body: Mapping[str, object]) -> Message:
    """Say what the body of a message in *queue* means; raises `MalformedRequest` or `UnsafePath`."""
    if queue is Queue.STATUS_UPDATE_ACK:
        return Acknowledgement(_identifier(body, "acknowledge_uuid_response"))
    # Older clients send their status requests to the setup queue (protocol section 6.2).
    if queue is Queue.STATUS or body.get("request") == "status":
        return StatusRequest(submit.read_job_id(body))
    if queue is Queue.KILL:
        return KillMessage(submit.read_job_id(body))
    return SetupMessage(*submit.from_message(body))


def named_job(body: Mapping[str, object]) -> JobId | None:
    """Return the job that a message is about, if that much of it can be understood."""
    try:
        return submit.read_job_id(body)
    except MalformedRequest:
        return None


def receipt_wish(body: Mapping[str, object]) -> ReceiptWish | None:
    """Return what the sender wants to be told, if anything."""
    if body.get("acknowledge_uuid") is None:
        return None
    queue = body.get("acknowledge_queue")
    if not isinstance(queue, str) or not _RECEIPT_QUEUE.fullmatch(queue):
        raise MalformedRequest("acknowledge_queue is not the logical name of a queue for acknowledgements")
    return ReceiptWish(_identifier(body, "acknowledge_uuid"), queue)


def status_update(body: Mapping[str, object], announcement: Announcement, *, receipt: bool) -> bytes:
    """Write a status update with the status in *body*; with *receipt* ask for an acknowledgement."""
    if not receipt:
        return _encode(body)
    wish: dict[str, object] = {
        "acknowledge_uuid": announcement.message_id,
        "acknowledge_queue": Queue.STATUS_UPDATE_ACK,
        "acknowledge_submit_queue": Queue.STATUS_UPDATE,
    }
    if announcement.repeated:
        wish["force_noack"] = True
    return _encode({**body, **wish})


def ended(job_id: JobId, status: JobStatus, return_code: int | None, reason: str = "") -> dict[str, object]:
    """Describe the end of a job of which nothing else is left (protocol section 12)."""
    body: dict[str, object] = {
        "job_id": job_id,
        "complete": "true",
        "status": status.value,
        "returncode": return_code,
    }
    if reason:
        body |= {"stdout": "", "stderr": "", "job_stdout": "", "job_stderr": reason}
    return body


def acknowledgement(receipt: Receipt) -> bytes:
    """Write the answer to a message whose sender wants one."""
    return _encode({"acknowledge_uuid_response": receipt.message_id})


def _encode(body: Mapping[str, object]) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()


def _identifier(body: Mapping[str, object], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_IDENTIFIER:
        raise MalformedRequest(f"{name} is missing or not an identifier")
    return value
