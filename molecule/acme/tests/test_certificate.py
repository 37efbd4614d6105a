"""The certificate that a host has, and what becomes of it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from testinfra.host import Host

from test_hosts.playbook import play

CONVERGE = Path(__file__).parents[1] / "converge.yml"
FOLDER = "/etc/ssl/pulsar"
CERTIFICATE = f"{FOLDER}/cert.pem"
KEY = f"{FOLDER}/key.pem"
EXPIRY = "tls-pulsar-expiry"
#: What certbot remembers of the certificate.
RENEWAL = "/etc/letsencrypt/renewal/pulsar.conf"


def serial(host: Host) -> str:
    return str(host.check_output(f"openssl x509 -noout -serial -in {CERTIFICATE}"))


def served(host: Host) -> list[str]:
    """Return the certificates that the service was started with, the last one at the end."""
    return list(host.check_output("cat /var/log/served").splitlines())


def assert_serves(host: Host, name: str) -> None:
    """A client that trusts the server's authority accepts the certificate; the service may use its key."""
    authority = "curl --silent --fail --cacert /etc/ssl/pebble.pem https://galaxy:15000/roots/0"
    verify = f"openssl verify -no-CApath -no-CAstore -CAfile <({authority}) -untrusted {CERTIFICATE}"
    purpose = f"-purpose sslserver -verify_hostname {name} {CERTIFICATE}"
    assert host.check_output(f"bash -c {shlex.quote(f'{verify} {purpose}')}") == f"{CERTIFICATE}: OK"
    of_certificate = host.check_output(f"openssl x509 -noout -pubkey -in {CERTIFICATE}")
    assert host.check_output(f"runuser -u www-data -- openssl pkey -pubout -in {KEY}") == of_certificate
    assert host.run(f"runuser -u nobody -- cat {KEY}").failed
    assert (host.file(KEY).user, host.file(KEY).group, host.file(KEY).mode) == ("root", "www-data", 0o640)


@pytest.fixture
def name(host: Host) -> str:
    """What clients call the host."""
    return str(host.check_output("hostname"))


def test_clients_accept_it_and_the_service_has_its_key(host: Host, name: str) -> None:
    assert_serves(host, name)
    assert served(host)[-1] == serial(host)


@pytest.mark.parametrize("timer", ["certbot.timer", f"{EXPIRY}.timer"])
def test_the_host_looks_after_it_by_itself(host: Host, timer: str) -> None:
    assert host.service(timer).is_enabled
    assert host.service(timer).is_running


def test_it_stays_while_it_is_not_due(host: Host) -> None:
    before = served(host)
    host.check_output("systemctl start certbot.service")
    assert serial(host) == before[-1]
    assert served(host) == before


def test_it_is_replaced_when_it_is_due_and_the_service_is_told(host: Host, name: str) -> None:
    before = served(host)
    with due(host):
        host.check_output("systemctl start certbot.service")
    assert serial(host) not in before
    assert served(host) == [*before, serial(host)]
    assert_serves(host, name)


@contextmanager
def due(host: Host) -> Iterator[None]:
    """Have certbot take 90 days for too few."""
    host.check_output(f"cp --preserve {RENEWAL} {RENEWAL}.kept")
    host.check_output(f"sed --in-place '1i renew_before_expiry = 100 days' {RENEWAL}")
    try:
        yield
    finally:
        host.check_output(f"mv {RENEWAL}.kept {RENEWAL}")


def test_a_run_puts_it_where_it_is_missing(host: Host, name: str) -> None:
    """As it is when the directory is another one, or certbot's hook has failed."""
    before = serial(host)
    host.check_output(f"rm {CERTIFICATE} {KEY}")
    done = play(CONVERGE, limit=name, variables={})
    assert done.returncode == 0, done.stdout
    assert serial(host) == before
    assert_serves(host, name)


@pytest.fixture
def with_days_left(host: Host) -> Iterator[Callable[[int], None]]:
    """Puts another certificate in the place of this one."""
    issue = f"openssl req -x509 -key {KEY} -subj /CN=old -out {CERTIFICATE}"
    host.check_output(f"mv {CERTIFICATE} {CERTIFICATE}.kept")
    try:
        yield lambda days: host.check_output(f"{issue} -days {days}")
    finally:
        host.check_output(f"mv {CERTIFICATE}.kept {CERTIFICATE}")
        host.check_output(f"systemctl reset-failed {EXPIRY}.service")


@pytest.mark.parametrize(("days", "expected"), [(15, ""), (13, f"{EXPIRY}.service")])
def test_there_is_a_warning_of_one_that_ends_in_less_than_two_weeks(
    host: Host, with_days_left: Callable[[int], None], days: int, expected: str
) -> None:
    with_days_left(days)
    assert warning(host) == expected


def warning(host: Host) -> str:
    """Return what an administrator finds among the failed units when the timer has gone off."""
    host.run(f"systemctl start {EXPIRY}.service")
    failed = host.check_output(f"systemctl list-units --failed --plain --no-legend '{EXPIRY}*'")
    return str(failed.partition(" ")[0])
