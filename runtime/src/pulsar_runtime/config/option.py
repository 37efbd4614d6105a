"""Options: the attributes of a settings class that are keys of the configuration."""

from __future__ import annotations

from typing import Any

import attrs

from pulsar_runtime.config.kind import Kind


@attrs.frozen(kw_only=True)
class Option:
    """One key: how its value is read, and what it means."""

    name: str
    kind: Kind[Any]
    help: str
    default: object

    def write(self, value: object) -> object:
        """Return what YAML would hold for *value*, even if it is secret."""
        return self.kind.null if value is None else self.kind.write(value)

    @property
    def required(self) -> bool:
        """Tell whether the key must be given."""
        return self.default is attrs.NOTHING


def option(kind: Kind[Any], text: str) -> dict[str, object]:
    """Make the metadata of an attribute that is a key of the configuration."""
    return {"kind": kind, "help": text}


def options(settings: type[attrs.AttrsInstance]) -> tuple[Option, ...]:
    """Return the options of a settings class, in the order in which they are declared."""
    return tuple(
        Option(
            name=attribute.name,
            kind=attribute.metadata["kind"],
            help=attribute.metadata["help"],
            default=attribute.default,
        )
        for attribute in attrs.fields(settings)
        if "kind" in attribute.metadata
    )
