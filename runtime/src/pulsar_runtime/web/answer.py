"""Answers: a status, headers and a body."""

from __future__ import annotations

import json
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

#: Keeps browsers from taking a job's output for a page of ours.
_NOSNIFF = ("X-Content-Type-Options", "nosniff")

_STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


@attrs.frozen(kw_only=True)
class Answer:
    """What a view returns; a WSGI application that answers every request with it."""

    body: Iterable[bytes]
    length: int
    content_type: str
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()

    def __call__(self, _environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Send it."""
        start_response(self.status_line, self.all_headers())
        return self.body

    @property
    def status_line(self) -> str:
        """The status with its phrase."""
        return _STATUS_LINES[self.status]

    def all_headers(self) -> list[tuple[str, str]]:
        """Return the headers, the usual ones first."""
        usual = (("Content-Type", self.content_type), ("Content-Length", str(self.length)), _NOSNIFF)
        return [*usual, *self.headers]


def ok() -> Answer:
    """Answer the two bytes that mean success."""
    return Answer(body=[b"OK"], length=2, content_type="text/plain")


def as_json(body: object, status: int = 200, *headers: tuple[str, str]) -> Answer:
    """Answer one JSON document."""
    text = json.dumps(body).encode("ascii")
    return Answer(
        body=[text], length=len(text), content_type="application/json", status=status, headers=headers
    )
