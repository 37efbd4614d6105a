"""The private networks of a scenario's hosts."""

from __future__ import annotations

import json
from ipaddress import IPv4Address, IPv4Network

import attrs

from .podman import exists, podman

# The control node has the first address; hosts have fixed ones, which they keep over a restart.
FIRST_HOST = 10


@attrs.frozen
class Network:
    """A network by name; one that is *internal* leads nowhere but to its hosts and the control node."""

    name: str
    internal: bool

    def create(self) -> None:
        """Make the network, unless it is there."""
        if not exists("network", self.name):
            podman("network", "create", *(["--internal"] if self.internal else []), self.name)

    def addresses(self) -> list[IPv4Address]:
        """Return the addresses for hosts, in their order; the network has to be there."""
        (description,) = json.loads(podman("network", "inspect", self.name))
        (subnet,) = description["subnets"]
        return list(IPv4Network(subnet["subnet"]).hosts())[FIRST_HOST - 1 :]


def remove_networks(name: str) -> None:
    """Remove the networks of this name, or of one that goes on after a dot, with everything on them."""
    for found in podman("network", "ls", "--format={{.Name}}").split():
        if found.partition(".")[0] == name:
            podman("network", "rm", "--force", "--time=0", found)
