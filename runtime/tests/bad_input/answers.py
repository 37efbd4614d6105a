"""What the server answered, and what holds for every answer."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping

import attrs


@attrs.frozen
class Answer:
    """One answer of the server."""

    code: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, object]:
        """Return the body, which has to be a JSON object."""
        decoded: dict[str, object] = json.loads(self.body)
        return decoded


def read_answer(response: http.client.HTTPResponse) -> Answer:
    """Read an answer to its end, and check what is never to be in one: a traceback, or a redirect."""
    body = response.read()
    answer = Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, body)
    assert b"Traceback" not in body, body
    assert not 300 <= answer.code < 400, f"clients must not be redirected: {answer}"
    return answer


def assert_refused(answer: Answer, *codes: int) -> None:
    """Check that the answer is one of these errors, and says in JSON what is wrong."""
    assert answer.code in codes, answer
    assert answer.headers["content-type"] == "application/json"
    explanation = answer.json["error"]
    assert isinstance(explanation, str)
    assert len(explanation) > len("no such"), "an error says what is wrong"
