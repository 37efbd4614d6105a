"""Look at a host before anything is changed on it, and report everything that would not work.

Sent to the host and run by the Python that is to run the server, which may be older than the server needs:
this file keeps to what Python 3.7 understands. It prints one JSON document and changes nothing.
"""

from __future__ import annotations

import argparse
import errno
import importlib.util
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

OLDEST_PYTHON = (3, 11)


def main() -> None:
    """Print the version of Python and the list of problems."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", required=True)
    parser.add_argument("--url", help="where the server is to listen; left out if it is not to run")
    parser.add_argument("--endpoint", type=Path, required=True)
    parser.add_argument("--service", required=True)
    parser.add_argument("directories", nargs="+", type=Path)
    options = parser.parse_args()
    problems = python_problems(sys.version_info[:2])
    if not Path(options.root).is_absolute():
        problems.append(
            f"pulsar_root is {options.root!r}: set it to the absolute path of the directory for the server"
        )
    else:
        problems += directory_problems(options.directories)
    if options.url and not runs_already(options.url, options.endpoint, options.service):
        problems += address_problems(options.url)
    report = {"python": "{}.{}".format(*sys.version_info), "problems": problems}
    sys.stdout.write(json.dumps(report))


def python_problems(version: tuple[int, int]) -> list[str]:
    """Tell what is missing of a Python that can make virtual environments."""
    problems = []
    if version < OLDEST_PYTHON:
        found, needed = (".".join(map(str, each)) for each in (version, OLDEST_PYTHON))
        problems.append(f"{sys.executable} is Python {found}: set pulsar_python to Python {needed} or later")
    if importlib.util.find_spec("ensurepip") is None:
        problems.append(
            f"{sys.executable} cannot make virtual environments: install its venv (on Debian python3-venv)"
        )
    return problems


def directory_problems(directories: Iterable[Path]) -> list[str]:
    """Tell which directories can be neither used nor made."""
    problems = []
    for directory in directories:
        existing = next(path for path in (directory, *directory.parents) if path.exists())
        if not existing.is_dir():
            problems.append(f"{directory} cannot be made: {existing} is not a directory")
        elif not os.access(existing, os.W_OK | os.X_OK):
            problems.append(f"{directory} cannot be used: this user may not write to {existing}")
    return sorted(set(problems))


def runs_already(url: str, endpoint: Path, service: str) -> bool:
    """Tell whether our own server runs at *url*."""
    try:
        described = json.loads(endpoint.read_text())["url"]
    except FileNotFoundError:
        return False
    if described != url:
        return False
    return subprocess.run([service, "status"], check=False, stdout=subprocess.DEVNULL).returncode == 0


def address_problems(url: str) -> list[str]:
    """Tell why nothing can listen at *url*, by trying."""
    address = urlsplit(url)
    host, port = str(address.hostname), int(str(address.port))
    error = binding_error(host, port)
    if error is None:
        return []
    if error == errno.EADDRINUSE:
        return [f"port {port} of {host} is taken by another program: stop it, or choose another pulsar_port"]
    return [f"nothing can listen at {host}:{port}: {os.strerror(error)}: set pulsar_host and pulsar_port"]


def binding_error(host: str, port: int) -> int | None:
    """Try to listen, and return the number of the error if that fails."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen()
        except OSError as exc:
            return exc.errno
    return None


if __name__ == "__main__":
    main()
