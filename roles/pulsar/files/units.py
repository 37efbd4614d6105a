"""Bring the units of all instances into the state that is asked for, and touch only what is outdated.

Called as ``units.py REQUEST``; the request is JSON. What a process was started from is in its environment
(PULSAR_DEPLOYMENT, and PULSAR_LISTENER for the socket that it was given): one that differs from what is
wanted now is restarted, also if an earlier run was interrupted before it came to that. Prints one JSON
document.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: Each unit has its own, shorter limits.
PATIENCE_SECONDS = 300

PROPERTIES = ("Id", "ActiveState", "LoadState", "MainPID", "NeedDaemonReload", "UnitFileState")

Request = Mapping[str, Any]
Instance = Mapping[str, Any]
States = dict[str, dict[str, str]]


class UnitFailed(RuntimeError):
    """The service manager did not do what it was told; the message says what it said."""


class ServiceManager:
    """The service manager of the system or of this user; told to change nothing in a dry run."""

    def __init__(self, form: str, *, dry: bool) -> None:
        """Choose by the *form* of the role."""
        self.scope = ["--user"] if form == "user" else []
        self.environment = dict(os.environ)
        if form == "user":
            self.environment["XDG_RUNTIME_DIR"] = f"/run/user/{os.geteuid()}"
            self.environment.pop("DBUS_SESSION_BUS_ADDRESS", None)
        self.dry = dry
        self.done: list[str] = []

    def tell(self, *words: str) -> None:
        """Have something done; raises `UnitFailed`."""
        self.done.append(" ".join(words))
        if self.dry:
            return
        done = self.call("systemctl", *self.scope, *words)
        if done.returncode != 0:
            units = [word for word in words if "." in word]
            raise UnitFailed(f"systemctl {' '.join(words)}: {done.stderr.strip()}\n{self.journal(units)}")

    def states(self, units: list[str]) -> States:
        """Return the properties of units, also of those that do not exist."""
        answer = self.call("systemctl", *self.scope, "show", "--property", ",".join(PROPERTIES), *units)
        if answer.returncode != 0:
            raise UnitFailed(f"the service manager does not answer: {answer.stderr.strip()}")
        shown = [block.splitlines() for block in answer.stdout.strip().split("\n\n")]
        states = [dict(line.split("=", 1) for line in lines) for lines in shown]
        return {state["Id"]: state for state in states}

    def journal(self, units: list[str]) -> str:
        """Return the end of what units said."""
        chosen = [f"--unit={unit}" if not self.scope else f"--user-unit={unit}" for unit in units]
        return self.call("journalctl", "--no-pager", "--lines=30", "--output=cat", *chosen).stdout.strip()

    def call(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            env=self.environment,
            timeout=PATIENCE_SECONDS,
        )


def main() -> None:
    """Do what the request says, and print what was done."""
    request = json.loads(sys.argv[1])
    manager = ServiceManager(request["form"], dry=request["check"])
    try:
        bring(request, manager)
    except UnitFailed as exc:
        sys.stdout.write(f"{json.dumps({'done': manager.done, 'problem': str(exc)})}\n")
        sys.exit(1)
    sys.stdout.write(f"{json.dumps({'done': manager.done})}\n")


def bring(request: Request, manager: ServiceManager) -> None:
    """Bring every instance into its state."""
    instances = request["instances"]
    if request["form"] == "user":
        linger(manager)
    states = manager.states(
        [unit for instance in instances for unit in instance["units"] + instance["outdated_units"]]
    )
    if any(state["NeedDaemonReload"] == "yes" for state in states.values()):
        manager.tell("daemon-reload")
    for instance in instances:
        stop(instance["outdated_units"], states, manager)
        if instance["state"] == "started":
            start(instance, request["deployments"].get(instance["name"]), states, manager)
        else:
            stop(instance["enabled"], states, manager)
    gone = [unit for instance in instances if instance["state"] == "absent" for unit in instance["units"]]
    gone += [unit for instance in instances for unit in instance["outdated_units"]]
    remove([Path(request["directory"], unit) for unit in gone], manager)


def linger(manager: ServiceManager) -> None:
    """Have this user's services outlive the session."""
    user = manager.call("id", "--user", "--name").stdout.strip()
    if os.path.exists(f"/var/lib/systemd/linger/{user}"):
        return
    manager.done.append("enable-linger")
    if not manager.dry and (done := manager.call("loginctl", "enable-linger")).returncode != 0:
        raise UnitFailed(f"loginctl enable-linger: {done.stderr.strip()}")


def start(
    instance: Instance, deployment: Mapping[str, str] | None, states: States, manager: ServiceManager
) -> None:
    """Have an instance running, from what is deployed now; without *deployment*, from whatever it is."""
    disabled = [unit for unit in instance["enabled"] if states[unit]["UnitFileState"] != "enabled"]
    if disabled:
        manager.tell("enable", *disabled)
    web, socket = instance["web"], instance["socket"]
    if deployment:
        wanted = {
            instance[process]: deployment[process] for process in ("web", "agent") if process in deployment
        }
        outdated = [unit for unit in wanted if is_outdated(states[unit], "PULSAR_DEPLOYMENT", wanted[unit])]
        if web in wanted and is_outdated(states[web], "PULSAR_LISTENER", deployment["listener"]):
            # A socket cannot be opened anew beneath a service that holds it.
            manager.tell("stop", web, socket)
            outdated = [unit for unit in outdated if unit != web]
            states[web]["ActiveState"] = states[socket]["ActiveState"] = "inactive"
        if outdated:
            manager.tell("restart", *outdated)
    ended = [unit for unit in instance["enabled"] if not runs(states[unit])]
    if ended:
        manager.tell("start", *ended)


def stop(units: list[str], states: States, manager: ServiceManager) -> None:
    """Have units stopped, also after the next boot; jobs go on."""
    running = [unit for unit in units if runs(states[unit])]
    if running:
        manager.tell("stop", *running)
    enabled = [unit for unit in units if states[unit]["UnitFileState"] == "enabled"]
    if enabled:
        manager.tell("disable", *enabled)


def remove(files: list[Path], manager: ServiceManager) -> None:
    """Remove unit files, and have the service manager forget them."""
    existing = [file for file in files if file.exists()]
    for file in existing:
        manager.done.append(f"remove {file}")
        if not manager.dry:
            file.unlink()
    if existing:
        manager.tell("daemon-reload")


def runs(state: Mapping[str, str]) -> bool:
    """Tell whether a unit is up, or about to be."""
    return state["ActiveState"] in ("active", "activating", "reloading")


def is_outdated(state: Mapping[str, str], name: str, wanted: str) -> bool:
    """Tell whether a unit is up with another value in the environment that its process was started with."""
    return runs(state) and f"{name}={wanted}" not in environment(state["MainPID"])


def environment(process: str) -> list[str]:
    """Return the environment that a process was started with; nothing if it has ended."""
    try:
        return os.fsdecode(Path("/proc", process, "environ").read_bytes()).split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return []


if __name__ == "__main__":
    main()
