"""Where the web server listens."""

from __future__ import annotations

import re

import attrs

from pulsar_runtime.config.kind import BadValueError

_ADDRESS = re.compile(r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<host>[^\s:/\[\]]+)):(?P<port>[0-9]{1,5})")
_HIGHEST_PORT = 65535


@attrs.frozen
class Address:
    """A host (a name, an IPv4 or an IPv6 address without brackets) and a TCP port."""

    host: str
    #: 0 lets the kernel choose.
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read ``HOST:PORT`` or ``[IPV6]:PORT``, or raise `BadValueError`."""
        match = _ADDRESS.fullmatch(text)
        if match is None or int(match["port"]) > _HIGHEST_PORT:
            raise BadValueError(
                "must be HOST:PORT or [IPV6]:PORT, such as 127.0.0.1:8913; 0.0.0.0 is every interface"
            )
        return cls(match["ipv6"] or match["host"], int(match["port"]))

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"
