"""Look at a deployed server from its own host, and report whether everything that it stands on holds.

Sent to the host and run by the Python that runs the server; it changes nothing. It prints one JSON document:
the endpoint descriptor, the host's time, and for each check whether it holds and what was found.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import pwd
import socket
import ssl
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPSHandler, ProxyHandler, build_opener

LIMIT_SECONDS = 20.0
MEGABYTE = 1024 * 1024
DAY_SECONDS = 24 * 60 * 60

#: What other users may not do: anything with directories, and anything but the group's reading with secrets.
OPEN_DIRECTORY = stat.S_IWGRP | stat.S_IRWXO
OPEN_SECRET = stat.S_IWGRP | stat.S_IXGRP | stat.S_IRWXO

#: systemctl(1), is-enabled: states of a unit file that something starts.
STARTED_BY_SOMETHING = frozenset({"enabled", "enabled-runtime", "static", "indirect", "alias", "generated"})

#: What the role writes beside the descriptor of a server at a broker.
BROKER_URL, BROKER_CA = "broker_url", "ca.pem"

Endpoint = dict[str, Any]


class Check(NamedTuple):
    """What was found of one thing that has to hold."""

    name: str
    ok: bool
    detail: str


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("descriptor", type=Path)
    parser.add_argument("--service-script", required=True, help="what stands in for a service manager")
    parser.add_argument("--minimum-free-mb", type=int, required=True)
    parser.add_argument("--minimum-certificate-days", type=int, required=True)
    parser.add_argument(
        "--asked", type=float, required=True, help="the time on the other side, for the report"
    )
    parser.add_argument("--ca-path", help="certificates to trust in place of the system's")
    options = parser.parse_args()
    checks = []
    endpoint: Endpoint = {}
    try:
        endpoint = json.loads(options.descriptor.read_text())
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else exc
        found = f"{options.descriptor} cannot be read ({reason}): deploy the server, or correct pulsar_root"
        checks.append(Check("descriptor", ok=False, detail=found))
    else:
        checks += [
            units(endpoint["service"], options.service_script),
            permissions(options.descriptor, endpoint),
            free_space(endpoint["directories"], options.minimum_free_mb),
        ]
        days = options.minimum_certificate_days
        if endpoint["transport"] == "amqp":
            broker, ca_file = endpoint["broker"], options.descriptor.with_name(BROKER_CA)
            ca_path = str(ca_file) if ca_file.exists() else None
            checks.append(certificate(broker["host"], broker["port"], ca_path, days))
        else:
            checks.append(listener(endpoint["url"], options.ca_path))
            address = urlsplit(endpoint["url"])
            if address.scheme == "https":
                checks.append(certificate(str(address.hostname), address.port or 443, options.ca_path, days))
    report = {
        "endpoint": endpoint,
        "asked": options.asked,
        "time": time.time(),
        "checks": [check._asdict() for check in checks],
    }
    sys.stdout.write(json.dumps(report))


def units(service: dict[str, Any], script: str) -> Check:
    """Tell whether what runs the server is active, and comes back with the host."""
    if service["form"] == "script":
        return service_script(script)
    of_user = service["form"] == "user"
    environment = {**os.environ, "XDG_RUNTIME_DIR": f"/run/user/{os.getuid()}"} if of_user else None
    properties = "--property=Id,LoadState,ActiveState,UnitFileState,Type,Result"
    done = subprocess.run(
        ["systemctl", *(["--user"] if of_user else []), "show", properties, *service["units"]],
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        return Check("units", ok=False, detail=f"systemctl cannot be asked: {done.stderr.strip()}")
    problems = unit_problems(done.stdout)
    if of_user and not Path("/var/lib/systemd/linger", own_name()).exists():
        problems.append(
            f"user {own_name()} does not linger: its units end when it logs out (loginctl enable-linger)"
        )
    found = "; ".join(problems) or f"{', '.join(service['units'])} run, and start with the host"
    return Check("units", ok=not problems, detail=found)


def unit_problems(shown: str) -> list[str]:
    """Read what ``systemctl show`` says of several units."""
    problems = []
    enabled = False
    for block in shown.strip().split("\n\n"):
        unit = dict(line.partition("=")[::2] for line in block.splitlines())
        name, state = unit["Id"], unit["UnitFileState"]
        enabled = enabled or state.startswith("enabled")
        # A unit that does one thing and ends is well if it went well the last time.
        well = unit["ActiveState"] == "active" or (
            unit.get("Type") == "oneshot" and unit["ActiveState"] != "failed"
        )
        if unit["LoadState"] != "loaded":
            problems.append(f"{name} is {unit['LoadState']}: deploy the server again")
        elif not well:
            problems.append(
                f"{name} is {unit['ActiveState']} ({unit.get('Result')}): journalctl --unit={name} says why"
            )
        elif state not in STARTED_BY_SOMETHING:
            problems.append(f"{name} is {state}: systemctl enable {name}")
    if not problems and not enabled:
        problems.append("none of the units is enabled: they would not start with the host")
    return problems


def service_script(script: str) -> Check:
    """Ask the script that stands in for a service manager."""
    try:
        done = subprocess.run(
            [script, "status"], capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False
        )
    except OSError as exc:
        return Check(
            "units", ok=False, detail=f"{script} cannot be run ({exc.strerror}): deploy the server again"
        )
    if done.returncode != 0:
        return Check("units", ok=False, detail=f"the server does not run: {script} start")
    return Check("units", ok=True, detail=f"{done.stdout.strip()}; it has to be started after each boot")


def listener(url: str, ca_path: str | None) -> Check:
    """Tell whether the server answers at its address that it is ready."""
    address = f"{url.rstrip('/')}/readyz"
    opener = build_opener(ProxyHandler({}), HTTPSHandler(context=trust(ca_path)))
    try:
        with opener.open(address, timeout=LIMIT_SECONDS) as answer:
            return Check("listener", ok=True, detail=f"{address} answers {answer.status}")
    except HTTPError as exc:
        return Check("listener", ok=False, detail=f"{address} answers {exc.code}: does the agent run?")
    except (OSError, http.client.HTTPException) as exc:
        return Check("listener", ok=False, detail=f"{address} does not answer: {exc}")


def certificate(host: str, port: int, ca_path: str | None, minimum_days: int) -> Check:
    """Tell whether the certificate is valid, for this name and for long enough."""
    try:
        with (
            socket.create_connection((host, port), LIMIT_SECONDS) as connection,
            trust(ca_path).wrap_socket(connection, server_hostname=host) as secured,
        ):
            end = ssl.cert_time_to_seconds(str((secured.getpeercert() or {})["notAfter"]))
    except OSError as exc:
        return Check(
            "certificate", ok=False, detail=f"the certificate of {host}:{port} is not accepted: {exc}"
        )
    days = int((end - time.time()) // DAY_SECONDS)
    found = f"that of {host}:{port} is valid for another {days} days"
    return Check(
        "certificate", ok=days >= minimum_days, detail=found + f", wanted are {minimum_days} or more"
    )


def permissions(descriptor: Path, endpoint: Endpoint) -> Check:
    """Tell whether other users are kept out of directories and secrets."""
    staging = Path(endpoint["directories"]["staging"])
    directories = [descriptor.parent, Path(endpoint["directories"]["persistence"])]
    own = endpoint["token_file"] if "token_file" in endpoint else descriptor.with_name(BROKER_URL)
    secrets = [Path(own), Path(endpoint["service"]["config"])]
    problems = []
    for path, forbidden in [
        *((each, OPEN_DIRECTORY) for each in directories),
        # Users whose jobs run here pass through it; each job's directory is closed.
        (staging, OPEN_DIRECTORY & ~stat.S_IXOTH),
        *((each, OPEN_SECRET) for each in secrets),
    ]:
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
        except OSError as exc:
            problems.append(f"{path} cannot be looked at: {exc.strerror}")
            continue
        if mode & forbidden:
            problems.append(f"{path} has mode {mode:04o}: chmod {mode & ~forbidden:04o} {path}")
    problems += writable_by_server(secrets, endpoint)
    return Check(
        "permissions",
        ok=not problems,
        detail="; ".join(problems) or "closed to other users: directories and secrets",
    )


def writable_by_server(secrets: list[Path], endpoint: Endpoint) -> list[str]:
    """Tell what the server could change of its own configuration, in the form that keeps the two apart."""
    if endpoint["service"]["form"] != "system":
        return []
    server = Path(endpoint["directories"]["persistence"]).stat().st_uid
    return [f"{path} belongs to the server's own user" for path in secrets if path.stat().st_uid == server]


def free_space(directories: dict[str, str], minimum_mb: int) -> Check:
    """Tell whether there is room for jobs."""
    free = {}
    for path in directories.values():
        try:
            file_system = os.statvfs(path)
        except OSError as exc:
            return Check("free space", ok=False, detail=f"{path} cannot be looked at: {exc.strerror}")
        free[path] = file_system.f_bavail * file_system.f_frsize // MEGABYTE
    found = ", ".join(f"{path} has {megabytes} MB" for path, megabytes in free.items())
    wanted = f"{found}; wanted are {minimum_mb} or more"
    return Check("free space", ok=min(free.values()) >= minimum_mb, detail=wanted)


def trust(ca_path: str | None) -> ssl.SSLContext:
    """Return what a server has to prove."""
    return ssl.create_default_context(cafile=ca_path)


def own_name() -> str:
    """Return the name of the user that this runs as."""
    return pwd.getpwuid(os.getuid()).pw_name


if __name__ == "__main__":
    main()
