"""Send recorded requests to a live server, with its own token and paths."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote_plus

import attrs

from runtime.tests.live_server import LiveServer, wait_until
from runtime.tests.protocol.recordings import Exchange, Json

ENDED = ("complete", "cancelled", "failed", "lost")
END_LIMIT = 30.0
_STAGING = re.compile(r"/srv/pulsar/[^/]+/staging")
_QUOTED_STAGING = re.compile(r"%2Fsrv%2Fpulsar%2F[^%]+%2Fstaging")


@attrs.frozen
class Answer:
    """What the server said."""

    code: int
    body: bytes

    @property
    def json(self) -> Json:
        """Return the body, which has to be a JSON object."""
        decoded: Json = json.loads(self.body)
        return decoded


@attrs.frozen
class Replay:
    """A recording's requests as this server would have been sent them."""

    server: LiveServer
    #: Addresses in the recording, and what takes their place.
    endpoints: Mapping[str, str] = attrs.field(factory=dict)

    def send(self, exchange: Exchange) -> Answer:
        """Send the request exactly as it was encoded, but for the token and the staging directory."""
        query = re.sub(r"private_token=[^&]*", f"private_token={self.server.token}", exchange.raw_query)
        query = _QUOTED_STAGING.sub(quote_plus(str(self.server.staging)), query)
        for recorded, present in self.endpoints.items():
            query = query.replace(quote_plus(recorded), quote_plus(present))
        connection = http.client.HTTPConnection(self.server.bind, timeout=30)
        headers = {"Content-Type": exchange.content_type} if exchange.content_type else {}
        try:
            body = self.mapped(exchange.body)
            connection.request(exchange.method, f"{exchange.path}?{query}", body, headers)
            response = connection.getresponse()
            return Answer(response.status, response.read())
        finally:
            connection.close()

    def poll(self, exchange: Exchange, *until: str) -> Json:
        """Send a status request until the status is one of *until*, or the job has ended."""
        latest: list[Json] = []

        def reached() -> bool:
            answer = self.send(exchange)
            assert answer.code == 200, answer.body
            latest[:] = [answer.json]
            return answer.json["status"] in (*until, *ENDED)

        wait_until(reached, END_LIMIT, f"{exchange.path} is {' or '.join(until or ENDED)}", self.server)
        return latest[0]

    def mapped(self, content: bytes) -> bytes:
        """Replace the recorded staging directory by this server's."""
        return _STAGING.sub(str(self.server.staging), content.decode()).encode()

    def mapped_json(self, value: Json) -> Json:
        """Do the same in every text of a JSON object."""
        mapped: Json = json.loads(self.mapped(json.dumps(value, ensure_ascii=False).encode()))
        return mapped

    def job_directory(self, job_id: str) -> Path:
        """Return where the server keeps the job."""
        return self.server.staging / job_id
