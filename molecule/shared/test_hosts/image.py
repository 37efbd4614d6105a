"""The images that hosts start from, each tagged with a digest of all that it is made of.

An image whose tag podman's storage knows is not built again, whichever checkout built it.
"""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import attrs

from .podman import exists, podman

FOLDER = Path(__file__).parents[1] / "images"
REQUIREMENTS = Path(__file__).parents[3] / "runtime" / "requirements"
BUILD_LIMIT = 600.0


class Image(Protocol):
    """What a host starts from."""

    @property
    def reference(self) -> str:
        """The image's name and tag."""

    def build(self, volumes: Sequence[str]) -> None:
        """Make the image, which podman's storage does not have yet; *volumes* bring what pip needs."""


@attrs.frozen(kw_only=True)
class Debian:
    """A Debian release, fetched as packages: no registry is needed."""

    name: str
    suite: str

    @property
    def reference(self) -> str:
        """The image's name and tag."""
        return _reference(self.name, self.suite, sorted((FOLDER / "debian").iterdir()))

    def build(self, volumes: Sequence[str]) -> None:  # noqa: ARG002 - for layers: this takes no Python packages
        """Make the image, which podman's storage does not have yet."""
        with tempfile.TemporaryDirectory() as directory:
            root = Path(directory) / "root.tar"
            with root.open("wb") as archive:
                command = [str(FOLDER / "debian" / "build.sh"), self.suite]
                subprocess.run(command, stdout=archive, timeout=BUILD_LIMIT, check=True)
            settings = ['CMD ["/sbin/test-host-init"]', "STOPSIGNAL SIGRTMIN+3"]
            changes = [f"--change={setting}" for setting in settings]
            podman("import", *changes, str(root), self.reference, limit=BUILD_LIMIT)


@attrs.frozen(kw_only=True)
class Layer:
    """More on top of another image, as ``images/NAME/Containerfile`` says; it copies *ingredients*."""

    name: str
    base: Image
    ingredients: Path

    @property
    def reference(self) -> str:
        """The image's name and tag."""
        return _reference(self.name, self.base.reference, [self._containerfile, self.ingredients])

    def build(self, volumes: Sequence[str]) -> None:
        """Make the image, which podman's storage does not have yet; *volumes* bring what pip needs."""
        ensure(self.base, volumes)
        podman(
            "build",
            *volumes,
            # Neither a control group nor a limit that this machine might not be allowed to set.
            "--isolation=chroot",
            "--ulimit=nofile=4096:4096",
            "--ulimit=nproc=4096:4096",
            f"--build-arg=BASE={self.base.reference}",
            f"--file={self._containerfile}",
            f"--tag={self.reference}",
            str(self.ingredients.parent),
            limit=BUILD_LIMIT,
        )

    @property
    def _containerfile(self) -> Path:
        return FOLDER / self.name / "Containerfile"


def ensure(image: Image, volumes: Sequence[str]) -> str:
    """Return the reference of an image, which is built unless it is there."""
    reference = image.reference
    if not exists("image", reference):
        sys.stderr.write(f"building {reference}\n")
        image.build(volumes)
    return reference


@contextmanager
def one_builder() -> Iterator[None]:
    """Keep other processes from building the same images; each build has a limit, so this wait has one."""
    with (Path(tempfile.gettempdir()) / "pulsar-test-images.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _reference(name: str, base: str, ingredients: list[Path]) -> str:
    digest = hashlib.sha256(base.encode())
    for ingredient in ingredients:
        digest.update(f"\0{ingredient.name}\0".encode() + ingredient.read_bytes())
    return f"localhost/pulsar-test/{name}:{digest.hexdigest()[:12]}"


_DEBIAN_13 = Debian(name="debian13", suite="trixie")

IMAGES: Mapping[str, Image] = {
    "debian12": Debian(name="debian12", suite="bookworm"),
    "debian13": _DEBIAN_13,
    "galaxy": Layer(name="galaxy", base=_DEBIAN_13, ingredients=REQUIREMENTS / "client-0.16.0.txt"),
}
