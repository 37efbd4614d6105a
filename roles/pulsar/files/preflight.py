"""Look at a host before anything is changed on it, and report what is there and what would not work.

Sent to the host and run by the Python that is to run the server, which may be older than the server needs:
this file keeps to what Python 3.7 understands. It prints one JSON document and changes nothing.
"""

from __future__ import annotations

import errno
import grp
import hashlib
import importlib.util
import json
import os
import platform
import pwd
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

OLDEST_PYTHON = (3, 11)
OLDEST_KERNEL = (5, 6)  # has openat2(2)
OLDEST_SYSTEMD = 252  # the oldest that this role is tested with: Debian 12's

#: What a release takes while it is installed, with room to spare.
RELEASE_MEGABYTES = 300

#: SQLite's write-ahead log needs memory that is shared by all processes: https://www.sqlite.org/wal.html
NETWORK_FILE_SYSTEMS = frozenset(
    ("afs", "beegfs", "ceph", "cifs", "gfs2", "glusterfs", "gpfs", "lustre", "nfs", "nfs4", "smb3")
)

Request = Mapping[str, Any]
Instance = Mapping[str, Any]


def main() -> None:
    """Print what was found; without a question, what wheels have to be made for."""
    if len(sys.argv) == 1:
        sys.stdout.write(f"{wheels()}\n")
    else:
        sys.stdout.write(f"{json.dumps(report(json.loads(sys.argv[1])))}\n")


def report(request: Request) -> dict[str, Any]:
    """Return what is there, and the list of problems."""
    release = request["release"].format(python="{}.{}".format(*sys.version_info))
    releases = Path(request["root"], "releases")
    installed = os.path.exists(releases / release / "complete")
    problems = list(form_problems(request))
    # What another user may or may not do says nothing.
    if request["state"] != "absent" and not problems:
        problems = host_problems(request, installed=installed)
    account = pwd.getpwuid(os.geteuid())
    return {
        "problems": problems,
        "release": release,
        "installed": installed,
        "other_releases": other_releases(releases, release),
        "wheels": wheels(),
        "user_exists": exists(pwd.getpwnam, request["user"]),
        "group_exists": exists(grp.getgrnam, request["group"]),
        "home": account.pw_dir,
        "host_name": socket.gethostname(),
        "outdated": [path for path in outdated(request) if os.path.lexists(path)],
        "launcher": all(map(os.path.exists, request["launcher"]["files"])),
        "sudo": shutil.which("sudo") is not None,
        "token_hashes": {
            instance["name"]: token_hash(Path(instance["token_file"])) for instance in request["instances"]
        },
    }


def outdated(request: Request) -> Iterator[str]:
    """Return what is of no use any more, if it is there."""
    for instance in request["instances"]:
        yield from instance["outdated"]
    if not request["launcher"]["needed"]:
        yield from request["launcher"]["files"]


def wheels() -> str:
    """Return what wheels have to be made for, such as ``py3.13-x86_64-glibc``."""
    return "py{}.{}-{}-{}".format(*sys.version_info[:2], platform.machine(), platform.libc_ver()[0] or "musl")


def form_problems(request: Request) -> Iterator[str]:
    """Tell why this form of the role cannot be used by this user."""
    form, is_root = request["form"], os.geteuid() == 0
    if form == "system" and not is_root:
        yield (
            "pulsar_service is system, which needs root, and this user is not: set become to true, or "
            "pulsar_service to user or script"
        )
    if form == "user" and is_root:
        yield "pulsar_service is user, and this user is root: connect as another one, or set it to system"
    if form != "script":
        yield from service_manager_problems()
    if form == "user" and not is_root:
        yield from linger_problems(pwd.getpwuid(os.geteuid()).pw_name)


def host_problems(request: Request, *, installed: bool) -> list[str]:
    """Tell everything that keeps the server from being deployed."""
    problems = python_problems(sys.version_info[:2])
    problems += kernel_problems(platform.release())
    if request["form"] == "system" and not request["create_user"]:
        problems += account_problems(request["user"], request["group"])
    if request["launcher"]["needed"]:
        problems += launcher_problems(Path(sys.executable))
    problems += directory_problems(places(request))
    if not installed:
        problems += disk_problems(Path(request["root"]))
    for instance in request["instances"]:
        problems += network_disk_problems(Path(instance["persistence_dir"]), Path("/proc/self/mounts"))
        if instance["transport"] != "http":
            continue
        if token_is_empty(Path(instance["token_file"])):
            problems.append(f"{instance['token_file']} is empty: remove it for a new token, or fill it")
        if instance["state"] == "started" and not runs_already(instance, request["form"]):
            problems += address_problems(instance)
    return problems


def places(request: Request) -> Iterator[Path]:
    """Return the directories that are used or made."""
    yield Path(request["root"], "releases")
    for instance in request["instances"]:
        yield from (Path(instance[name]) for name in ("config_dir", "staging_dir", "persistence_dir"))


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


def kernel_problems(release: str) -> list[str]:
    """Tell whether this is a Linux that the server runs on."""
    found = re.match(r"(\d+)\.(\d+)", release)
    if sys.platform != "linux" or not found:
        return [f"this host runs {platform.system()}: the server needs Linux"]
    if tuple(map(int, found.groups())) < OLDEST_KERNEL:
        return ["this host runs Linux {}: the server needs {}.{} or later".format(release, *OLDEST_KERNEL)]
    return []


def service_manager_problems() -> list[str]:
    """Tell whether systemd is there, and new enough."""
    cure = "set pulsar_service to script"
    if not os.path.isdir("/run/systemd/system"):
        return [f"systemd does not run on this host: {cure}"]
    answer = subprocess.run(["systemctl", "--version"], check=True, stdout=subprocess.PIPE, text=True)
    version = int(answer.stdout.split()[1])
    if version < OLDEST_SYSTEMD:
        return [f"this host has systemd {version}, and the units need {OLDEST_SYSTEMD} or later: {cure}"]
    return []


def linger_problems(user: str) -> list[str]:
    """Tell whether this user's services can outlive the session: they do, or may be told to."""
    if os.path.exists(f"/var/lib/systemd/linger/{user}"):
        return []
    action = "org.freedesktop.login1.set-self-linger"
    if shutil.which("pkcheck") and succeeds(
        ["pkcheck", "--action-id", action, "--process", str(os.getpid())]
    ):
        return []
    cure = f"have an administrator of this host run 'loginctl enable-linger {user}'"
    return [f"services of {user} end with the session: {cure}, or set pulsar_service to script"]


def succeeds(command: list[str], environment: Mapping[str, str] | None = None) -> bool:
    """Run a command for its exit code."""
    try:
        done = subprocess.run(
            command, check=False, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    except FileNotFoundError:
        return False
    return done.returncode == 0


def launcher_problems(python: Path) -> list[str]:
    """Tell whether somebody else than root could change the Python that root is to run the launcher with."""
    for path in (python.resolve(), *python.resolve().parents):
        found = path.stat()
        if found.st_uid != 0 or found.st_mode & 0o022:
            cure = "set pulsar_python to the system's, as root is to run the launcher with it"
            return [f"{path} can be changed by others than root: {cure}"]
    return []


def account_problems(user: str, group: str) -> list[str]:
    """Tell which accounts are missing that the role may not make."""
    problems = []
    if not exists(pwd.getpwnam, user):
        problems.append(f"pulsar_user {user} does not exist: make it, or set pulsar_create_user to true")
    if not exists(grp.getgrnam, group):
        problems.append(f"pulsar_group {group} does not exist: make it, or set pulsar_create_user to true")
    return problems


def exists(find: Any, name: str) -> bool:  # noqa: ANN401 - two functions of C, each with its own type
    """Tell whether the host knows an account."""
    try:
        find(name)
    except KeyError:
        return False
    return True


def directory_problems(directories: Iterable[Path]) -> list[str]:
    """Tell which directories can be neither used nor made."""
    problems = set()
    for directory in directories:
        existing = nearest(directory)
        if not existing.is_dir():
            problems.add(f"{directory} cannot be made: {existing} is not a directory")
        elif not os.access(existing, os.W_OK | os.X_OK):
            problems.add(
                f"this user may not write to {existing}: let it, or set pulsar_root to a directory where it "
                "may"
            )
    return sorted(problems)


def nearest(path: Path) -> Path:
    """Return the path, or the closest one above it that is there."""
    return next(each for each in (path, *path.parents) if os.path.exists(each))


def disk_problems(root: Path) -> list[str]:
    """Tell whether a release fits on the disk."""
    free = shutil.disk_usage(nearest(root)).free // (1024 * 1024)
    if free >= RELEASE_MEGABYTES:
        return []
    needed = f"a release needs {RELEASE_MEGABYTES} MB"
    return [f"{root} has {free} MB free, and {needed}: make room, or set pulsar_root to a larger disk"]


def network_disk_problems(directory: Path, mounts: Path) -> list[str]:
    """Tell whether the job store would be on a network file system, where it would break."""
    best, kind = "", ""
    for line in mounts.read_text().splitlines():
        point, file_system = line.split()[1:3]
        # mounts(5) writes blanks and their like in octal.
        point = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), point)
        within = point == "/" or f"{directory}/".startswith(f"{point}/")
        if within and len(point) >= len(best):
            best, kind = point, file_system.partition(".")[2] or file_system
    if kind not in NETWORK_FILE_SYSTEMS:
        return []
    return [f"{directory} is on {kind}: set pulsar_persistence_dir to a directory on a local disk"]


def other_releases(directory: Path, release: str) -> list[str]:
    """Return the releases beside *release*, the latest complete one first and unfinished ones last."""
    if not os.access(directory, os.R_OK | os.X_OK):
        return []
    others = [path for path in directory.iterdir() if path.name != release]
    return [path.name for path in sorted(others, key=completed, reverse=True)]


def completed(release: Path) -> float:
    """Return when a release was complete; 0 if it never was."""
    try:
        return (release / "complete").stat().st_mtime
    except (FileNotFoundError, NotADirectoryError):
        return 0


def token_hash(file: Path) -> str:
    """Return the hash of a token; nothing if there is none yet."""
    try:
        return hashlib.sha256(file.read_text().strip().encode()).hexdigest()
    except (FileNotFoundError, PermissionError):
        # One that may not be read is reported with its directory.
        return ""


def token_is_empty(file: Path) -> bool:
    """Tell whether there is a token without anything in it, which everybody would know."""
    try:
        return not file.read_text().strip()
    except (FileNotFoundError, PermissionError):
        return False


def runs_already(instance: Instance, form: str) -> bool:
    """Tell whether our own server listens there."""
    try:
        described = json.loads(Path(instance["endpoint_file"]).read_text())
    except (FileNotFoundError, PermissionError):
        return False
    if described.get("listen") != instance["listen"]:
        return False
    scope = ["--user"] if form == "user" else []
    ask = ["systemctl", *scope, "is-active", f"{instance['prefix']}-web.socket"]
    if form == "script":
        ask = [instance["program"], "status"]
    return succeeds(ask, {"XDG_RUNTIME_DIR": f"/run/user/{os.geteuid()}", **os.environ})


def address_problems(instance: Instance) -> list[str]:
    """Tell why the instance cannot listen, by trying."""
    host, port = instance["host"], instance["port"]
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
