"""What is said to a client that does not ask: changes of its jobs, and receipts for its messages."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from pulsar_runtime.domain.ids import JobId, ManagerName
from pulsar_runtime.domain.status import JobStatus


@attrs.frozen(kw_only=True)
class StatusUpdate:
    """The status that a job had when this was written down."""

    manager: ManagerName
    job_id: JobId
    status: JobStatus
    #: The job in the store; None for one that it never had.
    key: int | None = None
    return_code: int | None = None
    #: Why a job that the store never had failed.
    reason: str = ""


@attrs.frozen(kw_only=True)
class Receipt:
    """The answer to a message whose sender wants to know that it arrived (protocol section 6.6)."""

    manager: ManagerName
    #: The sender's identifier of its message.
    message_id: str
    #: The logical name of the queue that the receipt goes to.
    queue: str


@attrs.frozen(kw_only=True)
class Announcement:
    """Something that waits in the outbox, in the place that its number gives it."""

    number: int
    #: The same however often it is sent.
    message_id: str
    content: StatusUpdate | Receipt
    #: Whether it was sent before, and nobody confirmed that it arrived.
    repeated: bool = False


@attrs.frozen(kw_only=True)
class OutgoingMessage:
    """A message as it is sent."""

    queue: str
    body: bytes
    content_type: str
    content_encoding: str
    #: Further facts about it, for people.
    headers: Mapping[str, str] = attrs.field(factory=dict)
    #: Whether it has to be kept even if nobody has made its queue yet.
    required: bool = True
