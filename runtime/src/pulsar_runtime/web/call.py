"""One request, as the views see it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from pulsar_runtime.domain.errors import MalformedRequest
from pulsar_runtime.domain.ids import DEFAULT_MANAGER, JobId, ManagerName, parse_job_id
from pulsar_runtime.protocol.parameters import parse_query

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


class Call:
    """A request whose route is known; the rest of it is decoded when it is asked for."""

    def __init__(self, environ: WSGIEnvironment, *, manager: str | None, job_id: str | None) -> None:
        self.environ = environ
        self.manager = ManagerName(manager or DEFAULT_MANAGER)
        self._job_id = job_id

    @cached_property
    def parameters(self) -> Mapping[str, str]:
        """The decoded query string."""
        return parse_query(self.environ.get("QUERY_STRING", ""))

    @property
    def job_id(self) -> JobId:
        """The job that the path names."""
        return parse_job_id(self._job_id or "")

    @property
    def token(self) -> str:
        """The token, from the header or the query string (protocol section 1.2)."""
        # The scheme has no case, and another scheme is meant for a proxy (RFC 9110 section 11).
        scheme, _, token = self.environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        return token if scheme.lower() == "bearer" else self.parameters.get("private_token", "")

    def require_text(self) -> None:
        """Raise `MalformedRequest` if the path is not UTF-8."""
        try:
            self.environ["PATH_INFO"].encode("latin-1").decode("utf-8")
        except UnicodeDecodeError as exc:
            raise MalformedRequest("the path is not valid UTF-8 after percent-decoding") from exc
