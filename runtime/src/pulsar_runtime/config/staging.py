"""Settings of the staging that the server does itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs

from pulsar_runtime.config.kind import (
    PATH,
    SECONDS,
    BadValueError,
    Kind,
    absolute,
    choice,
    integer,
    optional,
    shown,
    whole_number,
)
from pulsar_runtime.config.option import option

_NO_RETRY = -1


@attrs.frozen(kw_only=True)
class Staging:
    """How the server moves files itself: for Galaxy destinations with a `remote_*` file action."""

    workers: int = attrs.field(
        default=4,
        metadata=option(integer(minimum=1), "Files that are moved at a time, each in a thread."),
    )
    concurrent_jobs: int = attrs.field(
        default=16,
        metadata=option(
            integer(minimum=1),
            "Jobs that share the workers in turn. More wait, and use no space until then.",
        ),
    )
    give_up_minutes: int = attrs.field(
        default=20,
        metadata=option(
            integer(minimum=1),
            "A file that could not be moved for so long is given up, unless it is to be tried for ever.",
        ),
    )
    bandwidth_mb_per_second: int | None = attrs.field(
        default=None,
        metadata=option(
            optional(integer(minimum=1)),
            "The most that all workers together move over HTTP. Without it, as much as there is.",
        ),
    )
    transport: str = attrs.field(
        default="auto",
        metadata=option(
            choice("auto", "requests", "curl"),
            "What speaks HTTP. `curl` takes a third of the time for small files, and needs the package "
            "pycurl; `auto` is `curl` where that is installed.",
        ),
    )
    ca_file: Path | None = attrs.field(
        default=None,
        converter=attrs.converters.optional(absolute),
        metadata=option(
            optional(PATH),
            "Certificates of authorities that are trusted for `https`, in place of the well-known ones.",
        ),
    )
    tus_chunk_mb: int = attrs.field(
        default=10,
        metadata=option(
            integer(minimum=1),
            "Megabytes in one request of an upload in pieces (`remote_transfer_tus`).",
        ),
    )
    ssh_host_keys: str = attrs.field(
        default="strict",
        metadata=option(
            choice("strict", "accept-new", "unchecked"),
            "`strict`: machines that `remote_scp_transfer` and `remote_rsync_transfer` go to must be known. "
            "`accept-new`: they are believed the first time. `unchecked`: always.",
        ),
    )
    ssh_known_hosts: Path | None = attrs.field(
        default=None,
        converter=attrs.converters.optional(absolute),
        metadata=option(
            optional(PATH),
            "The known machines, as ssh has them. Without it, the file of the user that the server runs as.",
        ),
    )
    object_store_file_path: Path | None = attrs.field(
        default=None,
        converter=attrs.converters.optional(absolute),
        metadata=option(
            optional(PATH),
            "Galaxy's directory of datasets on this machine, for `remote_object_store_copy`.",
        ),
    )


def _read_retries(value: object) -> int | None:
    if value is None or value == "":
        return None
    number = whole_number(value)
    if number is None or number < _NO_RETRY:
        raise BadValueError(f"must be a whole number, 0 for no limit, -1 for none at all, not {shown(value)}")
    if number == _NO_RETRY:
        return 0
    return number or None


#: As the reference counts: None is for ever, 0 never (protocol section 5.6).
_RETRIES = Kind(
    name="whole number; `0` or empty: no limit, `-1`: none",
    read=_read_retries,
    write=lambda retries: retries or _NO_RETRY,
    null=0,
    reads_null=True,
)


def retries(phase: str) -> Any:  # noqa: ANN401 - attrs' own answer for a field
    """Make the setting of how often a file is tried again."""
    return attrs.field(
        default=60, metadata=option(_RETRIES, f"How often a file is tried again that {phase} broke off.")
    )


def pause(default: float, text: str) -> Any:  # noqa: ANN401 - attrs' own answer for a field
    """Make a setting of the pauses before that."""
    return attrs.field(default=default, metadata=option(SECONDS, text))
