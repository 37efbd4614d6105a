"""A connection to a real broker over time."""

from __future__ import annotations

import time

from pulsar_runtime.messaging.alarm import Alarm
from pulsar_runtime.messaging.link import Link
from pulsar_runtime.messaging.settings import BrokerSettings
from runtime.tests.broker import PASSWORD, USER, VHOST, Broker


def test_an_idle_connection_lives_however_often_hearts_beat(broker: Broker) -> None:
    """The broker closes one that it has not heard of for three heartbeats; its own come every second here."""
    settings = BrokerSettings(
        host="127.0.0.1",
        port=broker.port,
        virtual_host=VHOST,
        user=USER,
        password=PASSWORD,
        heartbeat_seconds=2,
    )
    alarm = Alarm()
    link = Link(settings, alarm)
    deadline = time.monotonic() + 9.0
    while (left := deadline - time.monotonic()) > 0:
        link.wait(left)
    link.channel().close()
    link.close()
    alarm.close()
