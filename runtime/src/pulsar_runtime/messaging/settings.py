"""How the broker is reached."""

from __future__ import annotations

import attrs


@attrs.frozen(kw_only=True)
class TlsSettings:
    """What is needed to know the broker, and to be known by it."""

    #: The certificates of those who may vouch for the broker; None for the system's.
    ca_file: str | None = None
    certificate_file: str | None = None
    key_file: str | None = None
    #: The name in the broker's certificate, where it is not the one that it is reached by.
    server_name: str | None = None
    #: False leaves open who the broker is.
    verify: bool = True


@attrs.frozen(kw_only=True)
class BrokerSettings:
    """One broker, and who we are there."""

    host: str
    port: int
    virtual_host: str
    user: str
    password: str = attrs.field(repr=False)
    #: None for a connection that everybody on the way can read.
    tls: TlsSettings | None = None
    #: How soon each side notices that the other is gone; None: never.
    heartbeat_seconds: int | None = 60

    def __str__(self) -> str:
        """Name the broker, without what is secret."""
        return f"{self.user}@{self.host}:{self.port}, virtual host {self.virtual_host!r}"
