"""Install one release on the host: a virtual environment of its own from a bundle that was brought there.

Called as ``install_release.py REQUEST`` by the Python that is to run the server; the request is JSON and
holds no secret. Whatever goes wrong, the unfinished release is removed, one JSON document with the problem is
printed, and the release in use is not touched. The file ``complete`` is written last.
"""

from __future__ import annotations

import fcntl
import grp
import json
import os
import pwd
import re
import shutil
import subprocess
import sys
import time
import venv
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

#: What pip says of a package that is not what was locked.
MISMATCH = r"DO NOT MATCH THE HASHES[^\n]*\n\s+(\S+)"

#: What pip says of a disk, and of a file that is no wheel.
WRONG = (r"No space left on device", r"Disk quota exceeded", r"Wheel .* is invalid")

#: What pip says, among its attempts, of an index that it does not reach.
UNREACHABLE = (
    r"Temporary failure in name resolution",
    r"Name or service not known",
    r"Connection refused",
    r"Network is unreachable",
    r"No route to host",
    r"certificate verify failed: [^(\"']*",
    r"Cannot connect to proxy",
    r"timed out",
    r"is not a trusted or secure host",
    r"40[13] (?:Client Error|Unauthorized|Forbidden)",
)

#: What pip says in the end, whatever the reason was.
MISSING = r"No matching distribution found for [^ \n]+"

#: How long another installation may take; it may be the one that is wanted.
PATIENCE_SECONDS = 300.0

Request = Mapping[str, Any]


class InstallationFailed(RuntimeError):
    """The release could not be installed; the message says why and what to do."""


def main() -> None:
    """Install the release, and print what stopped it."""
    request = json.loads(sys.argv[1])
    release, bundle = Path(request["release"]), Path(request["bundle"])
    if os.geteuid() == 0 and request["owner"]:
        become(request["owner"], request["group"])
    os.umask(0o027 if request["owner"] else 0o077)
    try:
        # Opened first: whoever installs this release already takes its bundle away at the end.
        with bundle.open("rb") as content, alone(release.parent):
            if not (release / "complete").exists():
                install_or_remove(request, release, content)
    except (InstallationFailed, OSError, zipfile.BadZipFile) as exc:
        problem = f"{release.name} was not installed: {exc}"
        sys.stdout.write(f"{json.dumps({'problem': problem})}\n")
        sys.exit(1)
    finally:
        # One of them may hold the credentials of an index.
        for path in (bundle, *map(Path, request["configuration"])):
            path.unlink(missing_ok=True)


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """Wait until nobody else installs there: an installer outlives a control node that went away."""
    descriptor = os.open(directory, os.O_RDONLY)
    deadline = time.monotonic() + PATIENCE_SECONDS
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise InstallationFailed(
                        f"another installation has been running in {directory} for "
                        f"{PATIENCE_SECONDS:.0f} s: let it end, or end it, and try again"
                    ) from None
            time.sleep(0.2)
        yield
    finally:
        os.close(descriptor)


def become(owner: str, group: str) -> None:
    """Go on as the one who is to own the release."""
    account = pwd.getpwnam(owner)
    os.setgroups([])
    os.setgid(grp.getgrnam(group).gr_gid)
    os.setuid(account.pw_uid)
    os.environ["HOME"] = account.pw_dir


def install_or_remove(request: Request, release: Path, bundle: IO[bytes]) -> None:
    """Install the release, or leave nothing of it."""
    try:
        install(request, release, bundle)
    except BaseException:
        shutil.rmtree(release, ignore_errors=True)
        raise


def install(request: Request, release: Path, bundle: IO[bytes]) -> None:
    """Make the environment, install what the bundle holds into it, and mark it as complete."""
    try:
        venv.create(release, clear=True, symlinks=True, with_pip=True)
    except subprocess.CalledProcessError as exc:
        raise InstallationFailed(explain(os.fsdecode(exc.output), request["index"])) from exc
    carried = release / "bundle"
    with zipfile.ZipFile(bundle) as content:
        content.extractall(carried)
    pip = [str(release / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    source = ["--retries=1", "--timeout=20"]
    if (carried / "wheels").is_dir():
        source = ["--no-index", "--find-links=wheels"]
    environment = dict(os.environ)
    if request["configuration"]:
        environment["PIP_CONFIG_FILE"] = request["configuration"][0]
    done = subprocess.run(
        [*pip, *source, "--no-deps", "--require-hashes", "--requirement=requirements.txt"],
        cwd=carried,
        env=environment,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        raise InstallationFailed(explain(done.stdout, request["index"]))
    shutil.rmtree(carried)
    (release / "complete").touch()


def explain(said: str, index: str) -> str:
    """Say in one sentence what pip said in many."""
    if found := re.search(MISMATCH, said):
        return f"{found[1]} in {index} does not have the hash that it was locked with: have it there anew"
    for pattern in WRONG:
        if found := re.search(pattern, said):
            return found[0]
    for pattern in UNREACHABLE:
        if found := re.search(pattern, said):
            return (
                f"{index} cannot be reached from this host ({found[0].strip()}): set pulsar_index_url or "
                "pulsar_index_ca_bundle, or pulsar_install_from to wheelhouse"
            )
    if found := re.search(MISSING, said):
        return f"{found[0]} in {index}: have it there"
    return said.strip()[-2000:]


if __name__ == "__main__":
    main()
