"""The endpoints that a host offers, as the role describes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import attrs

from .podman import podman


class NoEndpoint(LookupError):
    """A host does not describe any server."""


@attrs.frozen(kw_only=True)
class Endpoint:
    """A descriptor, and what its token file holds."""

    descriptor: Mapping[str, Any]
    token: str

    @property
    def name(self) -> str:
        """The name of the server's instance."""
        name: str = self.descriptor["name"]
        return name

    @property
    def units(self) -> list[str]:
        """The units of systemd that the server is made of."""
        units: list[str] = self.descriptor["service"]["units"]
        return units


def endpoints_of(container: str, root: str) -> list[Endpoint]:
    """Read the descriptors below a server's root on a host, of which there is one at least."""
    found = podman("exec", container, "find", root, "-name", "endpoint.json", "-not", "-path", "*/files/*")
    endpoints = []
    for path in sorted(found.split()):
        descriptor = json.loads(podman("exec", container, "cat", path))
        token = podman("exec", container, "cat", descriptor["token_file"])
        endpoints.append(Endpoint(descriptor=descriptor, token=token))
    if not endpoints:
        raise NoEndpoint(f"no endpoint.json below {root} of {container}")
    return endpoints
