"""Telling clients what is in the outbox."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import attrs

from pulsar_runtime.application.service import JobService
from pulsar_runtime.domain.announcement import Announcement, OutgoingMessage, StatusUpdate
from pulsar_runtime.domain.status import JobStatus
from pulsar_runtime.messaging.link import Link
from pulsar_runtime.messaging.topology import Topology
from pulsar_runtime.ports import MessagePublisher, Outbox
from pulsar_runtime.protocol import messages, status
from pulsar_runtime.protocol.messages import CONTENT_ENCODING, CONTENT_TYPE, Queue

logger = logging.getLogger(__name__)

#: How many messages wait for their confirmation at a time.
_BATCH = 50


@attrs.frozen(kw_only=True)
class Announcer:
    """Publishes the outbox in order; what the broker has confirmed is gone from it."""

    service: JobService
    outbox: Outbox
    topology: Topology
    publisher: Callable[[Link], MessagePublisher]
    #: Ask clients to confirm each status update, and send it again after so many seconds; None: do not ask.
    repeat_seconds: float | None = None
    #: How often the outbox is looked at without having been called.
    look_seconds: float = 5.0

    def serve(self, link: Link) -> None:
        """Publish over *link* until it breaks."""
        # Galaxy may be about to listen: what is published before would be lost without its queue.
        self.topology.declare(
            link,
            [self.topology.queue_name(name, Queue.STATUS_UPDATE) for name in self.service.managers],
        )
        publisher = self.publisher(link)
        while True:
            if not self.say(publisher):
                link.wait(self.look_seconds)

    def say(self, publisher: MessagePublisher) -> bool:
        """Publish what is to be said now, at most a batch of it; tell whether there was anything."""
        announcements = list(self.outbox.unsent(_BATCH))
        if not announcements and self.repeat_seconds is not None:
            announcements = list(self.outbox.unconfirmed(self.repeat_seconds, _BATCH))
        if not announcements:
            return False
        publisher.publish([self._message(one) for one in announcements])
        awaiting = [one for one in announcements if self._awaits_confirmation(one)]
        self._keep(awaiting)
        self._forget([one for one in announcements if one not in awaiting])
        return True

    def _keep(self, announcements: Sequence[Announcement]) -> None:
        if announcements:
            self.outbox.await_confirmation([one.number for one in announcements])

    def _forget(self, announcements: Sequence[Announcement]) -> None:
        if announcements:
            self.outbox.sent([one.number for one in announcements])

    def _awaits_confirmation(self, announcement: Announcement) -> bool:
        return self.repeat_seconds is not None and isinstance(announcement.content, StatusUpdate)

    def _message(self, announcement: Announcement) -> OutgoingMessage:
        content = announcement.content
        is_update = isinstance(content, StatusUpdate)
        if isinstance(content, StatusUpdate):
            wish = self._awaits_confirmation(announcement)
            body = messages.status_update(self._status(content), announcement, receipt=wish)
            queue: str = Queue.STATUS_UPDATE
        else:
            body, queue = messages.acknowledgement(content), content.queue
        return OutgoingMessage(
            queue=self.topology.queue_name(content.manager, queue),
            body=body,
            content_type=CONTENT_TYPE,
            content_encoding=CONTENT_ENCODING,
            # Who waits for a receipt has made its queue, or asks again.
            required=is_update,
        )

    def _status(self, update: StatusUpdate) -> dict[str, object]:
        """Describe a job by the status that was written down, and an ended one by what it left behind."""
        if not update.status.terminal:
            return status.unfinished(update.job_id, update.status)
        rules = self.service.managers.get(update.manager)
        job = self.service.store.get(update.key) if update.key is not None else None
        if rules is not None and job is not None:
            return status.finished(self.service.report(job), rules.galaxy_properties)
        if rules is not None and update.status is JobStatus.LOST and update.key is None:
            report = self.service.report_unknown(update.manager, update.job_id)
            return status.finished(report, rules.galaxy_properties)
        # Removed meanwhile, or never set up.
        return messages.ended(update.job_id, update.status, update.return_code, update.reason)
