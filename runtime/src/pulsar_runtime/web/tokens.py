"""Who may ask for what: tokens, kept as digests."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

import attrs

from pulsar_runtime.domain.errors import NotAuthorized
from pulsar_runtime.domain.ids import ManagerName
from pulsar_runtime.ports import Clock


@attrs.frozen(kw_only=True)
class AcceptedToken:
    """One credential."""

    name: str
    #: Hexadecimal SHA-256 of the token.
    sha256: str = attrs.field(repr=False)
    #: The managers that it opens; None for all.
    managers: frozenset[ManagerName] | None = None
    #: Seconds since the epoch; None for never.
    expires_at: float | None = None


@attrs.frozen(kw_only=True)
class TokenCheck:
    """Lets requests with an accepted token pass, and every request when no token was configured."""

    tokens: Sequence[AcceptedToken]
    clock: Clock

    def require(self, token: str | None, manager: ManagerName) -> None:
        """Raise `NotAuthorized` unless *token* opens *manager*."""
        if not self.tokens:
            return
        digest = hashlib.sha256((token or "").encode("utf-8", "surrogatepass")).hexdigest()
        # All of them, each in constant time: how long the answer takes says nothing about the token.
        matching = [accepted for accepted in self.tokens if hmac.compare_digest(accepted.sha256, digest)]
        for accepted in matching:
            if accepted.expires_at is not None and accepted.expires_at <= self.clock():
                raise NotAuthorized(f"the token {accepted.name!r} has expired")
            if accepted.managers is None or manager in accepted.managers:
                return
        raise NotAuthorized(
            "a valid token is needed: as 'Authorization: Bearer TOKEN', or private_token=TOKEN"
        )
