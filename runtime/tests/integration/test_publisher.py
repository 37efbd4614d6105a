"""What the transports may rely on, whoever takes the messages: a real broker or its in-memory twin."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence

import attrs
import pytest

from pulsar_runtime.domain.announcement import OutgoingMessage
from pulsar_runtime.domain.errors import BrokerUnavailable
from pulsar_runtime.messaging.alarm import Alarm
from pulsar_runtime.messaging.link import Link
from pulsar_runtime.messaging.publisher import ConfirmingPublisher
from pulsar_runtime.messaging.settings import BrokerSettings
from pulsar_runtime.messaging.topology import Topology
from pulsar_runtime.ports import MessagePublisher
from pulsar_runtime.testing.publisher import InMemoryPublisher
from runtime.tests.broker import PASSWORD, USER, VHOST, Broker

NUMBERS = itertools.count(1)


@attrs.frozen
class Kept:
    """A publisher, and a way to see what was kept of its messages."""

    publisher: MessagePublisher
    queue: str
    kept: Callable[[], Sequence[tuple[bytes, str | None, str | None, dict[str, str]]]]


def settings(broker: Broker) -> BrokerSettings:
    return BrokerSettings(
        host="127.0.0.1", port=broker.port, virtual_host=VHOST, user=USER, password=PASSWORD
    )


@pytest.fixture
def link(broker: Broker) -> Iterator[Link]:
    alarm = Alarm()
    link = Link(settings(broker), alarm)
    yield link
    link.close()
    alarm.close()


@pytest.fixture(params=["twin", "broker"])
def kept(request: pytest.FixtureRequest) -> Kept:
    if request.param == "twin":
        twin = InMemoryPublisher()
        return Kept(
            twin,
            "a",
            lambda: [
                (one.body, one.content_type, one.content_encoding, dict(one.headers))
                for one in twin.published
            ],
        )
    link: Link = request.getfixturevalue("link")
    broker: Broker = request.getfixturevalue("broker")
    queue = f"publisher-{next(NUMBERS)}"
    Topology().declare(link, [queue])
    return Kept(ConfirmingPublisher(link, Topology()), queue, lambda: _taken(broker, queue))


def _taken(broker: Broker, queue: str) -> list[tuple[bytes, str | None, str | None, dict[str, str]]]:
    with broker.connection() as connection:
        channel = connection.default_channel
        messages = iter(lambda: channel.basic_get(queue, no_ack=True), None)
        taken = [channel.message_to_python(message) for message in messages]
    return [
        (
            one.body if isinstance(one.body, bytes) else one.body.encode(),
            one.content_type,
            one.content_encoding,
            dict(one.headers),
        )
        for one in taken
    ]


def message(queue: str, body: bytes, **more: str) -> OutgoingMessage:
    return OutgoingMessage(
        queue=queue, body=body, content_type="application/json", content_encoding="utf-8", headers=more
    )


def test_messages_are_kept_in_their_order(kept: Kept) -> None:
    bodies = [str(number).encode() for number in range(120)]
    kept.publisher.publish([message(kept.queue, body) for body in bodies[:70]])
    kept.publisher.publish([message(kept.queue, body) for body in bodies[70:]])
    assert [one[0] for one in kept.kept()] == bodies


def test_a_message_is_kept_as_it_is(kept: Kept) -> None:
    kept.publisher.publish([message(kept.queue, b'{"a": "\xc3\xbc"}', reason="why", at="now")])
    expected = (b'{"a": "\xc3\xbc"}', "application/json", "utf-8", {"reason": "why", "at": "now"})
    assert list(kept.kept()) == [expected]


def test_no_message_at_all_is_published_at_once(kept: Kept) -> None:
    kept.publisher.publish([])
    assert list(kept.kept()) == []


def test_a_message_without_a_queue_is_not_lost_in_silence(link: Link) -> None:
    publisher = ConfirmingPublisher(link, Topology())
    with pytest.raises(BrokerUnavailable, match="no queue nowhere"):
        publisher.publish([message("nowhere", b"{}")])
    # The next ones are none the worse for it.
    Topology().declare(link, ["somewhere"])
    publisher.publish([message("somewhere", b"{}")])


def test_one_that_may_be_lost_is(link: Link) -> None:
    publisher = ConfirmingPublisher(link, Topology())
    publisher.publish([attrs.evolve(message("nowhere", b"{}"), required=False)])


def test_messages_survive_a_restart_of_the_broker_unless_they_need_not(broker: Broker, link: Link) -> None:
    Topology().declare(link, ["modes"])
    for persistent in (True, False):
        ConfirmingPublisher(link, Topology(), persistent=persistent, priority=3).publish(
            [message("modes", b"{}")]
        )
    with broker.connection() as connection:
        channel = connection.default_channel
        properties = [channel.basic_get("modes", no_ack=True).properties for _ in range(2)]
    assert [one["delivery_mode"] for one in properties] == [2, 1]
    assert [one["priority"] for one in properties] == [3, 3]


def test_a_broker_that_is_gone_is_noticed(broker: Broker) -> None:
    closed = Link(settings(broker), Alarm())
    publisher = ConfirmingPublisher(closed, Topology())
    closed.close()
    with pytest.raises(BrokerUnavailable):
        publisher.publish([message("a", b"{}")])


def test_waiting_for_nothing_ends_in_time(link: Link) -> None:
    began = time.monotonic()
    link.wait(0.2)
    assert 0.2 <= time.monotonic() - began < 2
