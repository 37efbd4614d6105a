"""A file with destinations for Total Perspective Vortex (TPV) that is ours alone. Private to the collection.

Everything in it is written anew each time, as JSON: that is YAML, too, and leaves no doubt whether ``1e3``
is a number, on which the versions of YAML disagree.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

HEADER = (
    "# Destinations of Pulsar servers. The module galaxyops.pulsar.tpv_destination writes all of this anew:\n"
    "# what is changed by hand gets lost, and belongs into another file that tpv_config_files names.\n"
)
#: What an offline destination requires; a job that has the tag, too, still reaches it.
OFFLINE = "offline"

#: JSON leaves them as they are, and YAML does not take them.
_NOT_IN_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff]")


class TpvFileError(Exception):
    """The file is not ours or a destination cannot be as asked; says why and what to do."""


class TpvFile(NamedTuple):
    """The destinations of a file by their ids, in its order."""

    destinations: Mapping[str, Mapping[str, Any]] = {}

    @classmethod
    def read(cls, text: str) -> TpvFile:
        """Read the text of a file that `text` made; raises `TpvFileError` for any other."""
        if not text.startswith(HEADER):
            raise TpvFileError(
                "it was not written by this module, which writes all of its file: name a file that is new"
            )
        try:
            found = json.loads(text[len(HEADER) :])
        except ValueError as exc:
            raise TpvFileError(f"it was changed by hand and is no JSON any more: {exc}") from exc
        if not isinstance(found, dict) or not isinstance(found.get("destinations"), dict) or len(found) != 1:
            raise TpvFileError("it was changed by hand: it has to hold destinations and nothing else")
        return cls(found["destinations"])

    def text(self) -> str:
        """Return the text of the file."""
        content = json.dumps({"destinations": self.destinations}, indent=2, ensure_ascii=False)
        return HEADER + _NOT_IN_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", content) + "\n"

    def put(self, name: str, destination: Mapping[str, Any]) -> TpvFile:
        """Have a destination as it is given; one that is there keeps its place."""
        return TpvFile({**self.destinations, name: destination})

    def without(self, name: str) -> TpvFile:
        """Have all destinations but one."""
        return TpvFile({key: value for key, value in self.destinations.items() if key != name})


def offline(destination: Mapping[str, Any]) -> dict[str, Any]:
    """Return a destination with nothing but the tag that keeps jobs away added."""
    # A tag that TPV finds in two lists is an error.
    scheduling = {
        kind: [tag for tag in tags if tag != OFFLINE]
        for kind, tags in destination.get("scheduling", {}).items()
    }
    scheduling["require"] = [*scheduling.get("require", ()), OFFLINE]
    return {**destination, "scheduling": scheduling}


def is_offline(destination: Mapping[str, Any]) -> bool:
    """Tell whether a destination requires the tag that keeps jobs away."""
    return OFFLINE in destination.get("scheduling", {}).get("require", ())
