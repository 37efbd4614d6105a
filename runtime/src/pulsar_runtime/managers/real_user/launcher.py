"""The one program that the agent may run as root (sudo(8)): it does a few things for one user and one job.

It is installed by itself, owned by root, so it uses the standard library alone. One JSON object on standard
input says what to do. What it may do, and for whom, is in a file that only root can write:

    {"instances": [{"agent": "pulsar", "staging": ["/srv/pulsar/staging"], "lowest_uid": 1000,
                    "programs": {"sbatch": ["sbatch"], "scancel": ["scancel"]},
                    "environment": {"SLURM_CONF": "/etc/slurm/slurm.conf"}}]}

Requests: ``hand_over`` makes a job's directory the user's, ``take_back`` makes it the agent's again, ``run``
runs one of the programs as the user and waits for it, ``become`` goes on as one of them. Streams and exit
code are the program's. What is refused is said on standard error.
"""

from __future__ import annotations

import json
import os
import pwd
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

CONFIGURATION = "/etc/pulsar-runtime/launcher.json"

_MOST_BYTES = 1024 * 1024
#: The agent waits longer.
_LIMIT_SECONDS = 50.0
_PATH = "/usr/local/bin:/usr/bin:/bin"
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
#: What a job makes is open to the agent's group, and closed to everybody else.
_UMASK = 0o007
#: What a shell reports of a command that a signal ended is this and the signal's number.
_SIGNALS = 128

Instance = Mapping[str, Any]
Request = Mapping[str, Any]


class RefusedError(Exception):
    """The request cannot be granted; the message is for the job's user."""


def main() -> int:
    """Do what standard input says."""
    try:
        instances = _instances(CONFIGURATION)
        return grant(instances, os.environ.get("SUDO_UID"), json.loads(sys.stdin.buffer.read(_MOST_BYTES)))
    except (RefusedError, OSError, KeyError, TypeError, ValueError) as exc:
        words = f"{exc}" if isinstance(exc, RefusedError) else f"{type(exc).__name__}: {exc}"
        print(f"pulsar-runtime-launcher: {words}", file=sys.stderr, flush=True)  # noqa: T201 - a program
        return 1
    except subprocess.TimeoutExpired as exc:
        # Not a refusal: the same may be done later.
        print(f"connection timed out: {exc}", file=sys.stderr, flush=True)  # noqa: T201 - a program
        return 1


def _instances(path: str) -> list[Instance]:
    with open(path, encoding="utf-8") as file:
        found = os.fstat(file.fileno())
        if found.st_uid != 0 or found.st_mode & 0o022:
            raise RefusedError(f"{path} must belong to root, and nobody else may write it")
        instances: list[Instance] = json.load(file)["instances"]
    return instances


def grant(instances: list[Instance], caller: str | None, request: Request) -> int:
    """Do what a request asks for and return the exit code, or raise `RefusedError`."""
    instance, agent = _instance(instances, caller, request["directory"])
    user = _user(instance, agent, request["user"])
    match request["action"]:
        case "hand_over":
            with _job_directory(request["directory"]) as directory:
                _give(directory, agent.pw_uid, user.pw_uid, agent.pw_gid)
            return 0
        case "take_back":
            with _job_directory(request["directory"]) as directory:
                _give(directory, user.pw_uid, agent.pw_uid, agent.pw_gid)
            return 0
        case "run":
            return _run(instance, user, request)
        case "become":
            _become(instance, user, request)
    raise RefusedError(f"there is no action {request['action']!r}")


def _instance(
    instances: list[Instance], caller: str | None, directory: str
) -> tuple[Instance, pwd.struct_passwd]:
    """Return the instance of the caller whose job the directory is, and the caller."""
    agents = {instance["agent"]: pwd.getpwnam(instance["agent"]) for instance in instances}
    own = [instance for instance in instances if str(agents[instance["agent"]].pw_uid) == caller]
    if not own:
        raise RefusedError(f"only the agents in {CONFIGURATION} may ask")
    parent, _, name = directory.rpartition("/")
    for instance in own:
        if parent in instance["staging"] and name not in ("", ".", ".."):
            return instance, agents[instance["agent"]]
    raise RefusedError(f"{directory} is no job's directory")


def _user(instance: Instance, agent: pwd.struct_passwd, name: object) -> pwd.struct_passwd:
    try:
        user = pwd.getpwnam(str(name))
    except KeyError:
        raise RefusedError(f"there is no user {name!r} on this machine") from None
    if user.pw_uid == 0:
        raise RefusedError("jobs cannot run as root")
    if user.pw_uid < instance.get("lowest_uid", 1000) or user.pw_uid == agent.pw_uid:
        raise RefusedError(f"jobs cannot run as {user.pw_name}, which is a system's user")
    return user


@contextmanager
def _job_directory(path: str) -> Iterator[int]:
    """Open a directory right below a staging directory, with no link on the way from there."""
    parent, _, name = path.rpartition("/")
    staging = os.open(parent, _OPEN | os.O_DIRECTORY)
    try:
        directory = os.open(name, _OPEN | os.O_DIRECTORY, dir_fd=staging)
    finally:
        os.close(staging)
    try:
        yield directory
    finally:
        os.close(directory)


def _give(directory: int, giver: int, taker: int, group: int) -> None:
    """Make what belongs to *giver* in a tree belong to *taker*; the group stays the agent's.

    Every file is held while it is looked at and changed, so that nobody can put another one in its place, and
    a directory is given last, so that its taker finds it complete. Links keep their owner, and so do files
    with several names, for one of the names may be elsewhere.
    """
    own = os.fstat(directory)
    if own.st_uid not in (giver, taker):
        raise RefusedError("the job's directory belongs to somebody else")
    for entry in os.listdir(directory):
        try:
            held = os.open(entry, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
        except FileNotFoundError:
            # The job is still at work.
            continue
        try:
            found = os.fstat(held)
            if found.st_uid not in (giver, taker):
                continue
            if stat.S_ISDIR(found.st_mode):
                child = os.open(f"/proc/self/fd/{held}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                try:
                    _give(child, giver, taker, group)
                finally:
                    os.close(child)
            elif stat.S_ISREG(found.st_mode) and found.st_nlink == 1:
                _change(held, found, taker, group)
        finally:
            os.close(held)
    _change(directory, own, taker, group)


def _change(held: int, found: os.stat_result, owner: int, group: int) -> None:
    """Give a file to *owner*, and let the agent's group do what the owner may."""
    place = f"/proc/self/fd/{held}"
    os.chown(place, owner, group)
    rights = stat.S_IMODE(found.st_mode) & 0o777
    mode = rights | (rights >> 3) & 0o070
    # What is made in a directory belongs to the group, too.
    os.chmod(place, mode | stat.S_ISGID if stat.S_ISDIR(found.st_mode) else mode)


def _run(instance: Instance, user: pwd.struct_passwd, request: Request) -> int:
    """Run a program as the user, and return its exit code.

    Whoever locked our standard input knows by it that the program may still run.
    """
    argv = _program(instance, request)
    ended = subprocess.run(
        argv,
        input=request.get("input", "").encode("utf-8", "surrogateescape"),
        cwd="/",
        env=_environment(instance, user),
        user=user.pw_uid,
        group=user.pw_gid,
        extra_groups=os.getgrouplist(user.pw_name, user.pw_gid),
        umask=_UMASK,
        timeout=_LIMIT_SECONDS,
        check=False,
    )
    return ended.returncode if ended.returncode >= 0 else _SIGNALS - ended.returncode


def _become(instance: Instance, user: pwd.struct_passwd, request: Request) -> NoReturn:
    """Go on as the user, with one of the programs; raises `OSError` if that is not there."""
    argv, environment = _program(instance, request), _environment(instance, user)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, sys.stdin.fileno())
    os.chdir("/")
    os.umask(_UMASK)
    os.setgroups(os.getgrouplist(user.pw_name, user.pw_gid))
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    os.execvpe(argv[0], argv, environment)  # noqa: S606 - no shell is wanted


def _program(instance: Instance, request: Request) -> list[str]:
    name = request["program"]
    if name not in instance["programs"]:
        raise RefusedError(f"{name!r} is none of the programs in {CONFIGURATION}")
    return [*instance["programs"][name], *map(str, request.get("arguments", []))]


def _environment(instance: Instance, user: pwd.struct_passwd) -> dict[str, str]:
    own = {"HOME": user.pw_dir, "LOGNAME": user.pw_name, "USER": user.pw_name}
    return {"PATH": _PATH, **instance.get("environment", {}), **own}


if __name__ == "__main__":
    sys.exit(main())
