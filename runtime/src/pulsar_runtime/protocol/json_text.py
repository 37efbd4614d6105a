"""JSON that a client sent."""

from __future__ import annotations

import json

from pulsar_runtime.domain.errors import MalformedRequest


def parse(text: str, what: str) -> object:
    """Return the value that *text* spells; raises `MalformedRequest`, which says *what* is no JSON."""
    try:
        value = json.loads(text)
        if "\\ud" in text or "\\uD" in text:
            # Half a surrogate pair is JSON but not text: it could be written to no file.
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as exc:
        raise MalformedRequest(f"{what} is not JSON: {exc}") from exc
    return value
