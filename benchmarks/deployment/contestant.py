"""What is deployed: by which playbook, and what Galaxy has to know of it afterwards."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import attrs

from benchmarks.environment import REQUIREMENTS, ROOT
from benchmarks.report import OURS, REFERENCE
from test_hosts.endpoint import Endpoint, endpoints_of

PORT = 8913
TOKEN = "of-a-host-that-lives-for-a-minute"  # noqa: S105 - and is reached from this machine alone


@attrs.frozen(kw_only=True)
class Contestant:
    """One way to a server; *endpoint* tells, from container and address, what was deployed."""

    name: str
    version: str
    playbook: Path
    variables: Mapping[str, object]
    endpoint: Callable[[str, str], Endpoint]


def contestants() -> list[Contestant]:
    """Return both."""
    source = (ROOT / "runtime" / "src" / "pulsar_runtime" / "__init__.py").read_text()
    lock = (REQUIREMENTS / "reference.txt").read_text()
    (our_version,) = re.findall(r'^__version__ = "(.+)"$', source, re.MULTILINE)
    (version,) = re.findall(r"^pulsar-app(?:\[web\])?==([^ ;]+)", lock, re.MULTILINE)
    return [
        Contestant(
            name=REFERENCE,
            version=f"pulsar-app {version}",
            playbook=Path(__file__).with_name("reference.yml"),
            variables={"reference_version": version, "reference_port": PORT, "reference_token": TOKEN},
            endpoint=_of_the_reference,
        ),
        Contestant(
            name=OURS,
            version=f"galaxyops.pulsar {our_version}",
            playbook=ROOT / "molecule" / "shared" / "deploy.yml",
            variables={
                "pulsar_port": PORT,
                "pulsar_host": "0.0.0.0",  # noqa: S104 - of a network that was made for the two hosts
                "pulsar_build_dir": f"{ROOT}/.cache/wheels",
            },
            endpoint=_of_our_role,
        ),
    ]


def _of_the_reference(container: str, address: str) -> Endpoint:  # noqa: ARG001 - it describes nothing on its host
    return Endpoint(descriptor={"name": REFERENCE, "url": f"http://{address}:{PORT}/"}, token=TOKEN)


def _of_our_role(container: str, address: str) -> Endpoint:  # noqa: ARG001 - the descriptor has it
    (endpoint,) = endpoints_of(container, "/srv/pulsar")
    return endpoint
