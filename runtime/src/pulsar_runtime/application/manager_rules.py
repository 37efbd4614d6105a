"""What the use cases need to know of a configured manager."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from pulsar_runtime.domain.ids import ManagerName
from pulsar_runtime.ports import JobFiles


@attrs.frozen(kw_only=True)
class ManagerRules:
    """The rules of one manager for the jobs it is given."""

    name: ManagerName
    staging_directory: str
    files: JobFiles
    #: Give jobs ids of our own and keep the client's as an alias.
    assign_ids: bool = False
    #: Bytes of each stream in a status; None for all.
    maximum_stream_size: int | None = None
    #: Keep job directories when the client cleans up (``debug``).
    keep_directories: bool = False
    #: Facts about a Galaxy on this machine, by their wire names.
    galaxy_properties: Mapping[str, str] = attrs.field(factory=dict)
