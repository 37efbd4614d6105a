"""Kinds of values that only settings of jobs have (protocol sections 8.1, 8.2 and 10)."""

from __future__ import annotations

import re
from string import Template
from typing import Literal

from pulsar_runtime.config.kind import (
    TRUE_TEXTS,
    BadValueError,
    Kind,
    from_text,
    integer,
    shown,
    whole_number,
)

#: As many jobs as there are CPUs that the process may use.
EVERY_CPU: Literal["*"] = "*"

_MODE = re.compile(r"(?:0o)?[0-7]{3,5}")
_OWNER_ALL = 0o700
_HIGHEST_MODE = 0o7777
_UNLIMITED = (0, -1)
_AT_LEAST_ONE = integer(minimum=1)


def _read_mode(value: object) -> int:
    if not isinstance(value, str):
        # YAML reads an unquoted 0750 as the number 488.
        raise BadValueError('must be octal digits between quotes, such as "0700"')
    mode = int(value, 8) if _MODE.fullmatch(value) else -1
    if not 0 <= mode <= _HIGHEST_MODE:
        raise BadValueError(f'must be octal digits such as "0700", not {shown(value)}')
    if mode & _OWNER_ALL != _OWNER_ALL:
        raise BadValueError(
            f"must leave the owner all rights (07xx), or the server could not use it: {value!r}"
        )
    return mode


def _read_stream_size(value: object) -> int | None:
    if value is None or value == "":
        return None
    size = whole_number(value)
    if size is None or size < min(_UNLIMITED):
        raise BadValueError(f"must be a whole number of bytes, or 0 for no limit, not {shown(value)}")
    return None if size in _UNLIMITED else size


def _read_concurrency(value: object) -> int | Literal["*"]:
    if value == EVERY_CPU:
        return EVERY_CPU
    try:
        return _AT_LEAST_ONE.read(value)
    except BadValueError as error:
        raise BadValueError(f'{error}; "*" means every CPU that the server may use') from None


def _read_tmp_dir(value: object) -> str | None:
    if isinstance(value, bool):
        return None
    if not isinstance(value, str):
        raise BadValueError(
            f"must be a shell expression as text, or true for each job's own, not {shown(value)}"
        )
    own = not value.strip() or value.strip().lower() in TRUE_TEXTS
    return None if own else value


def _parse_job_name(text: str) -> str:
    template = Template(text)
    if not template.is_valid() or set(template.get_identifiers()) - {"job_id"}:
        raise BadValueError("may hold $job_id and no other variable; a dollar sign is written $$")
    return text


MODE = Kind(name="octal text", read=_read_mode, write=lambda mode: f"{mode:04o}")
STREAM_SIZE = Kind(
    name="bytes; `0`, `-1` or empty: no limit",
    read=_read_stream_size,
    null=0,
    reads_null=True,
)
CONCURRENCY = Kind(name="whole number, at least 1, or `*`", read=_read_concurrency)
TMP_DIR = Kind(name="shell expression", read=_read_tmp_dir)
JOB_NAME = from_text("text", _parse_job_name)
