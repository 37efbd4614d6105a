"""Gather the wheels that a host without an index is given, on the control node.

Called as ``gather_wheels.py LOCK WHEELHOUSE PLATFORM``. Every wheel of the locked list that a platform such
as ``py3.13-x86_64-glibc`` needs goes into the directory of that name. It appears when it is complete, and is
left alone if it already is; "gathered" is printed if it was not. Where packages come from is the
configuration of the control node's own pip.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

#: Wheels may need at most glibc 2.28, which no system that comes with Python 3.11 or later is older than.
NEWEST_GLIBC = 28
#: PEP 513, 571 and 599 name these levels of glibc in another way as well.
OLD_NAMES = {5: "manylinux1", 12: "manylinux2010", 17: "manylinux2014"}


class GatheringFailed(Exception):
    """What is wanted cannot be gathered."""


class Platform(NamedTuple):
    """What wheels are to be made for."""

    python: str
    machine: str

    @classmethod
    def parse(cls, name: str) -> Platform:
        """Read a name such as ``py3.13-x86_64-glibc``."""
        found = re.fullmatch(r"py(3\.\d+)-(\w+)-glibc", name)
        if not found:
            raise GatheringFailed(
                f"there are no wheels for {name!r}: a platform looks like py3.13-x86_64-glibc, "
                "and not all that the server needs is made for other C libraries"
            )
        return cls(*found.groups())

    def environment(self) -> dict[str, str]:
        """Return what markers of requirements may ask, as that platform would answer (PEP 508)."""
        return {
            "implementation_name": "cpython",
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_python_implementation": "CPython",
            "platform_system": "Linux",
            "python_full_version": f"{self.python}.0",
            "python_version": self.python,
            "sys_platform": "linux",
        }

    def pip_options(self) -> Iterator[str]:
        """Tell pip which wheels serve."""
        version = self.python.replace(".", "")
        yield from ("--implementation=cp", f"--python-version={self.python}")
        yield from (f"--abi=cp{version}", "--abi=abi3", "--abi=none")
        for level in range(NEWEST_GLIBC, 0, -1):
            yield f"--platform=manylinux_2_{level}_{self.machine}"
            if level in OLD_NAMES:
                yield f"--platform={OLD_NAMES[level]}_{self.machine}"


class Wanted(NamedTuple):
    """One locked package."""

    name: str
    version: str
    hashes: frozenset[str]

    def line(self) -> str:
        """Spell it for pip, without the markers that it would hold against this machine."""
        return " ".join(
            [f"{self.name}=={self.version}", *(f"--hash=sha256:{one}" for one in sorted(self.hashes))]
        )


def read_lock(text: str, platform: Platform) -> list[Wanted]:
    """Return the locked packages that *platform* needs."""
    wanted = []
    for line in text.replace("\\\n", " ").splitlines():
        entry = line.partition("#")[0].strip()
        if not entry:
            continue
        words = entry.split(" --hash=sha256:")
        requirement = Requirement(words[0])
        if requirement.marker is None or requirement.marker.evaluate(platform.environment()):
            (version,) = (specifier.version for specifier in requirement.specifier)
            hashes = frozenset(word.strip() for word in words[1:])
            wanted.append(Wanted(canonicalize_name(requirement.name), version, hashes))
    return wanted


def missing(wanted: list[Wanted], directory: Path) -> list[str]:
    """Return the packages that have no wheel in *directory*, or one with another content than was locked."""
    present = set()
    for path in directory.glob("*.whl"):
        try:
            name, version, *_unused = parse_wheel_filename(path.name)
        except InvalidWheelFilename:
            continue
        present.add((name, str(version), hashlib.sha256(path.read_bytes()).hexdigest()))
    return [
        f"{each.name} {each.version}"
        for each in wanted
        if not any((each.name, each.version, digest) in present for digest in each.hashes)
    ]


def gather(lock: Path, wheelhouse: Path, name: str) -> bool:
    """Fill the directory of a platform; tell whether anything had to be done."""
    platform = Platform.parse(name)
    wanted = read_lock(lock.read_text(), platform)
    destination = wheelhouse / name
    if not missing(wanted, destination):
        return False
    wheelhouse.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=wheelhouse, prefix=".") as scratch:
        unfinished = Path(scratch, name)
        download(wanted, platform, Path(scratch), unfinished)
        if lacking := missing(wanted, unfinished):
            raise GatheringFailed(f"pip brought no wheels of {', '.join(lacking)} for {name}")
        if destination.exists():
            destination.rename(Path(scratch, "before"))
        unfinished.rename(destination)
    return True


def download(wanted: list[Wanted], platform: Platform, scratch: Path, destination: Path) -> None:
    """Let pip bring the wheels; one of its own, since Ansible's environment need not have it."""
    requirements = scratch / "requirements.txt"
    requirements.write_text("".join(f"{each.line()}\n" for each in wanted))
    environment = scratch / "environment"
    venv.create(environment, symlinks=True, with_pip=True)
    done = subprocess.run(
        [
            *(str(environment / "bin" / "python"), "-m", "pip", "download", "-qq"),
            *("--disable-pip-version-check", "--no-deps", "--only-binary=:all:", "--require-hashes"),
            *(f"--dest={destination}", f"--requirement={requirements}"),
            *platform.pip_options(),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise GatheringFailed(f"pip cannot bring the wheels:\n{done.stderr.strip()}")


def main(arguments: list[str]) -> int:
    """Gather, and say whether anything had to be done."""
    lock, wheelhouse, name = arguments
    try:
        gathered = gather(Path(lock), Path(wheelhouse), name)
    except GatheringFailed as exc:
        sys.stderr.write(f"{exc}\n")
        return 1
    sys.stdout.write("gathered\n" if gathered else "complete\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
