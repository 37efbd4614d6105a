"""All hosts of a scenario, and what Ansible has to know to reach them."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import attrs

from .host import Host
from .image import IMAGES, ensure, one_builder
from .network import Network
from .pip import PipConfiguration

CHECKOUT = Path(__file__).parents[3]
LIMIT = 30.0


@attrs.frozen(kw_only=True)
class Scenario:
    """A scenario by name; *folder* is its own, for the key and the inventory that `create` writes.

    With *internal*, its hosts reach nothing but each other and the control node, and are given nothing
    to install from.
    """

    name: str
    folder: Path
    internal: bool

    def create(self, images: Mapping[str, str]) -> None:
        """Make a host for each name from the image of that name, all anew; wait until all have booted."""
        self.destroy()
        self.folder.mkdir(parents=True, exist_ok=True)
        # Connections that ssh keeps open lead to the hosts that were removed.
        shutil.rmtree(self.folder / "ssh", ignore_errors=True)
        key = self._make_key()
        volumes = PipConfiguration.of_this_machine().volumes(self.folder / "pip.conf")
        with one_builder():
            references = {name: ensure(IMAGES[image], volumes) for name, image in images.items()}
        self._network.create()
        hosts = [
            Host(
                name=name,
                container=f"{self._prefix}-{name}",
                image=reference,
                network=self._network,
                address=address,
            )
            for (name, reference), address in zip(references.items(), self._network.addresses(), strict=False)
        ]
        for host in hosts:
            host.start(authorized_keys=key.with_suffix(".pub"), volumes=[] if self.internal else volumes)
        for host in hosts:
            host.wait_for_boot()
        self._write_inventory(hosts, key)

    def destroy(self) -> None:
        """Remove the network and every host on it."""
        self._network.remove()

    @property
    def _prefix(self) -> str:
        """What tells the containers of this checkout's scenario from others on the same machine."""
        return f"pulsar-{sha256(bytes(CHECKOUT)).hexdigest()[:4]}-{self.name}"

    @property
    def _network(self) -> Network:
        return Network(self._prefix, self.internal)

    def _make_key(self) -> Path:
        directory = self.folder / "ssh"
        directory.mkdir(mode=0o700)
        key = directory / "key"
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", self.name, "-f", str(key)]
        subprocess.run(command, check=True, timeout=LIMIT)
        return key

    def _write_inventory(self, hosts: Sequence[Host], key: Path) -> None:
        variables = {
            "ansible_ssh_private_key_file": str(key),
            # Each host is new under an address that an earlier one had.
            "ansible_ssh_common_args": "-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR",
        }
        described = {
            host.name: {"ansible_host": str(host.address), "test_host_container": host.container}
            for host in hosts
        }
        inventory = {"all": {"hosts": described, "vars": variables}}
        inventory_folder = self.folder / "inventory"
        inventory_folder.mkdir(exist_ok=True)
        (inventory_folder / "hosts.json").write_text(json.dumps(inventory, indent=2) + "\n")
