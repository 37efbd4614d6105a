"""Query strings, in which all parameters travel (protocol section 1.1)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import parse_qsl

from pulsar_runtime.domain.errors import MalformedRequest


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
    try:
        value = json.loads(text)
        if "\\ud" in text or "\\uD" in text:
            # Half a surrogate pair is JSON but not text: it could be written to no file.
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as exc:
        raise MalformedRequest(f"parameter {name} is not JSON: {exc}") from exc
    return default if value is None else value
