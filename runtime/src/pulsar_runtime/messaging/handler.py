"""What becomes of one message."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping

import attrs

from pulsar_runtime.application.admission import Admission
from pulsar_runtime.application.correspondence import Correspondence
from pulsar_runtime.domain.announcement import Receipt
from pulsar_runtime.domain.errors import PulsarRuntimeError, RequestError, StoreError, UnknownJob
from pulsar_runtime.domain.ids import JobId, ManagerName
from pulsar_runtime.ports import Inbox, Outbox
from pulsar_runtime.protocol import messages
from pulsar_runtime.protocol.messages import (
    Acknowledgement,
    KillMessage,
    Queue,
    ReceiptWish,
    SetupMessage,
    StatusRequest,
)

logger = logging.getLogger(__name__)

#: How often a message may take down who acts upon it.
_MOST_ATTEMPTS = 5


@attrs.frozen(kw_only=True)
class Delivery:
    """A message as the broker brought it."""

    manager: ManagerName
    queue: Queue
    body: bytes
    content_type: str | None = None
    content_encoding: str | None = None
    #: Whether it was brought before, to us or to an agent before us.
    again: bool = False


@attrs.frozen
class Done:
    """It was acted upon, for good."""


@attrs.frozen
class Later:
    """We cannot act upon it at the moment; it is none of its fault."""

    reason: str


@attrs.frozen
class UnknownYet:
    """It is about a job that nobody knows, unless its setup message is still on the way."""


@attrs.frozen
class Dead:
    """Nobody will ever be able to act upon it."""

    reason: str


Outcome = Done | Later | UnknownYet | Dead


@attrs.frozen(kw_only=True)
class MessageHandler:
    """Acts upon messages. What it does survives the loss of power before it says that it is done."""

    use_cases: Correspondence
    inbox: Inbox
    outbox: Outbox
    admission: Admission

    def handle(self, delivery: Delivery) -> Outcome:
        """Act upon a message; a store that is damaged raises `StoreError`."""
        try:
            body = messages.decode(delivery.body, delivery.content_type, delivery.content_encoding)
        except RequestError as error:
            return Dead(str(error))
        try:
            try:
                wish = messages.receipt_wish(body)
            except RequestError as error:
                return self._refuse(delivery, body, None, str(error))
            return self._counted(delivery, body, wish)
        except StoreError as error:
            if not error.transient:
                raise
            return Later(str(error))

    def give_up(self, delivery: Delivery) -> Outcome:
        """Act upon a message about a job that is not on the way either."""
        body = messages.decode(delivery.body, delivery.content_type, delivery.content_encoding)
        message = messages.message(delivery.queue, body)
        if isinstance(message, StatusRequest):
            self.use_cases.tell_lost(delivery.manager, message.job_id)
        self._acknowledge(delivery, messages.receipt_wish(body))
        return Done()

    def _counted(self, delivery: Delivery, body: Mapping[str, object], wish: ReceiptWish | None) -> Outcome:
        """Act upon a message that may have taken down the agent before."""
        if not delivery.again:
            return self._act(delivery, body, wish)
        digest = hashlib.sha256(delivery.queue.encode() + b"\0" + delivery.body).hexdigest()
        outcome: Outcome
        if self.inbox.attempt(digest) > _MOST_ATTEMPTS:
            outcome = self._refuse(
                delivery, body, wish, f"nobody who acted upon it {_MOST_ATTEMPTS} times came to an end"
            )
        else:
            outcome = self._act(delivery, body, wish)
        self.inbox.settle(digest)
        return outcome

    def _act(self, delivery: Delivery, body: Mapping[str, object], wish: ReceiptWish | None) -> Outcome:
        if wish is not None and self.inbox.received(wish.message_id):
            # Its sender has not heard of it.
            self._acknowledge(delivery, wish)
            return Done()
        try:
            message = messages.message(delivery.queue, body)
            if isinstance(message, SetupMessage) and (refusal := self.admission.refusal()):
                return Later(refusal)
            self._carry_out(delivery, message)
        except UnknownJob:
            return UnknownYet()
        except StoreError:
            raise
        except PulsarRuntimeError as error:
            if error.transient:
                return Later(str(error))
            return self._refuse(delivery, body, wish, str(error))
        self._acknowledge(delivery, wish)
        return Done()

    def _carry_out(self, delivery: Delivery, message: messages.Message) -> None:
        manager = delivery.manager
        match message:
            case SetupMessage(job_id, submission):
                self.use_cases.set_up(manager, job_id, submission, again=delivery.again)
            case KillMessage(job_id):
                self.use_cases.end(manager, job_id)
            case StatusRequest(job_id):
                self.use_cases.tell(manager, job_id)
            case Acknowledgement(message_id):
                if not self.outbox.confirmed(message_id):
                    logger.info("nobody waits for an acknowledgement of %s", message_id)

    def _refuse(
        self, delivery: Delivery, body: Mapping[str, object], wish: ReceiptWish | None, reason: str
    ) -> Dead:
        job_id: JobId | None = messages.named_job(body)
        if delivery.queue is Queue.SETUP and job_id is not None:
            self.use_cases.tell_refused(delivery.manager, job_id, reason)
        self._acknowledge(delivery, wish)
        return Dead(reason)

    def _acknowledge(self, delivery: Delivery, wish: ReceiptWish | None) -> None:
        if wish is not None:
            self.inbox.receive(
                Receipt(manager=delivery.manager, message_id=wish.message_id, queue=wish.queue)
            )
