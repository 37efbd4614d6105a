"""Where a value of the configuration came from."""

from __future__ import annotations

from enum import StrEnum

import attrs


class Source(StrEnum):
    """The places that values come from; each overrides those before it.

    ``PULSAR_CONFIG_<KEY>`` is the exception: the environment fills in with it what the file leaves out.
    """

    DEFAULT = "default"
    FILE = "file"
    ENVIRONMENT = "environment"
    COMMAND_LINE = "command line"


@attrs.frozen
class Origin:
    """A source, and the name of the variable or of the second file where there is one."""

    source: Source
    name: str = ""

    def __str__(self) -> str:
        return f"{self.source} {self.name}".rstrip()


DEFAULT = Origin(Source.DEFAULT)
FILE = Origin(Source.FILE)
COMMAND_LINE = Origin(Source.COMMAND_LINE)
