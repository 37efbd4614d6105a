"""All hosts of a scenario, and what Ansible has to know to reach them."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from ipaddress import IPv4Address
from itertools import chain
from pathlib import Path
from types import MappingProxyType

import attrs

from .host import Host
from .image import IMAGES, ensure, one_builder
from .network import Network, remove_networks
from .pip import PipConfiguration
from .shared_directory import SharedDirectory, remove_shared_directories

CHECKOUT = Path(__file__).parents[3]

#: The network that every host is on for which nothing else is said.
OUTSIDE = "outside"
LIMIT = 30.0

_NOTHING: Mapping[str, Sequence[str]] = MappingProxyType({})


@attrs.frozen(kw_only=True)
class Scenario:
    """A scenario by name; *folder* is its own, for the key and the inventory that `create` writes.

    With *internal*, its hosts reach nothing but each other and the control node, and are given nothing
    to install from. So it is for a host that is only on other networks than `OUTSIDE`.
    """

    name: str
    folder: Path
    internal: bool

    def create(
        self,
        images: Mapping[str, str],
        networks: Mapping[str, Sequence[str]] = _NOTHING,
        shared: Mapping[str, Sequence[str]] = _NOTHING,
    ) -> None:
        """Make a host for each name from the image of that name, all anew; wait until all have booted.

        *networks* has the names of those that a host is on; of several, the control node uses the first.
        *shared* has the paths of the directories that a host shares with the others that name them.
        """
        self.destroy()
        self.folder.mkdir(parents=True, exist_ok=True)
        # Connections that ssh keeps open lead to the hosts that were removed.
        shutil.rmtree(self.folder / "ssh", ignore_errors=True)
        key = self._make_key()
        volumes = PipConfiguration.of_this_machine().volumes(self.folder / "pip.conf")
        with one_builder():
            references = {name: ensure(IMAGES[image], volumes) for name, image in images.items()}
        addresses = self._connect({name: networks.get(name, [OUTSIDE]) for name in images})
        hosts = [
            Host(name=name, container=f"{self._prefix}-{name}", image=reference, addresses=addresses[name])
            for name, reference in references.items()
        ]
        for host in hosts:
            leads_out = any(not network.internal for network in host.addresses)
            paths = shared.get(host.name, [])
            directories = [SharedDirectory(scenario=self._prefix, path=path).volume for path in paths]
            host.start(
                authorized_keys=key.with_suffix(".pub"),
                volumes=[*directories, *(volumes if leads_out else [])],
            )
        for host in hosts:
            host.wait_for_boot()
        self._write_inventory(hosts, key)

    def destroy(self) -> None:
        """Remove the networks, every host on them and what those shared."""
        remove_networks(self._prefix)
        remove_shared_directories(self._prefix)

    @property
    def _prefix(self) -> str:
        """What tells the containers of this checkout's scenario from others on the same machine."""
        return f"pulsar-{sha256(bytes(CHECKOUT)).hexdigest()[:4]}-{self.name}"

    def _connect(self, networks: Mapping[str, Sequence[str]]) -> Mapping[str, Mapping[Network, IPv4Address]]:
        """Make the networks, given those of each host, and return its address on each of them."""
        free: dict[Network, Iterator[IPv4Address]] = {}
        for network in map(self._network, dict.fromkeys(chain.from_iterable(networks.values()))):
            network.create()
            free[network] = iter(network.addresses())
        return {
            host: {network: next(free[network]) for network in map(self._network, names)}
            for host, names in networks.items()
        }

    def _network(self, name: str) -> Network:
        if name == OUTSIDE:
            return Network(self._prefix, self.internal)
        return Network(f"{self._prefix}.{name}", internal=True)

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
