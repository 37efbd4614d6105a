"""Where Slurm's REST API is, and one request to it: https://slurm.schedmd.com/rest.html."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Collection, Mapping, Sequence
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from pulsar_runtime.domain.errors import QueryError, SubmitRejected

#: Newest first. Each release of Slurm knows three or so in a row, 22.05 up to the last of these and 24.11 the
#: first two: https://slurm.schedmd.com/rest_clients.html#lifecycle.
VERSIONS = ("v0.0.42", "v0.0.40", "v0.0.38")

#: Slurm itself gives its controller 9 s.
_LIMIT_SECONDS = 50.0
_LARGEST_TOKEN = 64 * 1024

_SUCCESS = range(200, 300)
_UNAUTHORIZED = 401
_NOT_FOUND = 404

#: Of Slurm's error numbers, those by which the controller refuses a request, and those of the API about what
#: a request says: https://github.com/SchedMD/slurm/blob/master/slurm/slurm_errno.h. All others tell of
#: networks, credentials and daemons.
_REFUSALS = (range(2000, 3000), range(9000, 10000))

#: What older versions say of a token that they do not accept.
_UNSPECIFIED = -1

#: Makes the body of a request for one version of the API.
Body = Callable[[str], object]


class Endpoint(NamedTuple):
    """An API and who asks."""

    #: ``http://HOST:PORT``, ``https://...`` or ``unix:/PATH``, as slurmrestd spells it.
    url: str
    user: str
    #: Holds the JSON Web Token, if one is needed; read for each request, for tokens expire.
    token_file: str | None = None

    def ask(
        self, method: str, path: str, body: Body | None = None, *, fine: Collection[int] = ()
    ) -> Mapping[str, Any]:
        """Return the document that answers a request; errors of the numbers *fine* are none.

        Raises `SubmitRejected` when Slurm refuses it, and `QueryError` when there is no answer.
        """
        for version in VERSIONS:
            status, text = self._exchange(
                method, f"/slurm/{version}/{path}", None if body is None else body(version)
            )
            document = _document(text)
            if status == _NOT_FOUND and document is None:
                continue
            if status == _UNAUTHORIZED:
                raise QueryError("slurmrestd does not accept the token: look at slurmrestd_token_file")
            if document is None:
                raise QueryError(f"slurmrestd answered {status} and no document")
            if errors := document.get("errors"):
                _check(errors, fine)
            elif status not in _SUCCESS:
                raise QueryError(f"slurmrestd answered {status}")
            return document
        raise QueryError(f"slurmrestd knows none of the versions {', '.join(VERSIONS)} of its API")

    def _exchange(self, method: str, path: str, body: object) -> tuple[int, bytes]:
        headers = {"Accept": "application/json", "X-SLURM-USER-NAME": self.user}
        data = None
        if body is not None:
            data = json.dumps(body)
            headers["Content-Type"] = "application/json"
        try:
            if self.token_file is not None:
                headers["X-SLURM-USER-TOKEN"] = _token(self.token_file)
            connection, prefix = self._connection()
            try:
                connection.request(method, prefix + path, data, headers)
                answer = connection.getresponse()
                return answer.status, answer.read()
            finally:
                connection.close()
        except (OSError, HTTPException) as exc:
            raise QueryError(f"slurmrestd cannot be reached at {self.url}: {exc}") from exc

    def _connection(self) -> tuple[HTTPConnection, str]:
        """Return a connection, and what stands before all paths there."""
        url = urlsplit(self.url)
        if url.scheme == "unix":
            return _UnixConnection(url.path), ""
        kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
        return kind(url.hostname or "", url.port, timeout=_LIMIT_SECONDS), url.path.rstrip("/")


class _UnixConnection(HTTPConnection):
    """HTTP through a socket that is a file."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_LIMIT_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _token(path: str) -> str:
    """Read a token, also as ``scontrol token`` prints it."""
    with open(path, encoding="ascii", errors="replace") as file:
        return file.read(_LARGEST_TOKEN).strip().removeprefix("SLURM_JWT=")


def _document(text: bytes) -> Mapping[str, Any] | None:
    try:
        document = json.loads(text)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _check(errors: Sequence[Mapping[str, Any]], fine: Collection[int]) -> None:
    """Raise what errors of an answer mean; older versions spell their number differently."""
    numbers = {error.get("error_number") or error.get("error_code") for error in errors}
    if numbers <= {*fine}:
        return
    words = "; ".join(dict.fromkeys(str(error.get("error") or error.get("description")) for error in errors))
    if any(number in refusals for number in numbers if number for refusals in _REFUSALS):
        raise SubmitRejected(words)
    hint = "; is the token still good?" if _UNSPECIFIED in numbers else ""
    raise QueryError(f"slurmrestd says: {words}{hint}")
