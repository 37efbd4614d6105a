"""The edits of a job configuration: an endpoint is ensured or removed, or nothing is.

Private to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .conf import JobConf, keyed_limits, keyed_tools
from .document import Document
from .endpoint import Endpoint
from .error import JobConfError
from .position import line_of
from .section import ENVIRONMENTS, LIMITS, RUNNERS, SECTIONS, TOOLS, Entry


def ensure(document: Document, endpoint: Endpoint, *, adopt: bool) -> Document:
    """Have exactly the entries of an endpoint under its name; raises `JobConfError` if others have its ids.

    With *adopt*, such entries are replaced.
    """
    ids = set(endpoint.ids())
    foreign = [
        entry
        for entry in document.entries
        if (entry.section, entry.id) in ids and document.owner(entry) != endpoint.name
    ]
    if foreign and not adopt:
        raise JobConfError(f"{_claims(document, foreign)}: tell the module to adopt, or choose other names")
    edited = document
    for entry in sorted(foreign, key=lambda each: each.start, reverse=True):
        edited = edited.without_entry(entry)
    before = document.conf
    # From the end to the beginning: what is refused is in the line that it is said to be in.
    for section in sorted(SECTIONS, key=document.section_start, reverse=True):
        edited = edited.put(endpoint.name, section, endpoint)
    if before.default is None and len(before.destinations()) == 1 and len(edited.conf.destinations()) > 1:
        edited = edited.with_default(before.destinations()[0])
    return _checked(document, edited.tidied(), endpoint.name, ids)


def remove(document: Document, name: str) -> Document:
    """Have no entries of an endpoint; raises `JobConfError` if others depend on them."""
    edited = document
    for section in SECTIONS:
        edited = edited.put(name, section, None)
    return _checked(document, edited.tidied(), name, set())


def owners(document: Document) -> dict[tuple[str, str], str]:
    """Return the name of the endpoint that each entry of ours was written for, by section and id."""
    owned = ((entry, document.owner(entry)) for entry in document.entries)
    return {(entry.section, entry.id): name for entry, name in owned if name is not None}


def owned(document: Document, name: str) -> dict[str, list[Mapping[str, Any]]]:
    """Return the entries of an endpoint of ours in each section, as they are now."""
    conf = document.conf
    found: dict[str, Mapping[str, Mapping[str, Any]]] = {
        RUNNERS: {key: {"id": key, **each} for key, each in conf.runners.items()},
        ENVIRONMENTS: {key: {"id": key, **each} for key, each in conf.environments.items()},
        TOOLS: keyed_tools(conf.tools),
        LIMITS: keyed_limits(conf.limits),
    }
    ids = _ids(document, name)
    return {
        section: [each for key, each in entries.items() if (section, key) in ids]
        for section, entries in found.items()
    }


def _claims(document: Document, entries: list[Entry]) -> str:
    return "; ".join(
        f"{entry} in line {line_of(document.text, entry.start)} belongs to {_owner(document, entry)}"
        for entry in entries
    )


def _owner(document: Document, entry: Entry) -> str:
    name = document.owner(entry)
    return f"the endpoint {name}" if name else "somebody else"


def _checked(before: Document, after: Document, name: str, written: set[tuple[str, str]]) -> Document:
    """Refuse an edit that changes what is not ours, or leaves names that stand for nothing."""
    old, new = before.conf, after.conf
    ours = written | _ids(before, name)
    if _others(old, ours) != _others(new, ours) or _ids(after, name) != written:
        raise JobConfError(
            "it is written in a way in which this edit would change something else as well: write out what "
            "it shares with the sections, or edit it by hand"
        )
    broken = new.broken() - old.broken()
    if broken:
        raise JobConfError(f"afterwards {'; '.join(sorted(broken))}: change that first")
    return after


def _ids(document: Document, name: str) -> set[tuple[str, str]]:
    return {ids for ids, owner in owners(document).items() if owner == name}


def _others(conf: JobConf, ours: set[tuple[str, str]]) -> tuple[Any, ...]:
    """Return what a configuration says without some of its entries."""

    def others(section: str, entries: Mapping[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in entries.items() if (section, key) not in ours}

    return (
        others(RUNNERS, conf.runners),
        others(ENVIRONMENTS, conf.environments),
        others(TOOLS, keyed_tools(conf.tools)),
        others(LIMITS, keyed_limits(conf.limits)),
        conf.rest,
    )
