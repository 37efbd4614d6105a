"""Where the broker is, and what is not safe about the way there (protocol section 6.7)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pulsar_runtime.config.broker_url import BrokerUrl, parse_broker_url
from pulsar_runtime.config.kind import BadValueError
from pulsar_runtime.config.load import Loaded
from pulsar_runtime.config.secret import Secret
from pulsar_runtime.config.show import show

LoadText = Callable[..., Loaded]
ProblemsOf = Callable[..., tuple[str, ...]]


@pytest.mark.parametrize(
    ("text", "host", "port", "virtual_host", "tls"),
    [
        ("amqp://u:p@h:5672//", "h", 5672, "/", False),
        ("amqp://u:p@h", "h", 5672, "/", False),
        ("amqp://u:p@h/", "h", 5672, "/", False),
        ("pyamqp://u:p@h/name", "h", 5672, "name", False),
        ("amqps://u:p@h/name", "h", 5671, "name", True),
        ("amqps://u:p@h:443//pulsar/galaxy_de01", "h", 443, "/pulsar/galaxy_de01", True),
        ("amqps://u:p@h/%2Fpulsar%2Fa", "h", 5671, "/pulsar/a", True),
        ("amqp://u:p@h:5671//pulsar/a?ssl=1", "h", 5671, "/pulsar/a", True),
        ("pyamqp://u:p@h/a?ssl=true", "h", 5671, "a", True),
        ("amqps://u:p@[::1]:5999/a", "::1", 5999, "a", True),
    ],
)
def test_a_url_says_where_the_broker_is(
    text: str, *, host: str, port: int, virtual_host: str, tls: bool
) -> None:
    url = parse_broker_url(text)
    assert (url.host, url.port, url.virtual_host, url.tls) == (host, port, virtual_host, tls)
    assert (url.user, url.password) == ("u", Secret("p"))


def test_user_and_password_may_hold_any_character() -> None:
    url = parse_broker_url("amqps://site%40a:p%2Fw%3A%23%25@h/a")
    assert (url.user, url.password.reveal()) == ("site@a", "p/w:#%")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("http://relay.example.org", "relay"),
        ("https://relay.example.org", "relay"),
        ("redis://u:hunter2@h", "must be a URL such as amqps://"),
        ("hunter2", "must be a URL such as amqps://"),
        ("amqp://", "must be a URL such as amqps://"),
        ("amqp://u:hunter2@h:port/a", "is not a URL"),
        ("amqp://u:hunter2#@h/a", "is not a URL"),
        ("amqp://u:p@h/a?ssl=0", "amqps://"),
        ("amqp://u:p@h/a?ssl=hunter2", "amqps://"),
        ("amqp://u:p@h/a?heartbeat=5", "not known: heartbeat"),
        ("amqp://u:hunter2@h;amqp://u:hunter2@i", "several brokers"),
    ],
)
def test_what_is_no_such_url_is_refused_without_showing_it(text: str, problem: str) -> None:
    with pytest.raises(BadValueError) as raised:
        parse_broker_url(text)
    assert problem in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_a_url_is_not_shown() -> None:
    url = parse_broker_url("amqps://u:hunter2@h/a")
    assert isinstance(url, BrokerUrl)
    assert "hunter2" not in repr(url)


def test_the_url_is_masked_where_the_configuration_is_shown(load_text: LoadText) -> None:
    loaded = load_text("message_queue_url: amqps://u:hunter2@h/a")
    assert "hunter2" not in show(loaded)
    assert "hunter2" not in repr(loaded)
    assert "message_queue_url: '********'" in show(loaded)


def test_a_wrong_url_is_a_problem_that_does_not_show_it(problems_of: ProblemsOf) -> None:
    (problem,) = problems_of("message_queue_url: rediss://u:hunter2@h")
    assert problem.startswith("message_queue_url: must be a URL")
    assert "hunter2" not in problem


def test_ssl_in_the_query_means_the_safe_thing_and_is_warned_about(load_text: LoadText) -> None:
    (warning,) = load_text("message_queue_url: amqp://u:hunter2@h:5671/a?ssl=1").warnings
    assert warning == (
        "message_queue_url: says ?ssl=1, which is taken for amqps://: the broker has to prove who it is"
    )


@pytest.mark.parametrize("host", ["broker.example.org", "10.0.0.1"])
def test_a_connection_that_others_can_read_is_warned_about(load_text: LoadText, host: str) -> None:
    (warning,) = load_text(f"message_queue_url: amqp://u:hunter2@{host}/a").warnings
    assert warning.endswith("write amqps://")
    assert "hunter2" not in warning


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "[::1]"])
def test_one_that_stays_on_this_machine_is_not(load_text: LoadText, host: str) -> None:
    assert load_text(f"message_queue_url: amqp://u:p@{host}/a").warnings == ()


def test_a_broker_that_need_not_prove_who_it_is_is_warned_about(load_text: LoadText) -> None:
    (warning,) = load_text(
        "{message_queue_url: 'amqps://u:p@h/a', amqp_connect_ssl_cert_reqs: cert_none}"
    ).warnings
    assert warning.startswith("amqp_connect_ssl_cert_reqs: leaves open who the broker is")


def test_an_encrypted_url_needs_no_warning(load_text: LoadText) -> None:
    assert load_text("message_queue_url: amqps://u:p@h/a").warnings == ()


def test_one_prefix_for_several_managers_is_refused(problems_of: ProblemsOf) -> None:
    """They would share queues (protocol section 6.1)."""
    (problem,) = problems_of("{amqp_key_prefix: P, managers: {a: {}, b: {}}}")
    assert problem.startswith("amqp_key_prefix: would give 2 managers the same queues")


def test_the_url_is_given_once(problems_of: ProblemsOf) -> None:
    (problem,) = problems_of("{message_queue_url: 'amqps://u:p@h/a', message_queue_url_file: /a}")
    assert problem == "message_queue_url_file: is given together with message_queue_url; keep one"


def test_a_key_needs_its_certificate(problems_of: ProblemsOf) -> None:
    (problem,) = problems_of("amqp_connect_ssl_keyfile: /a")
    assert problem == "amqp_connect_ssl_keyfile: needs amqp_connect_ssl_certfile"


@pytest.mark.parametrize(("text", "seconds"), [("580", 580), ("0", 0), ("false", 0), ("'60'", 60)])
def test_heartbeats_can_be_switched_off(load_text: LoadText, text: str, seconds: int) -> None:
    assert load_text(f"amqp_heartbeat: {text}").config.amqp_heartbeat == seconds


@pytest.mark.parametrize("text", ["-1", "true", "5.5", "often"])
def test_other_heartbeats_are_refused(problems_of: ProblemsOf, text: str) -> None:
    (problem,) = problems_of(f"amqp_heartbeat: {text}")
    assert problem == "amqp_heartbeat: must be a whole number of seconds, or false"


@pytest.mark.parametrize("text", ["-1", "10", "true", "high"])
def test_priorities_go_from_0_to_9(problems_of: ProblemsOf, text: str) -> None:
    (problem,) = problems_of(f"amqp_publish_priority: {text}")
    assert problem == "amqp_publish_priority: must be a whole number from 0 to 9"


def test_a_manager_has_no_broker_of_its_own(problems_of: ProblemsOf) -> None:
    (problem,) = problems_of("managers: {a: {message_queue_url: 'amqps://u:hunter2@h/a'}}")
    assert problem == "managers.a.message_queue_url: belongs to the top level of the file"
