"""Query strings, in which all parameters travel (protocol section 1.1)."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from pulsar_runtime.domain.errors import MalformedRequest
from pulsar_runtime.protocol import json_text


def parse_query(query: str) -> dict[str, str]:
    """Decode a query string; of a repeated parameter the last value counts.

    Raises `MalformedRequest` for what is not UTF-8 after unescaping.
    """
    try:
        return dict(parse_qsl(query, keep_blank_values=True, errors="strict"))
    except UnicodeDecodeError as exc:
        raise MalformedRequest("a parameter is not valid UTF-8 after percent-decoding") from exc


def required(parameters: Mapping[str, str], name: str) -> str:
    """Return a parameter, or raise `MalformedRequest`."""
    try:
        return parameters[name]
    except KeyError:
        raise MalformedRequest(f"parameter {name} is missing from the query string") from None


def json_parameter(parameters: Mapping[str, str], name: str, default: object) -> object:
    """Return a parameter whose text is JSON; absent, empty and ``null`` mean *default*."""
    text = parameters.get(name, "")
    if not text:
        return default
    value = json_text.parse(text, f"parameter {name}")
    return default if value is None else value
