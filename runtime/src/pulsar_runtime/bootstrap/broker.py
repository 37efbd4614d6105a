"""The message broker of a configuration."""

from __future__ import annotations

from pathlib import Path

from pulsar_runtime.config.broker_url import BrokerUrl, parse_broker_url
from pulsar_runtime.config.kind import BadValueError
from pulsar_runtime.config.schema import Config
from pulsar_runtime.domain.errors import ConfigError
from pulsar_runtime.messaging.settings import BrokerSettings, TlsSettings
from pulsar_runtime.messaging.topology import Topology


def topology_of(config: Config) -> Topology:
    """Return what exchange and queues are called."""
    return Topology(key_prefix=config.amqp_key_prefix, durable=config.amqp_durable)


def broker_settings(config: Config) -> BrokerSettings:
    """Return where the broker is and who we are; reads the files, and raises `ConfigError` if it cannot."""
    url = _url(config)
    tls = TlsSettings(
        ca_file=_readable(config.amqp_connect_ssl_ca_certs, "amqp_connect_ssl_ca_certs"),
        certificate_file=_readable(config.amqp_connect_ssl_certfile, "amqp_connect_ssl_certfile"),
        key_file=_readable(config.amqp_connect_ssl_keyfile, "amqp_connect_ssl_keyfile"),
        server_name=config.amqp_connect_ssl_server_hostname,
        verify=config.amqp_connect_ssl_cert_reqs != "cert_none",
    )
    return BrokerSettings(
        host=url.host,
        port=url.port,
        virtual_host=url.virtual_host,
        user=url.user,
        password=url.password.reveal(),
        tls=tls if url.tls else None,
        heartbeat_seconds=config.amqp_heartbeat or None,
    )


def _url(config: Config) -> BrokerUrl:
    if config.message_queue_url is not None:
        return parse_broker_url(config.message_queue_url.reveal())
    file = config.message_queue_url_file or Path()
    try:
        return parse_broker_url(file.read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError("message_queue_url_file", (f"{file} cannot be read: {reason}",)) from error
    except BadValueError as error:
        raise ConfigError("message_queue_url_file", (f"what {file} holds {error}",)) from error


def _readable(path: Path | None, key: str) -> str | None:
    """Return the path of a file that can be read; TLS would say that one cannot, but not which."""
    if path is None:
        return None
    try:
        path.open("rb").close()
    except OSError as error:
        raise ConfigError(key, (f"{path} cannot be read: {error.strerror}",)) from error
    return str(path)
