"""Virtual environments with the published client library, one for each version that the tests drive."""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
from pathlib import Path

RUNTIME = Path(__file__).parents[2]
CACHE = RUNTIME.parent / ".cache" / "interop"
VERSIONS = ("0.16.0", "0.15.15")
INSTALL_LIMIT = 600


def client_python(version: str) -> Path:
    """Return the interpreter of an environment made from the lock of this version, made at the first use."""
    lock = RUNTIME / "requirements" / f"client-{version}.txt"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    environment = CACHE / f"client-{version}-{digest}"
    python = environment / "bin" / "python"
    complete = environment / "complete"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"client-{version}.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not complete.exists():
            _run(sys.executable, "-m", "venv", "--clear", str(environment))
            _run(str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(lock))
            complete.touch()
    return python


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_LIMIT, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
