"""Query strings, in which everything travels (protocol section 1.1)."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulsar_runtime.domain.errors import MalformedRequest
from pulsar_runtime.protocol.parameters import json_parameter, parse_query, required

#: Text that has a form in UTF-8.
_TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    ("query", "parameters"),
    [
        ("", {}),
        ("a=1&b=2", {"a": "1", "b": "2"}),
        ("a=1&a=2", {"a": "2"}),
        ("a=", {"a": ""}),
        ("a", {"a": ""}),
        ("a=x+y%20z", {"a": "x y z"}),
        ("a=na%C3%AFve%20%E2%98%83", {"a": "na\u00efve \u2603"}),
        ("a=1%2B1", {"a": "1+1"}),
        ("a=b=c", {"a": "b=c"}),
        ("a=x;b=y", {"a": "x;b=y"}),
        ("a=%26%3D%23", {"a": "&=#"}),
        ("a=%zz", {"a": "%zz"}),
        ("%61=1", {"a": "1"}),
    ],
)
def test_a_query_decodes_like_a_form(query: str, parameters: dict[str, str]) -> None:
    assert parse_query(query) == parameters


@pytest.mark.parametrize("query", ["a=%EF", "%FF=1", "a=na%EFve", "a=%ED%A0%80", "a=1&b=%C3"])
def test_what_is_not_utf8_is_refused(query: str) -> None:
    with pytest.raises(MalformedRequest, match="UTF-8"):
        parse_query(query)


@given(st.dictionaries(_TEXT, _TEXT))
def test_what_a_client_encodes_comes_back(parameters: dict[str, str]) -> None:
    """The client's own encoder is the standard library's (protocol section 1.8)."""
    assert parse_query(urlencode(parameters)) == parameters


def test_a_huge_query_is_only_a_query() -> None:
    """A command of 300 kB works with the reference."""
    command = "echo 'x & y' " * 100_000
    assert parse_query(urlencode({"command_line": command})) == {"command_line": command}


def test_a_missing_parameter_is_named() -> None:
    assert required({"a": ""}, "a") == ""
    with pytest.raises(MalformedRequest, match="command_line"):
        required({}, "command_line")


@pytest.mark.parametrize("text", [None, "", "null"])
def test_what_is_absent_empty_or_null_is_the_default(text: str | None) -> None:
    parameters = {} if text is None else {"env": text}
    assert json_parameter(parameters, "env", "the default") == "the default"


@pytest.mark.parametrize("value", [{"a": [1, 2.5, True, None]}, [], "text", 0, False, {"\u00e9": "\u2603"}])
def test_json_is_read(value: object) -> None:
    assert json_parameter({"env": json.dumps(value)}, "env", None) == value
    assert json_parameter({"env": json.dumps(value, ensure_ascii=False)}, "env", None) == value


@pytest.mark.parametrize(
    "text",
    [
        "notjson",
        "{",
        "[1,]",
        "{'a': 1}",
        "\ufeff{}",
        "[" * 100_000,
        "1" * 5000,
        '"\\ud800"',
        '{"\\uDFFF": 1}',
    ],
    ids=lambda text: text[:10],
)
def test_what_is_not_json_or_not_text_is_refused_by_its_name(text: str) -> None:
    with pytest.raises(MalformedRequest, match="parameter env"):
        json_parameter({"env": text}, "env", None)


def test_a_whole_surrogate_pair_is_text() -> None:
    assert json_parameter({"env": '"\\ud83d\\ude00"'}, "env", None) == "\U0001f600"
