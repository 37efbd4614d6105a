"""What each kind of value accepts, and what it says of the rest."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from pulsar_runtime.config.address import Address
from pulsar_runtime.config.load import Loaded
from pulsar_runtime.domain.ids import DEFAULT_MANAGER

LoadText = Callable[..., Loaded]
ProblemsOf = Callable[..., tuple[str, ...]]


@pytest.mark.parametrize(
    ("text", "value"),
    [("4", 4), ("'4'", 4), ("' 4 '", 4), ("'+4'", 4)],
)
def test_whole_numbers_may_be_text(text: str, value: int, load_text: LoadText) -> None:
    assert load_text(f"web: {{workers: {text}}}").config.web.workers == value


@pytest.mark.parametrize(
    "text", ["0", "-1", "4.0", "true", "four", "''", "'4_0'", "[4]", "{a: 4}", "'\u0664'"]
)
def test_anything_else_is_no_whole_number(text: str, problems_of: ProblemsOf) -> None:
    (problem,) = problems_of(f"web: {{workers: {text}}}")
    assert problem.startswith("web.workers: must be a whole number, at least 1, not ")


@pytest.mark.parametrize("text", ["true", "'true'", "'True'", "'yes'", "'on'", "'1'"])
def test_texts_that_read_as_true(text: str, load_text: LoadText) -> None:
    """Section 6.7: true/1/yes/on strings."""
    assert load_text(f"debug: {text}").config.debug is True


@pytest.mark.parametrize("text", ["false", "'false'", "'FALSE'", "'no'", "'off'", "'0'"])
def test_texts_that_read_as_false(text: str, load_text: LoadText) -> None:
    assert load_text(f"debug: {text}").config.debug is False


@pytest.mark.parametrize("text", ["1", "0", "maybe", "''", "[]", "'t'"])
def test_anything_else_is_no_boolean(text: str, problems_of: ProblemsOf) -> None:
    (problem,) = problems_of(f"debug: {text}")
    assert problem.startswith("debug: must be true or false, not ")


@pytest.mark.parametrize(("text", "value"), [("5", 5.0), ("0.5", 0.5), ("'2.5'", 2.5), ("1e3", 1000.0)])
def test_seconds_may_be_fractions_and_text(text: str, value: float, load_text: LoadText) -> None:
    assert load_text(f"web: {{keepalive_seconds: {text}}}").config.web.keepalive_seconds == value


@pytest.mark.parametrize("text", ["0", "-1", ".inf", ".nan", "true", "soon", "[1]"])
def test_anything_else_is_no_time(text: str, problems_of: ProblemsOf) -> None:
    (problem,) = problems_of(f"web: {{keepalive_seconds: {text}}}")
    assert problem.startswith("web.keepalive_seconds: must be a number of seconds above 0, not ")


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1), ("'2000000'", 2000000), ("0", None), ("-1", None), ("", None), ("''", None), ("'-1'", None)],
)
def test_a_stream_size_may_be_unlimited(text: str, value: int | None, load_text: LoadText) -> None:
    """Sections 8.1 and 10: -1, 0 or empty = unlimited."""
    config = load_text(f"maximum_stream_size: {text}").config
    assert config.maximum_stream_size == value
    assert config.managers[DEFAULT_MANAGER].maximum_stream_size == value


@pytest.mark.parametrize("text", ["-2", "1.5", "1M", "true", "[]"])
def test_anything_else_is_no_stream_size(text: str, problems_of: ProblemsOf) -> None:
    (problem,) = problems_of(f"maximum_stream_size: {text}")
    assert problem.startswith("maximum_stream_size: must be a whole number of bytes, or 0 for no limit, not ")


@pytest.mark.parametrize(
    ("text", "mode"),
    [("'0700'", 0o700), ("'750'", 0o750), ("'0o2770'", 0o2770), ("'0777'", 0o777), ("''", None)],
)
def test_a_directory_mode_is_octal_text(text: str, mode: int | None, load_text: LoadText) -> None:
    """Section 10: octal text."""
    assert load_text(f"job_directory_mode: {text}").config.job_directory_mode == mode


@pytest.mark.parametrize("text", ["0700", "700", "493"])
def test_a_directory_mode_that_yaml_made_a_number_is_to_be_quoted(text: str, problems_of: ProblemsOf) -> None:
    """Section 10: unquoted ``0777`` is parsed by YAML as a number and then fails."""
    assert problems_of(f"job_directory_mode: {text}") == (
        'job_directory_mode: must be octal digits between quotes, such as "0700"',
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [("'0800'", "octal digits"), ("'17777'", "octal digits"), ("'0077'", "owner"), ("'rwx'", "octal")],
)
def test_a_useless_directory_mode_is_refused(text: str, reason: str, problems_of: ProblemsOf) -> None:
    (problem,) = problems_of(f"job_directory_mode: {text}")
    assert reason in problem


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:8913", "127.0.0.1", 8913),
        ("localhost:0", "localhost", 0),
        ("[::1]:8913", "::1", 8913),
        ("[fe80::1]:65535", "fe80::1", 65535),
    ],
)
def test_an_address_is_read_and_written_alike(text: str, host: str, port: int) -> None:
    address = Address.parse(text)
    assert (address.host, address.port, str(address)) == (host, port, text)


@pytest.mark.parametrize(
    "text",
    [
        "8913",
        "localhost",
        ":8913",
        "host:",
        "host:65536",
        "host:-1",
        "::1:80",
        "[::1]",
        "http://h:1",
        "a b:1",
        "h:1x",
    ],
)
def test_anything_else_is_no_address(text: str, problems_of: ProblemsOf) -> None:
    (problem,) = problems_of(f"web: {{bind: {json.dumps(text)}}}")
    assert problem.startswith("web.bind: must be HOST:PORT or [IPV6]:PORT")


def test_an_address_without_quotes_that_yaml_made_a_number_is_refused(problems_of: ProblemsOf) -> None:
    """YAML 1.1 reads ``10:20`` as 620."""
    assert problems_of("web: {bind: 10:20}") == ("web.bind: must be text, not a number",)


@pytest.mark.parametrize("text", ["''", "5", "[a]", '"a\\0b"'])
def test_a_path_is_text_that_can_name_a_file(text: str, problems_of: ProblemsOf) -> None:
    (problem,) = problems_of(f"staging_directory: {text}")
    assert problem.startswith("staging_directory: must")


def test_the_job_store_needs_a_directory(problems_of: ProblemsOf) -> None:
    """Section 10: ``__none__`` disables persistence in the reference; here nothing works without it."""
    (problem,) = problems_of("persistence_directory: __none__")
    assert problem.startswith("persistence_directory: the job store needs a directory")


@pytest.mark.parametrize("text", ["12345", "true", "[hunter2]", "1.0e+5"])
def test_a_token_that_is_no_text_is_not_shown(text: str, problems_of: ProblemsOf) -> None:
    assert problems_of(f"private_token: {text}") == ("private_token: must be text: put it between quotes",)


def test_an_empty_token_is_none(load_text: LoadText) -> None:
    assert load_text("private_token: ''").config.private_token is None


def test_a_mistyped_word_is_answered_with_the_words_there_are(problems_of: ProblemsOf) -> None:
    assert problems_of("assign_ids: uid") == ("assign_ids: must be galaxy or uuid, not 'uid'",)


def test_a_long_value_is_cut_in_its_message(problems_of: ProblemsOf) -> None:
    (problem,) = problems_of(f"debug: {'x' * 10000}")
    assert len(problem) < 200
