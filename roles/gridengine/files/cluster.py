"""Bring what a Grid Engine master knows of its cluster into a described state: ``cluster.py DESCRIPTION``.

The description is JSON: ``objects``, each with a kind, a name and the settings that matter, ``resources``,
``admin_hosts``, ``submit_hosts`` and ``nodes``; with ``pretend`` nothing is changed. Prints a line for each
difference. Sent to the master and run by its Python as root, whom Grid Engine takes for a manager there.

qconf(1) says what the options mean, and does not always say by its exit code that it has failed: what was
changed is read again.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

START_SECONDS = 30.0
LIMIT_SECONDS = 60.0

Settings = Mapping[str, str]


class Kind(NamedTuple):
    """The options of qconf for one kind of object; without *names*, there always is such an object."""

    show: str
    modify: str
    names: str = ""
    add: str = ""
    #: Settings that are shown and cannot be set.
    read_only: Sequence[str] = ()


KINDS: Mapping[str, Kind] = {
    "configuration": Kind("-sconf", "-Mconf"),
    "scheduler": Kind("-ssconf", "-Msconf"),
    "node": Kind("-se", "-Me", "-sel", "-Ae", read_only=("load_values", "processors")),
    "parallel environment": Kind("-sp", "-Mp", "-spl", "-Ap"),
    "host group": Kind("-shgrp", "-Mhgrp", "-shgrpl", "-Ahgrp"),
    "queue": Kind("-sq", "-Mq", "-sql", "-Aq"),
}


class ClusterError(Exception):
    """The master does not take what is described."""


def main(description: Mapping[str, Any]) -> None:
    """Print what differs, and change it."""
    pretend = bool(description["pretend"])
    try:
        if pretend and not answers():
            sys.stdout.write("the master does not run yet; it would be told of everything\n")
            return
        for line in differences(description, pretend=pretend):
            sys.stdout.write(f"{line}\n")
    except ClusterError as exc:
        sys.exit(str(exc))


def answers() -> bool:
    """Tell whether there is a master that answers."""
    try:
        return qconf("-sh").returncode == 0
    except FileNotFoundError:
        return False


def differences(description: Mapping[str, Any], *, pretend: bool) -> Iterator[str]:
    """Tell each difference, once it is none any more."""
    deadline = time.monotonic() + START_SECONDS
    while not pretend and not answers():
        if time.monotonic() > deadline:
            words = qconf("-sh").stderr.strip()
            raise ClusterError(f"the master does not answer ({words}): see 'journalctl -u gridengine-master'")
        time.sleep(0.2)
    yield from added("-sh", "-ah", description["admin_hosts"], pretend=pretend)
    yield from added("-ss", "-as", description["submit_hosts"], pretend=pretend)
    yield from resource_differences(description["resources"], pretend=pretend)
    for wanted in description["objects"]:
        yield from object_differences(wanted["kind"], wanted["name"], wanted["settings"], pretend=pretend)
    yield from removed("-sel", "-de", description["nodes"], pretend=pretend)
    yield from removed("-ss", "-ds", description["submit_hosts"], pretend=pretend)
    yield from removed("-sh", "-dh", description["admin_hosts"], pretend=pretend)


def added(show: str, add: str, wanted: Sequence[str], *, pretend: bool) -> Iterator[str]:
    """Add what a list of names lacks."""
    for name in sorted(set(wanted) - set(names(show))):
        if not pretend:
            must(qconf(add, name), name in names(show))
        yield f"qconf {add} {name}"


def removed(show: str, remove: str, wanted: Sequence[str], *, pretend: bool) -> Iterator[str]:
    """Remove what a list of names has too much."""
    for name in sorted(set(names(show)) - set(wanted)):
        if not pretend:
            must(qconf(remove, name), name not in names(show))
        yield f"qconf {remove} {name}"


def resource_differences(wanted: Mapping[str, Settings], *, pretend: bool) -> Iterator[str]:
    """Change columns of complex(5), a table of all resources."""
    lines = shown("-sc").splitlines()
    columns = lines[0].lstrip("#").split()
    found = {}
    for number, line in enumerate(lines):
        row = dict(zip(columns, line.split(), strict=False))
        if not line.startswith("#") and row["name"] in wanted:
            found.update({f"{row['name']} {key}": row[key] for key in wanted[row["name"]]})
            lines[number] = " ".join({**row, **wanted[row["name"]]}.values())
    changed = {f"{name} {key}": value for name, row in wanted.items() for key, value in row.items()}
    if lacking := unlike(found, changed):
        if not pretend:
            done = write("-Mc", "complex", "\n".join(lines))
            must(done, not list(resource_differences(wanted, pretend=True)))
        yield from (f"resource {line}" for line in lacking)


def object_differences(kind: str, name: str, wanted: Settings, *, pretend: bool) -> Iterator[str]:
    """Make an object, or change settings of it; those that nothing is said about stay."""
    of = KINDS[kind]
    there = not of.names or name in names(of.names)
    # The scheduler has one configuration, which has no name.
    show = (of.show,) if kind == "scheduler" else (of.show, name)
    found = settings(shown(*show)) if there else {}
    if lacking := unlike(found, wanted):
        if not pretend:
            text = {key: value for key, value in {**found, **wanted}.items() if key not in of.read_only}
            done = write(
                of.modify if there else of.add, name, "\n".join(f"{key} {text[key]}" for key in text)
            )
            must(done, not unlike(settings(shown(*show)), wanted))
        yield from (f"{kind} {name}: {line}" for line in lacking)


def settings(text: str) -> dict[str, str]:
    """Read settings, a line each."""
    lines = (line.split(None, 1) for line in text.splitlines() if not line.startswith("#"))
    return {line[0]: line[1].strip() for line in lines if len(line) > 1}


def unlike(found: Settings, wanted: Settings) -> list[str]:
    """Tell which settings are not as wanted; lists may be in another order."""
    return [
        f"{key} is {found.get(key, 'missing')}, and will be {value}"
        for key, value in wanted.items()
        if words_of(found.get(key, "")) != words_of(value)
    ]


def words_of(value: str) -> frozenset[str]:
    """Return what makes a value, as Grid Engine compares it."""
    return frozenset(re.split(r"[\s,]+", value.strip().lower()))


def names(show: str) -> list[str]:
    """Return what a list has; one that is empty is an error to qconf."""
    done = qconf(show)
    if done.returncode != 0 and not re.match(r"no .* defined", done.stderr):
        raise ClusterError(f"qconf {show}: {done.stderr.strip()}")
    return done.stdout.split()


def shown(*arguments: str) -> str:
    """Return what is shown of an object that there is."""
    done = qconf(*arguments)
    if done.returncode != 0:
        raise ClusterError(f"qconf {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def write(option: str, name: str, text: str) -> subprocess.CompletedProcess[str]:
    """Hand an object over; for some kinds the name of the file is that of the object."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, name)
        file.write_text(f"{text}\n")
        return qconf(option, str(file))


def must(done: subprocess.CompletedProcess[str], holds: bool) -> None:  # noqa: FBT001 - what was to become true
    """Raise unless a change has been made."""
    if not holds:
        words = " ".join((done.stderr or done.stdout).split())
        raise ClusterError(f"{' '.join(done.args[:2])} changed nothing: {words}")


def qconf(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run qconf, with one line for each setting."""
    return subprocess.run(
        ["qconf", *arguments],
        env={**os.environ, "SGE_SINGLE_LINE": "1"},
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
