"""Kinds of values that only names and tokens have."""

from __future__ import annotations

import re
from datetime import datetime

import attrs

from pulsar_runtime.config.kind import BadValueError, Kind, from_text, shown
from pulsar_runtime.config.secret import Secret
from pulsar_runtime.domain.ids import ManagerName

#: A name stands in URLs, in logs and on command lines.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def parse_name(text: str) -> str:
    """Accept *text* as the name of a manager or a token, or raise `BadValueError`."""
    if not _NAME.fullmatch(text):
        raise BadValueError(f"must be made of letters, digits, '_', '-' and '.', not {shown(text)}")
    return text


def _parse_sha256(text: str) -> str:
    digest = text.lower()
    if not _SHA256.fullmatch(digest):
        # The text is not shown: it may be the token itself.
        raise BadValueError("must be 64 hexadecimal digits: `printf %s TOKEN | sha256sum` prints them")
    return digest


def _parse_expiry(text: str) -> datetime:
    try:
        expiry: datetime | None = datetime.fromisoformat(text)
    except ValueError:
        expiry = None
    if expiry is None or expiry.tzinfo is None:
        raise BadValueError(f"must be a time with its zone, such as 2030-01-31T00:00:00Z, not {shown(text)}")
    return expiry


def _read_managers(value: object) -> tuple[ManagerName, ...]:
    # Neither nothing nor an empty list may come to mean "all" or "none" by accident.
    if not isinstance(value, list) or not value or not all(isinstance(name, str) for name in value):
        raise BadValueError("must be a list of names of managers; leave the key out for all of them")
    return tuple(ManagerName(name) for name in value)


NAME = from_text("name", parse_name)
SECRET = from_text("text", Secret, secret=True)
SHA256 = from_text("64 hexadecimal digits", _parse_sha256, secret=True)
EXPIRY = attrs.evolve(from_text("ISO 8601 time with zone", _parse_expiry), reads_null=True)
MANAGER_NAMES = Kind(name="list of names", read=_read_managers, write=list, reads_null=True)
