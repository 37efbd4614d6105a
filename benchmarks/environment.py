"""A virtual environment of locked packages, made once and kept under ``.cache``."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "runtime" / "requirements"
PIP = ("-m", "pip", "--quiet", "--disable-pip-version-check")
CACHE = ROOT / ".cache" / "benchmarks"


def ensure(name: str, sources: Iterable[Path], fill: Callable[[Path], None]) -> Path:
    """Return the environment's ``bin``; it is made anew when Python or a file of ``sources`` has changed."""
    directory = CACHE / name
    stamp = directory / "made-from"
    wanted = _digest(sources)
    if not stamp.is_file() or stamp.read_text() != wanted:
        shutil.rmtree(directory, ignore_errors=True)
        directory.parent.mkdir(parents=True, exist_ok=True)
        run([sys.executable, "-m", "venv", str(directory)])
        fill(directory / "bin")
        stamp.write_text(wanted)
    return directory / "bin"


def install(binaries: Path, *arguments: str) -> None:
    """Run the environment's own pip."""
    run([str(binaries / "python"), *PIP, "install", *arguments])


def install_locked(binaries: Path, lock: Path) -> None:
    """Install a locked list."""
    install(binaries, "--require-hashes", "-r", str(lock))


def version(binaries: Path, distribution: str) -> str:
    """Return the version of a distribution that the environment holds."""
    program = f"from importlib.metadata import version; print(version({distribution!r}))"
    return run([str(binaries / "python"), "-c", program]).strip()


def run(command: list[str]) -> str:
    """Run a command to its end and return what it printed."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def _digest(sources: Iterable[Path]) -> str:
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted(sources):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
