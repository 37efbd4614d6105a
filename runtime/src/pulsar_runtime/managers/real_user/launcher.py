"""The one program that the agent may run as root (sudo(8)): it does a few things for one user and one job.

It is installed by itself, owned by root, so it uses the standard library alone. One JSON object on standard
input says what to do, one line of JSON on standard output how that went. What it may do, and for whom, is in
a file that only root can write:

    {"agent": "pulsar", "staging": ["/srv/pulsar/staging"], "lowest_uid": 1000,
     "program": ["/opt/pulsar/current/bin/python", "-I", "-m", "pulsar_runtime.managers.drmaa.once"],
     "environment": {"SGE_ROOT": "/var/lib/gridengine"}}

Requests: ``submit`` hands the job's directory over to the user and runs the program as that user,
``terminate`` runs the program only, ``take_back`` makes the directory the agent's again.
"""

from __future__ import annotations

import json
import os
import pwd
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CONFIGURATION = "/etc/pulsar-runtime/launcher.json"

_MOST_BYTES = 1024 * 1024
_LIMIT_SECONDS = 60.0
_PATH = "/usr/local/bin:/usr/bin:/bin"
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC


class RefusedError(Exception):
    """The request cannot be granted; the message is for the job's user."""


def main() -> int:
    """Do what standard input says."""
    try:
        configuration = _configuration(CONFIGURATION)
        agent = _agent(configuration)
        answer = grant(configuration, agent, json.loads(sys.stdin.buffer.read(_MOST_BYTES)))
    except (RefusedError, OSError, KeyError, TypeError, ValueError, subprocess.TimeoutExpired) as exc:
        answer = {"refused": f"{exc}" if isinstance(exc, RefusedError) else f"{type(exc).__name__}: {exc}"}
    print(json.dumps(answer), flush=True)  # noqa: T201 - its answer goes to standard output
    return int("refused" in answer)


def _configuration(path: str) -> dict[str, Any]:
    with open(path, encoding="utf-8") as file:
        found = os.fstat(file.fileno())
        if found.st_uid != 0 or found.st_mode & 0o022:
            raise RefusedError(f"{path} must belong to root, and nobody else may write it")
        configuration: dict[str, Any] = json.load(file)
    return configuration


def _agent(configuration: dict[str, Any]) -> pwd.struct_passwd:
    agent = pwd.getpwnam(configuration["agent"])
    if os.environ.get("SUDO_UID") != str(agent.pw_uid):
        raise RefusedError(f"only {agent.pw_name} may ask")
    return agent


def grant(configuration: dict[str, Any], agent: pwd.struct_passwd, request: dict[str, Any]) -> dict[str, Any]:
    """Do what a request asks for, or raise `RefusedError`."""
    user = _user(configuration, agent, request["user"])
    match request["action"]:
        case "submit":
            with _job_directory(configuration, request["directory"]) as directory:
                _give(directory, agent.pw_uid, user.pw_uid, agent.pw_gid)
            return _submit(configuration, agent, user, request)
        case "terminate":
            return _run(configuration, user, {"terminate": request["number"]})
        case "take_back":
            with _job_directory(configuration, request["directory"]) as directory:
                _give(directory, user.pw_uid, agent.pw_uid, agent.pw_gid)
            return {"taken_back": True}
    raise RefusedError(f"there is no action {request['action']!r}")


def _submit(
    configuration: dict[str, Any],
    agent: pwd.struct_passwd,
    user: pwd.struct_passwd,
    request: dict[str, Any],
) -> dict[str, Any]:
    """Submit a job whose directory is the user's; if it is not taken, the directory is the agent's again."""
    answer: dict[str, Any] = {}
    try:
        answer = _run(configuration, user, {key: request[key] for key in ("attributes", "arguments")})
    finally:
        if "number" not in answer:
            with _job_directory(configuration, request["directory"]) as directory:
                _give(directory, user.pw_uid, agent.pw_uid, agent.pw_gid)
    return answer


def _user(configuration: dict[str, Any], agent: pwd.struct_passwd, name: object) -> pwd.struct_passwd:
    try:
        user = pwd.getpwnam(str(name))
    except KeyError:
        raise RefusedError(f"there is no user {name!r} on this machine") from None
    if user.pw_uid == 0:
        raise RefusedError("jobs cannot run as root")
    if user.pw_uid < configuration.get("lowest_uid", 1000) or user.pw_uid == agent.pw_uid:
        raise RefusedError(f"jobs cannot run as {user.pw_name}, which is a system's user")
    return user


@contextmanager
def _job_directory(configuration: dict[str, Any], path: str) -> Iterator[int]:
    """Open a directory right below one of the staging directories, with no link on the way from there."""
    parent, _, name = path.rpartition("/")
    if parent not in configuration["staging"] or name in ("", ".", ".."):
        raise RefusedError(f"{path} is no job's directory")
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


def _run(configuration: dict[str, Any], user: pwd.struct_passwd, request: dict[str, Any]) -> dict[str, Any]:
    """Run the program as the user, and return its answer."""
    environment = {
        "HOME": user.pw_dir,
        "LOGNAME": user.pw_name,
        "USER": user.pw_name,
        "PATH": _PATH,
        **configuration.get("environment", {}),
    }
    ended = subprocess.run(
        configuration["program"],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        cwd="/",
        env=environment,
        user=user.pw_uid,
        group=user.pw_gid,
        extra_groups=os.getgrouplist(user.pw_name, user.pw_gid),
        timeout=_LIMIT_SECONDS,
        check=False,
    )
    try:
        answer: dict[str, Any] = json.loads(ended.stdout)
    except ValueError:
        words = " ".join((ended.stderr or ended.stdout).split())[-300:]
        program = Path(configuration["program"][0]).name
        raise RefusedError(f"{program} ended with {ended.returncode}: {words}") from None
    return answer


if __name__ == "__main__":
    sys.exit(main())
