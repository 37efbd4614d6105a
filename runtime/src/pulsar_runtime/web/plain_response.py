"""gunicorn's response, without what it does again and again for headers that are all our own."""

from __future__ import annotations

import time
from functools import lru_cache

from gunicorn import util
from gunicorn.http import wsgi


class PlainResponse(wsgi.Response):  # type: ignore[misc] # gunicorn is not typed
    """Sends the head that an `Answer` made: every one has a length, and none holds anything of a client."""

    def process_headers(self, headers: list[tuple[str, str]]) -> None:
        """Take the headers as they are."""
        self.headers = headers
        self.response_length = int(dict(headers)["Content-Length"])

    def default_headers(self) -> list[str]:
        """Return the lines that come before them."""
        connection = "close" if self.should_close() else "keep-alive"
        date = _date(int(time.time()))
        first = f"HTTP/1.1 {self.status}\r\nServer: {self.version}\r\n"
        return [f"{first}Date: {date}\r\nConnection: {connection}\r\n"]


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return str(util.http_date(second))
