"""The keys about the message broker (protocol section 6.7), and what they mean together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import attrs

from pulsar_runtime.config.broker_url import BrokerUrl, parse_broker_url
from pulsar_runtime.config.kind import (
    BOOLEAN,
    PATH,
    SECONDS,
    TEXT,
    BadValueError,
    Kind,
    absolute,
    choice,
    from_text,
    integer,
    optional,
    whole_number,
)
from pulsar_runtime.config.option import option
from pulsar_runtime.config.reading import Reading
from pulsar_runtime.config.secret import Secret

_HIGHEST_PRIORITY = 9


def _read_priority(value: object) -> int:
    number = whole_number(value)
    if number is None or not 0 <= number <= _HIGHEST_PRIORITY:
        raise BadValueError("must be a whole number from 0 to 9")
    return number


def _read_heartbeat(value: object) -> int:
    number = 0 if value is False else whole_number(value)
    if number is None or number < 0:
        raise BadValueError("must be a whole number of seconds, or false")
    return number


def _parse_url(text: str) -> Secret:
    parse_broker_url(text)
    return Secret(text)


_URL = from_text("URL", _parse_url, secret=True)
_PRIORITY = Kind(name="whole number from 0 to 9", read=_read_priority)
_HEARTBEAT = Kind(name="seconds, or `false`", read=_read_heartbeat)


# Without slots: a class can have but one base that has some, and for `Config` that is another.
@attrs.frozen(kw_only=True, slots=False)
class MessageQueue:
    """Where the message broker is, and how it is used."""

    message_queue_url: Secret | None = attrs.field(
        default=None,
        metadata=option(
            optional(_URL),
            "The message broker: `amqps://USER:PASSWORD@HOST/VHOST`. The agent takes jobs from it, and tells "
            "Galaxy of their changes. Without it, there is no broker.",
        ),
    )
    message_queue_url_file: Path | None = attrs.field(
        default=None,
        converter=attrs.converters.optional(absolute),
        metadata=option(
            optional(PATH),
            "A file that holds that URL. The agent alone reads it, when it starts.",
        ),
    )
    message_queue_consume: bool = attrs.field(
        default=True, metadata=option(BOOLEAN, "Take messages from the broker.")
    )
    message_queue_publish: bool = attrs.field(
        default=True,
        metadata=option(BOOLEAN, "Send messages to the broker; else what is to be said waits."),
    )
    amqp_key_prefix: str | None = attrs.field(
        default=None,
        metadata=option(
            optional(TEXT),
            "Queues are called `<prefix>_setup` and so on. "
            "Without it, `pulsar__setup`, or `pulsar_<manager>__setup` for another manager than `_default_`.",
        ),
    )
    amqp_durable: bool = attrs.field(
        default=True,
        metadata=option(BOOLEAN, "Exchange, queues and messages survive a restart of the broker."),
    )
    amqp_acknowledge: bool = attrs.field(
        default=False,
        metadata=option(BOOLEAN, "Have Galaxy confirm each status update, and send it again until it does."),
    )
    amqp_ack_republish_time: float = attrs.field(
        default=30.0, metadata=option(SECONDS, "After how long it is sent again.")
    )
    amqp_connect_ssl_ca_certs: Path | None = attrs.field(
        default=None,
        converter=attrs.converters.optional(absolute),
        metadata=option(
            optional(PATH), "PEM file of those who may vouch for the broker. Without it, the system's."
        ),
    )
    amqp_connect_ssl_certfile: Path | None = attrs.field(
        default=None,
        converter=attrs.converters.optional(absolute),
        metadata=option(optional(PATH), "PEM file of our certificate, for a broker that wants one."),
    )
    amqp_connect_ssl_keyfile: Path | None = attrs.field(
        default=None,
        converter=attrs.converters.optional(absolute),
        metadata=option(
            optional(PATH), "PEM file of its key. Without it, the key is in the file of the certificate."
        ),
    )
    amqp_connect_ssl_cert_reqs: str = attrs.field(
        default="cert_required",
        metadata=option(
            choice("cert_required", "cert_optional", "cert_none"),
            "Whether the broker has to prove who it is. `cert_optional` means the same as `cert_required`.",
        ),
    )
    amqp_connect_ssl_server_hostname: str | None = attrs.field(
        default=None,
        metadata=option(
            optional(TEXT), "The name in the broker's certificate. Without it, the host of the URL."
        ),
    )
    amqp_heartbeat: int = attrs.field(
        default=60,
        metadata=option(_HEARTBEAT, "How soon a dead connection is noticed. `0` or `false`: never."),
    )
    amqp_publish_delivery_mode: str = attrs.field(
        default="persistent",
        metadata=option(
            choice("persistent", "transient"), "Whether messages survive a restart of the broker."
        ),
    )
    amqp_publish_priority: int = attrs.field(
        default=0, metadata=option(_PRIORITY, "The priority of messages, in queues that know priorities.")
    )
    status_outbox_drain_interval: float = attrs.field(
        default=5.0,
        metadata=option(SECONDS, "How often is looked whether there is something to say, without a call."),
    )

    @property
    def has_broker(self) -> bool:
        """Tell whether there is a message broker."""
        return self.message_queue_url is not None or self.message_queue_url_file is not None


@attrs.frozen(kw_only=True)
class Messages:
    """How much is taken from the message broker."""

    prefetch: int = attrs.field(
        default=50,
        metadata=option(integer(minimum=1), "How many jobs are on their way from the broker at a time."),
    )
    most_active_jobs: int = attrs.field(
        default=5000,
        metadata=option(
            integer(minimum=1), "With so many jobs that have not ended, further ones stay in the broker."
        ),
    )


def judge_message_queue(queue: MessageQueue, managers: Sequence[str], reading: Reading) -> None:
    """Note what does not go together, and what is not safe."""
    if queue.message_queue_url is not None and queue.message_queue_url_file is not None:
        reading.problem("message_queue_url_file", "is given together with message_queue_url; keep one")
    if queue.amqp_key_prefix is not None and len(managers) > 1:
        reading.problem(
            "amqp_key_prefix",
            f"would give {len(managers)} managers the same queues; leave it out, or keep one manager",
        )
    if queue.amqp_connect_ssl_keyfile is not None and queue.amqp_connect_ssl_certfile is None:
        reading.problem("amqp_connect_ssl_keyfile", "needs amqp_connect_ssl_certfile")
    if queue.amqp_connect_ssl_cert_reqs == "cert_none":
        reading.warning(
            "amqp_connect_ssl_cert_reqs",
            "leaves open who the broker is, and whoever is taken for it can run commands on this machine;"
            " name its certificate in amqp_connect_ssl_ca_certs",
        )
    if queue.message_queue_url is not None:
        for warning in url_warnings(parse_broker_url(queue.message_queue_url.reveal())):
            reading.warning("message_queue_url", warning)


def url_warnings(url: BrokerUrl) -> list[str]:
    """Return what whoever wrote the URL should know."""
    warnings = []
    if url.tls_by_query:
        warnings.append("says ?ssl=1, which is taken for amqps://: the broker has to prove who it is")
    if not url.tls and not url.loopback:
        warnings.append("sends passwords and jobs so that others can read and change them; write amqps://")
    return warnings
