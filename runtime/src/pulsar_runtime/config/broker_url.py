"""Where the message broker is, and who we are there (protocol section 6.7)."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote, urlsplit

import attrs

from pulsar_runtime.config.kind import FALSE_TEXTS, TRUE_TEXTS, BadValueError
from pulsar_runtime.config.secret import Secret

_PLAIN_PORT, _TLS_PORT = 5672, 5671

#: Whether the scheme means TLS.
_SCHEMES = {"amqp": False, "pyamqp": False, "amqps": True}

_EXAMPLE = "amqps://USER:PASSWORD@HOST/VHOST"


@attrs.frozen(kw_only=True)
class BrokerUrl:
    """A URL that was understood."""

    host: str
    port: int
    user: str
    password: Secret
    virtual_host: str
    tls: bool
    #: Whether TLS was asked for by ``?ssl=1``.
    tls_by_query: bool = False

    @property
    def loopback(self) -> bool:
        """Tell whether the way to the broker stays on this machine."""
        return self.host in ("localhost", "::1") or self.host.startswith("127.")


def parse_broker_url(text: str) -> BrokerUrl:
    """Read a URL; raises `BadValueError`, which does not show what may be secret."""
    if ";" in text:
        raise BadValueError("names several brokers, or holds a ';' that has to be written as %3B: name one")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise BadValueError(f"is not a URL such as {_EXAMPLE}; write special characters as %XX") from None
    if parts.scheme in ("http", "https"):
        raise BadValueError("is the URL of a relay, which this version does not have: name an AMQP broker")
    if parts.scheme not in _SCHEMES or not parts.hostname or parts.fragment:
        raise BadValueError(f"must be a URL such as {_EXAMPLE}; write special characters as %XX")
    by_query = _tls_by_query(parts.query)
    tls = _SCHEMES[parts.scheme] or by_query
    return BrokerUrl(
        host=parts.hostname,
        port=port or (_TLS_PORT if tls else _PLAIN_PORT),
        user=unquote(parts.username) if parts.username else "guest",
        password=Secret(unquote(parts.password) if parts.password else "guest"),
        # One slash divides; what is left is the name, which may begin with a slash of its own.
        virtual_host=unquote(parts.path[1:]) or "/",
        tls=tls,
        tls_by_query=by_query and not _SCHEMES[parts.scheme],
    )


def _tls_by_query(query: str) -> bool:
    values = dict(parse_qsl(query, keep_blank_values=True))
    asked = values.pop("ssl", "").lower()
    if values:
        raise BadValueError(f"has parameters that are not known: {', '.join(sorted(values))}; remove them")
    if asked in FALSE_TEXTS:
        # Others take it for a yes, for it is not empty.
        raise BadValueError("says ssl=0, which does not mean the same to all: write amqps:// or leave it out")
    if asked and asked not in TRUE_TEXTS:
        raise BadValueError("says ssl= with neither 1 nor 0: write amqps:// in place of it")
    return bool(asked)
