"""One host: a container that boots systemd and answers ssh."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address
from pathlib import Path

import attrs

from .network import Network
from .podman import PodmanFailed, podman

BOOT_LIMIT = "30s"
BOOTED = "/run/test-host-booted"


class BootFailed(RuntimeError):
    """A host's services did not all start."""


@attrs.frozen(kw_only=True)
class Host:
    """A host by its name in the inventory, and the name of its container."""

    name: str
    container: str
    image: str
    #: Its address on each network that it is on.
    addresses: Mapping[Network, IPv4Address]

    def start(self, *, authorized_keys: Path, volumes: Sequence[str]) -> None:
        """Start the container; systemd goes on booting."""
        podman(
            "run",
            "--detach",
            f"--name={self.container}",
            f"--hostname={self.name}",
            *(
                f"--network={network.name}:ip={address},mac={_hardware_address(address)},alias={self.name}"
                for network, address in self.addresses.items()
            ),
            "--privileged",
            "--systemd=always",
            f"--volume={authorized_keys}:/etc/ssh/authorized_keys:ro",
            *volumes,
            self.image,
        )

    @property
    def address(self) -> IPv4Address:
        """The one that the control node reaches it by."""
        return next(iter(self.addresses.values()))

    def wait_for_boot(self) -> None:
        """Return when every service has started; the file `BOOTED` tells later what is newer."""
        # In the first moments nobody answers.
        booted = "until systemctl is-system-running --wait; do sleep 0.1; done"
        wait = f"timeout {BOOT_LIMIT} sh -c '{booted}' && touch {BOOTED}"
        try:
            podman("exec", self.container, "sh", "-c", wait)
        except PodmanFailed as failed:
            units = podman("exec", self.container, "systemctl", "--failed", "--no-legend", "--plain")
            raise BootFailed(f"{self.container} has not booted ({failed}): {units}") from failed


def _hardware_address(address: IPv4Address) -> str:
    """One that stays over a restart, as a machine's does; others would look for the host in vain."""
    return "02:00:" + address.packed.hex(":")
