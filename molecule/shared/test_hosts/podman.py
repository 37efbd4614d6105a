"""Podman, called the way that works on this machine."""

from __future__ import annotations

import subprocess
from pathlib import Path

PROGRAM = Path(__file__).parents[1] / "bin" / "podman"
LIMIT = 60.0


class PodmanFailed(RuntimeError):
    """A call of podman did not end well."""


def podman(*arguments: str, stdin: str = "", limit: float = LIMIT) -> str:
    """Call podman and return what it printed; raise `PodmanFailed` with what it complained of."""
    try:
        done = subprocess.run(
            [PROGRAM, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
        )
    except subprocess.TimeoutExpired as expired:
        raise PodmanFailed(f"podman {' '.join(arguments)}: no end after {limit:.0f} s") from expired
    if done.returncode != 0:
        raise PodmanFailed(f"podman {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.strip()


def exists(kind: str, name: str) -> bool:
    """Tell whether there is a container, an image or a network of this name."""
    done = subprocess.run([PROGRAM, kind, "exists", name], check=False, timeout=LIMIT)
    return done.returncode == 0
