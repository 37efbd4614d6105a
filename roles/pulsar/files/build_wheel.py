"""Build the wheel of the runtime on the control node, with a build backend that is locked as well.

Called as ``build_wheel.py SOURCE_DIRECTORY WHEEL_DIRECTORY``. The wheel appears under its name when it is
complete; an interrupted build leaves none.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path


def build(source: Path, destination: Path) -> None:
    """Build the wheel of *source* and put it into *destination*."""
    destination.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=destination) as directory:
        environment = Path(directory, "environment")
        built = Path(directory, "built")
        venv.create(environment, symlinks=True, with_pip=True)
        pip = [str(environment / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
        lock = source / "requirements" / "build.txt"
        subprocess.run([*pip, "install", "--require-hashes", "--requirement", str(lock)], check=True)
        subprocess.run(
            [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(built), str(source)],
            check=True,
        )
        for wheel in built.iterdir():
            wheel.replace(destination / wheel.name)


if __name__ == "__main__":
    build(Path(sys.argv[1]), Path(sys.argv[2]))
