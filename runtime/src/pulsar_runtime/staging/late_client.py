"""An HTTP client that is made for the first request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

from pulsar_runtime.staging.http_client import Answer, Body, HttpClient, Taker


class LateClient:
    """Implements `HttpClient` with another one.

    The libraries take a tenth of a second and many megabytes, and a server may never need them.
    """

    def __init__(self, make: Callable[[], HttpClient]) -> None:
        self._make = make

    @cached_property
    def _made(self) -> HttpClient:
        # Two threads may both make one; then one of the two serves a single request.
        return self._make()

    def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: Body | bytes | None = None,
        follow: bool = False,
        into: Callable[[Answer], Taker | None] | None = None,
    ) -> Answer:
        """Return the answer, whatever its status."""
        return self._made.ask(method, url, headers=headers, body=body, follow=follow, into=into)
