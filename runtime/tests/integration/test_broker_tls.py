"""A broker that speaks TLS alone and wants to know who we are."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import attrs
import pytest

from runtime.tests.broker import PASSWORD, USER, VHOST, Broker, running_broker
from runtime.tests.certificates import Certificate, authority, certificate
from runtime.tests.integration.site import Site
from runtime.tests.live_server import free_port, wait_until
from runtime.tests.resilience.lone_process import running_alone

REFUSED_LIMIT = 20.0
NUMBERS = itertools.count(1)


@attrs.frozen
class TlsBroker:
    """A broker, and those who vouch for it and for its clients."""

    broker: Broker
    port: int
    ours: Certificate
    stranger: Certificate
    client: Certificate

    def url(self, scheme: str = "amqps", host: str = "127.0.0.1", query: str = "") -> str:
        user = f"{USER}:{quote(PASSWORD, safe='')}"
        return f"{scheme}://{user}@{host}:{self.port}/{quote(VHOST, safe='')}{query}"

    @property
    def settings(self) -> dict[str, object]:
        """What a site has to say to be let in."""
        return {
            "message_queue_url": self.url(),
            "amqp_connect_ssl_ca_certs": str(self.ours.file),
            "amqp_connect_ssl_certfile": str(self.client.file),
            "amqp_connect_ssl_keyfile": str(self.client.key),
        }


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsBroker]:
    directory = tmp_path_factory.mktemp("tls")
    ours, stranger = authority(directory, "ours"), authority(directory, "stranger")
    broker_certificate = certificate(directory, "broker", ours, "IP:127.0.0.1,DNS:broker.example.org")
    client = certificate(directory, "client", ours, "DNS:site.example.org")
    port = free_port()
    options = {
        "listeners.ssl.local": f"127.0.0.1:{port}",
        "ssl_options.cacertfile": ours.file,
        "ssl_options.certfile": broker_certificate.file,
        "ssl_options.keyfile": broker_certificate.key,
        "ssl_options.verify": "verify_peer",
        "ssl_options.fail_if_no_peer_cert": "true",
    }
    with running_broker(directory / "node", options) as broker:
        yield TlsBroker(broker, port, ours, stranger, client)


def site(tls: TlsBroker, directory: Path, **settings: object) -> Site:
    chosen = {**tls.settings, **settings}
    return Site(tls.broker, directory, f"tls{next(NUMBERS)}", **chosen)


def runs_a_job(site: Site) -> None:
    with site.running() as galaxy:
        galaxy.set_up("1", "true")
        assert galaxy.wait_for_update("1")["status"] == "complete"


def is_not_connected(site: Site, reason: str) -> None:
    """Check that the agent says why it does not connect, and nothing that is secret."""
    with running_alone(site.server, "agent"):
        wait_until(
            lambda: reason in site.server.log.read_text(), REFUSED_LIMIT, "the log says why", site.server
        )
    log = site.server.log.read_text()
    assert "connected to the broker" not in log.replace("not connected", "")
    assert PASSWORD not in log
    assert quote(PASSWORD, safe="") not in log


def test_a_broker_that_proves_who_it_is_is_used(tls: TlsBroker, tmp_path: Path) -> None:
    runs_a_job(site(tls, tmp_path))


def test_ssl_in_the_query_means_the_same(tls: TlsBroker, tmp_path: Path) -> None:
    runs_a_job(site(tls, tmp_path, message_queue_url=tls.url("amqp", query="?ssl=1")))


def test_key_and_certificate_may_be_in_one_file(tls: TlsBroker, tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    both.write_text(tls.client.key.read_text() + tls.client.file.read_text())
    runs_a_job(site(tls, tmp_path / "s", amqp_connect_ssl_certfile=str(both), amqp_connect_ssl_keyfile=None))


def test_a_broker_that_nobody_vouches_for_is_not_used(tls: TlsBroker, tmp_path: Path) -> None:
    """With another authority, and with those of the system."""
    for number, authority_file in enumerate([str(tls.stranger.file), None]):
        is_not_connected(
            site(tls, tmp_path / str(number), amqp_connect_ssl_ca_certs=authority_file),
            "check amqp_connect_ssl_ca_certs",
        )


@pytest.mark.parametrize(("scheme", "query"), [("amqps", ""), ("amqp", "?ssl=1")])
def test_a_broker_of_another_name_is_not_used(
    tls: TlsBroker, tmp_path: Path, scheme: str, query: str
) -> None:
    url = tls.url(scheme, "localhost", query)
    is_not_connected(site(tls, tmp_path, message_queue_url=url), "Hostname mismatch")


def test_the_name_to_expect_can_be_given(tls: TlsBroker, tmp_path: Path) -> None:
    url = tls.url(host="localhost")
    runs_a_job(
        site(
            tls,
            tmp_path,
            message_queue_url=url,
            amqp_connect_ssl_server_hostname="broker.example.org",
        )
    )


def test_a_broker_that_wants_to_know_us_does_not_let_in_strangers(tls: TlsBroker, tmp_path: Path) -> None:
    is_not_connected(
        site(tls, tmp_path, amqp_connect_ssl_certfile=None, amqp_connect_ssl_keyfile=None),
        "no connection to the broker",
    )


def test_without_tls_there_is_no_connection(tls: TlsBroker, tmp_path: Path) -> None:
    is_not_connected(site(tls, tmp_path, message_queue_url=tls.url("amqp")), "no connection to the broker")


def test_whoever_says_so_need_not_know_the_broker(tls: TlsBroker, tmp_path: Path) -> None:
    runs_a_job(
        site(
            tls,
            tmp_path,
            message_queue_url=tls.url(host="localhost"),
            amqp_connect_ssl_ca_certs=None,
            amqp_connect_ssl_cert_reqs="cert_none",
        )
    )


@pytest.mark.parametrize(
    "key",
    ["amqp_connect_ssl_ca_certs", "amqp_connect_ssl_certfile", "amqp_connect_ssl_keyfile"],
)
def test_a_missing_file_is_named(tls: TlsBroker, tmp_path: Path, key: str) -> None:
    missing = tmp_path / "missing.pem"
    refused = site(tls, tmp_path, **{key: str(missing)}).refused_start()
    assert f"{missing} cannot be read: No such file or directory" in refused
    assert key in refused
