"""Secrets in a job configuration: which values are some, and how they are kept out of sight.

Private to the collection.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from .keys import SECRET_KEYS

HIDDEN = "********"
_LOGIN = re.compile(r"(?<=://)(?P<user>[^\s:/@]*):(?P<password>[^\s/@]+)@")


def hide(value: Any, names: Collection[str] = ()) -> Any:  # noqa: ANN401 (any part of a configuration)
    """Return a value with its secrets hidden: what is known to be one, and what has one of these names."""
    if isinstance(value, Mapping):
        return {key: _hidden(key, each, names) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [hide(each, names) for each in value]
    return _LOGIN.sub(rf"\g<user>:{HIDDEN}@", value) if isinstance(value, str) else value


def in_the_open(params: Mapping[str, Any]) -> list[str]:
    """Return the names of parameters whose values are, or hold, a secret."""
    return [name for name, value in params.items() if hide({name: value}) != {name: value}]


def parts(params: Mapping[str, Any]) -> Iterator[str]:
    """Return what must be in no output: the values of secret parameters, and the passwords in their URLs."""
    for value in params.values():
        yield str(value)
        for login in _LOGIN.finditer(str(value)):
            yield login["password"]
            yield unquote(login["password"])


def _hidden(key: object, value: Any, names: Collection[str]) -> Any:  # noqa: ANN401 (the same)
    hidden = hide(value, names)
    is_secret = str(key) in SECRET_KEYS or str(key) in names or str(key).endswith(("password", "_token"))
    # Of an address with a login, the rest can be seen.
    return HIDDEN if is_secret and value is not None and hidden == value else hidden
