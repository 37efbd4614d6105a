"""An outbox, and an inbox, that forget everything when the process ends."""

from __future__ import annotations

import itertools
import uuid
from collections import Counter
from collections.abc import Sequence

import attrs

from pulsar_runtime.domain.announcement import Announcement, Receipt, StatusUpdate
from pulsar_runtime.ports import Clock
from pulsar_runtime.testing.faults import Faults

_REMEMBERED_SECONDS = 7 * 24 * 3600.0


class InMemoryOutbox:
    """Implements the ports `Outbox` and `Inbox`."""

    def __init__(self, clock: Clock) -> None:
        self.faults = Faults()
        self._clock = clock
        self._numbers = itertools.count(1)
        self._waiting: dict[int, Announcement] = {}
        self._sent_at: dict[int, float] = {}
        self._received: dict[str, float] = {}
        self._attempts: Counter[str] = Counter()

    def unsent(self, limit: int) -> Sequence[Announcement]:
        """Return what was never sent, in order."""
        self.faults.meet(self.unsent)
        return [one for number, one in self._waiting.items() if number not in self._sent_at][:limit]

    def unconfirmed(self, seconds: float, limit: int) -> Sequence[Announcement]:
        """Return what was sent at least *seconds* ago and is still here, in order."""
        self.faults.meet(self.unconfirmed)
        due = self._clock() - seconds
        numbers = sorted(number for number, at in self._sent_at.items() if at <= due)
        return [attrs.evolve(self._waiting[number], repeated=True) for number in numbers][:limit]

    def sent(self, numbers: Sequence[int]) -> None:
        """Forget what was sent."""
        self.faults.meet(self.sent)
        for number in numbers:
            self._drop(number)

    def await_confirmation(self, numbers: Sequence[int]) -> None:
        """Note that these were sent, and keep them until somebody confirms that they arrived."""
        self.faults.meet(self.await_confirmation)
        self._sent_at.update((number, self._clock()) for number in numbers if number in self._waiting)

    def confirmed(self, message_id: str) -> bool:
        """Forget what arrived; tell whether it was waiting for that."""
        self.faults.meet(self.confirmed)
        found = [number for number, one in self._waiting.items() if one.message_id == message_id]
        for number in found:
            self._drop(number)
        return bool(found)

    def announce(self, update: StatusUpdate) -> None:
        """Write down something to say about a job."""
        self.faults.meet(self.announce)
        self._add(update)

    def waiting(self) -> int:
        """Return how much is here, sent or not."""
        self.faults.meet(self.waiting)
        return len(self._waiting)

    def received(self, message_id: str) -> bool:
        """Tell whether a message was acted upon before."""
        self.faults.meet(self.received)
        return message_id in self._received

    def receive(self, receipt: Receipt) -> None:
        """Note that a message was acted upon, and that its sender is to be told."""
        self.faults.meet(self.receive)
        now = self._clock()
        self._received[receipt.message_id] = now
        self._received = {key: at for key, at in self._received.items() if at >= now - _REMEMBERED_SECONDS}
        self._add(receipt)

    def attempt(self, digest: str) -> int:
        """Note that somebody begins to act upon a message; return how often that was noted."""
        self.faults.meet(self.attempt)
        self._attempts[digest] += 1
        return self._attempts[digest]

    def settle(self, digest: str) -> None:
        """Forget the attempts at a message."""
        self.faults.meet(self.settle)
        self._attempts.pop(digest, None)

    def withdraw(self, key: int) -> None:
        """Take back what was not sent about a job that begins anew."""
        for number, one in list(self._waiting.items()):
            if isinstance(one.content, StatusUpdate) and one.content.key == key:
                self._drop(number)

    def close(self) -> None:
        """Keep everything: there is nothing to release."""

    def _add(self, content: StatusUpdate | Receipt) -> None:
        number = next(self._numbers)
        self._waiting[number] = Announcement(number=number, message_id=str(uuid.uuid4()), content=content)

    def _drop(self, number: int) -> None:
        self._waiting.pop(number, None)
        self._sent_at.pop(number, None)
