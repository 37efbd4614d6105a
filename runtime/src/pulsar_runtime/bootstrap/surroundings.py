"""What every manager is given, whatever its type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import attrs

from pulsar_runtime.domain.ids import ExternalId, ManagerName
from pulsar_runtime.managers.batch.host import Host, LocalHost
from pulsar_runtime.managers.batch.outage import Outages
from pulsar_runtime.managers.real_user.sudo import Sudo
from pulsar_runtime.managers.real_user.user_host import UserHost
from pulsar_runtime.ports import Reactor


@attrs.frozen(kw_only=True)
class ManagerSurroundings:
    """What every manager is given, whatever its type."""

    name: ManagerName
    #: A small file for each launch, out of the jobs' reach; those that nobody follows are swept away.
    records: Path
    reactor: Reactor
    #: Told the id of a job whose observation changed.
    changed: Callable[[ExternalId], None]
    outages: Outages
    environ: Mapping[str, str]
    #: By which jobs run as their users, if they do.
    sudo: Sudo | None = None

    @property
    def host(self) -> Host:
        """Where commands run, and as whom."""
        return LocalHost() if self.sudo is None else UserHost(self.sudo)
