"""HTTP as transfers need it, whichever library does it, and what answers mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from http import HTTPStatus
from typing import Protocol

from pulsar_runtime.domain.errors import NotWanted, TransferInterrupted, TransferRefused

REDIRECTS = 5
CONNECT_SECONDS = 30.0

#: Statuses after which the same request may succeed (protocol section 5.6).
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_EXCERPT_BYTES = 300


class Body(Protocol):
    """What can be sent in pieces, and knows how long it is."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[bytes]: ...


class Answer(Protocol):
    """An answer whose body has not been read."""

    @property
    def status_code(self) -> int:
        """Its status."""

    @property
    def reason(self) -> str:
        """What the server calls the status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Its headers, by names in any case."""

    def iter_content(self, chunk_size: int) -> Iterator[bytes]:
        """Yield the body in pieces of about this size; what was compressed is not any more."""


class HttpClient(Protocol):
    """Sends requests, from any thread. Raises `TransferInterrupted` and `TransferRefused`.

    No error names the URL, which holds the right to use it.
    """

    def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: Body | bytes | None = None,
        follow: bool = False,
    ) -> AbstractContextManager[Answer]:
        """Give the answer, whatever its status, before its body has been read."""


def patience_seconds(method: str) -> float:
    """Return how long a server may say nothing, or take nothing, before it is given up."""
    # Galaxy may move a large file to another file system before it answers.
    return 60.0 if method in ("GET", "HEAD") else 300.0


def succeeded(answer: Answer) -> bool:
    """Tell whether a request was carried out."""
    return HTTPStatus.OK <= answer.status_code < HTTPStatus.MULTIPLE_CHOICES


def require_success(answer: Answer) -> None:
    """Raise what another status means; read a short answer, so that its connection is used again."""
    code = answer.status_code
    excerpt = next(answer.iter_content(_EXCERPT_BYTES), b"").decode("utf-8", "replace").strip()
    if succeeded(answer):
        return
    said = f"the files endpoint answered {code} {answer.reason or ''}".rstrip()
    if excerpt and "<" not in excerpt[:20]:
        said += f": {excerpt[:_EXCERPT_BYTES]}"
    if code in _TRANSIENT:
        raise TransferInterrupted(said)
    if code == HTTPStatus.FORBIDDEN:
        raise NotWanted(said)
    if code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        said += "; use remote_transfer_tus, or raise the limit of the proxy before Galaxy"
    raise TransferRefused(said)
