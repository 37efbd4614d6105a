"""Where the commands of a batch system run: on this host, or on one of its own over ssh(1)."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import attrs

from pulsar_runtime.domain.job import LaunchSpec

#: A socket's path may have 107 bytes (unix(7)), of which ours has 13, and 17 more while ssh makes it.
LONGEST_CONTROL_DIRECTORY = 107 - 13 - 17


@attrs.frozen(kw_only=True)
class Call:
    """A process to start here, and what it reads."""

    argv: Sequence[str]
    stdin: str = ""


class Host(Protocol):
    """Turns a command into one that can be started here."""

    def argv(self, command: Sequence[str]) -> list[str]:
        """Return the arguments of the process to start, for a question about all jobs."""

    def call(self, spec: LaunchSpec, command: Sequence[str], stdin: str = "") -> Call:
        """Return what to start for a command that does something with one job."""


class LocalHost:
    """Implements `Host` on this host."""

    def argv(self, command: Sequence[str]) -> list[str]:
        """Return the command as it is."""
        return list(command)

    def call(self, spec: LaunchSpec, command: Sequence[str], stdin: str = "") -> Call:
        """Return the command as it is."""
        del spec
        return Call(argv=command, stdin=stdin)


@attrs.frozen(kw_only=True)
class SshHost:
    """Implements `Host` over one connection that all commands share; the keys of hosts are verified."""

    name: str
    #: The connection's socket is made here; its path may not be long (unix(7)).
    control_directory: Path
    user: str | None = None
    port: int = 22
    private_key: Path | None = None
    known_hosts: Path | None = None
    connect_seconds: int = 20
    #: A lost connection is noticed after so long.
    alive_seconds: int = 15

    @property
    def _socket(self) -> str:
        place = f"{self.user}@{self.name}:{self.port}"
        return f"ssh-{hashlib.sha256(place.encode()).hexdigest()[:8]}"

    def argv(self, command: Sequence[str]) -> list[str]:
        """Return the arguments of ssh."""
        options = {
            "BatchMode": "yes",
            "StrictHostKeyChecking": "yes",
            "ConnectTimeout": str(self.connect_seconds),
            "ServerAliveInterval": str(self.alive_seconds),
            "ControlMaster": "auto",
            "ControlPath": f'"{self.control_directory}/{self._socket}"',
            "ControlPersist": "300",
        }
        if self.private_key is not None:
            options |= {"IdentityFile": f'"{self.private_key}"', "IdentitiesOnly": "yes"}
        if self.known_hosts is not None:
            options["UserKnownHostsFile"] = f'"{self.known_hosts}"'
        given = [word for option, value in options.items() for word in ("-o", f"{option}={value}")]
        user = [] if self.user is None else ["-l", self.user]
        return ["ssh", *given, *user, "-p", str(self.port), "--", self.name, shlex.join(command)]

    def call(self, spec: LaunchSpec, command: Sequence[str], stdin: str = "") -> Call:
        """Return the same for a command that reads something."""
        del spec
        return Call(argv=self.argv(command), stdin=stdin)
