"""HTTP as transfers need it, whichever library does it, and what answers mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Protocol

import attrs

from pulsar_runtime.domain.errors import NotWanted, TransferInterrupted, TransferRefused

REDIRECTS = 5
CONNECT_SECONDS = 30.0

#: As much of a body as errors show.
EXCERPT_BYTES = 300

#: Statuses after which the same request may succeed (protocol section 5.6).
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})


class Body(Protocol):
    """What can be sent in pieces, and knows how long it is."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[bytes]: ...


@attrs.frozen(kw_only=True)
class Answer:
    """An answer, but for its body."""

    status_code: int
    #: What the server calls the status.
    reason: str
    #: By names in lower case.
    headers: Mapping[str, str]
    #: What its body begins with, when nobody has taken it.
    excerpt: bytes = b""


Taker = Callable[[bytes], None]


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
        into: Callable[[Answer], Taker | None] | None = None,
    ) -> Answer:
        """Return the answer, whatever its status.

        *into* is called with it once, before its body has been read, and returns what takes the body, piece
        by piece. What that and *body* raise breaks off the request, and is raised here.
        """


def patience_seconds(method: str) -> float:
    """Return how long a server may say nothing, or take nothing, before it is given up."""
    # Galaxy may move a large file to another file system before it answers.
    return 60.0 if method in ("GET", "HEAD") else 300.0


def succeeded(answer: Answer) -> bool:
    """Tell whether a request was carried out."""
    return HTTPStatus.OK <= answer.status_code < HTTPStatus.MULTIPLE_CHOICES


def require_success(answer: Answer) -> None:
    """Raise what another status means."""
    if succeeded(answer):
        return
    code = answer.status_code
    said = f"the files endpoint answered {code} {answer.reason}".rstrip()
    excerpt = answer.excerpt.decode("utf-8", "replace").strip()
    if excerpt and "<" not in excerpt[:20]:
        said += f": {excerpt}"
    if code in _TRANSIENT:
        raise TransferInterrupted(said)
    if code == HTTPStatus.FORBIDDEN:
        raise NotWanted(said)
    if code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        said += "; use remote_transfer_tus, or raise the limit of the proxy before Galaxy"
    raise TransferRefused(said)
