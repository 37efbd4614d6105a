"""Kinds of values: what each is called, how it is read from text or YAML, how it is written down."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import attrs

T = TypeVar("T")

#: Texts that read as a boolean in ini files and environment variables (protocol section 6.7).
TRUE_TEXTS = frozenset({"true", "yes", "on", "1"})
FALSE_TEXTS = frozenset({"false", "no", "off", "0"})

_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,18}")
_LONGEST_SHOWN = 60


class BadValueError(ValueError):
    """A value cannot be what its key asks for; the message says so, after the key."""


@attrs.frozen(kw_only=True)
class Kind(Generic[T]):
    """One kind of value."""

    #: What a person reads in the reference page.
    name: str
    #: Turn what YAML, ini or the environment gave into a value, or raise `BadValueError`.
    read: Callable[[object], T]
    #: Turn a value into what YAML would hold; None becomes `null`.
    write: Callable[[Any], object] = lambda value: value
    null: object = None
    #: Whether *read* judges a key without a value; else it counts as absent.
    reads_null: bool = False
    #: Whether the value must not be shown.
    secret: bool = False


def sort_of(value: object) -> str:
    """Name the sort of *value* for an error message, without showing it."""
    sorts = {
        "NoneType": "nothing",
        "bool": "true or false",
        "dict": "a mapping",
        "list": "a list",
        "str": "text",
    }
    return sorts.get(type(value).__name__, "a number")


def shown(value: object) -> str:
    """Show *value* in an error message, at bounded length; not for what may be secret."""
    if value is None or isinstance(value, dict | list):
        return sort_of(value)
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def from_text(name: str, parse: Callable[[str], T], *, secret: bool = False) -> Kind[T]:
    """Make a kind that is read from text only."""

    def read(value: object) -> T:
        if not isinstance(value, str):
            raise BadValueError(
                "must be text: put it between quotes" if secret else f"must be text, not {sort_of(value)}"
            )
        return parse(value)

    return Kind(name=name, read=read, write=str, secret=secret)


def optional(kind: Kind[T]) -> Kind[T | None]:
    """Make a kind for which empty text means that there is no value."""

    def read(value: object) -> T | None:
        return None if value == "" else kind.read(value)

    return Kind(name=kind.name, read=read, write=kind.write, secret=kind.secret)


def integer(*, minimum: int) -> Kind[int]:
    """Make a kind of whole numbers, as numbers or as text."""
    name = f"whole number, at least {minimum}"

    def read(value: object) -> int:
        number = whole_number(value)
        if number is None or number < minimum:
            raise BadValueError(_not(f"a {name}", value))
        return number

    return Kind(name=name, read=read)


def whole_number(value: object) -> int | None:
    """Return *value* as a whole number if it is one or spells one."""
    if isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value.strip()):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def choice(*words: str) -> Kind[str]:
    """Make a kind of a few words."""
    name = " or ".join(f"`{word}`" for word in words)

    def parse(text: str) -> str:
        if text not in words:
            raise BadValueError(_not(" or ".join(words), text))
        return text

    return from_text(name, parse)


def _not(wanted: str, value: object) -> str:
    return f"must be {wanted}, not {shown(value)}"


def _boolean(value: object) -> bool:
    text = value.strip().lower() if isinstance(value, str) else None
    if text in TRUE_TEXTS:
        return True
    if text in FALSE_TEXTS:
        return False
    if not isinstance(value, bool):
        raise BadValueError(_not("true or false", value))
    return value


def _seconds(value: object) -> float:
    try:
        number = math.nan if isinstance(value, bool) else float(cast("str | float", value))
    except (TypeError, ValueError):
        number = math.nan
    if not (number > 0 and math.isfinite(number)):
        raise BadValueError(_not("a number of seconds above 0", value))
    return number


def _text(text: str) -> str:
    if not text:
        raise BadValueError("must not be empty")
    if "\0" in text:
        raise BadValueError("must not hold a NUL character")
    return text


def _path(text: str) -> Path:
    return Path(_text(text))


def absolute(path: Path) -> Path:
    """Return *path* from the root, as seen from the current directory, without ``..``."""
    # resolve() would follow symbolic links, which other machines may not have; absolute() keeps "..".
    return Path(os.path.abspath(path))


BOOLEAN = Kind(name="`true` or `false`", read=_boolean)
SECONDS = Kind(name="seconds", read=_seconds)
TEXT = from_text("text", _text)
PATH = from_text("path", _path)
