"""Put everything that the host needs for a release into one file, on the control node.

Called as ``bundle_release.py WHEEL REQUIREMENTS BUNDLE [WHEELS]``. The bundle holds the wheel of the runtime,
the list of everything to be installed with its hashes, and the wheels of a directory if one is named. It
appears under its name when it is complete.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
import zipfile
from pathlib import Path


def bundle(wheel: Path, requirements: Path, destination: Path, wheels: Path | None) -> None:
    """Write the bundle *destination*."""
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    members = {
        "requirements.txt": f"{requirements.read_text()}\n./{wheel.name} --hash=sha256:{digest}\n".encode(),
        wheel.name: wheel.read_bytes(),
    }
    for carried in sorted(wheels.glob("*.whl")) if wheels else ():
        members[f"wheels/{carried.name}"] = carried.read_bytes()
    with tempfile.TemporaryDirectory(dir=destination.parent) as directory:
        unfinished = Path(directory, destination.name)
        with zipfile.ZipFile(unfinished, "w") as content:
            for name, data in members.items():
                # Without the time of the file: the same content makes the same bundle for every host.
                content.writestr(zipfile.ZipInfo(name), data)
        unfinished.replace(destination)


if __name__ == "__main__":
    made_wheel, locked, made_bundle, *carried_wheels = map(Path, sys.argv[1:])
    bundle(made_wheel, locked, made_bundle, carried_wheels[0] if carried_wheels else None)
