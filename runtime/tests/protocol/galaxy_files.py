"""What the recorded server got from Galaxy's files API, and what it gave."""

from __future__ import annotations

import json
from collections.abc import Iterator

import attrs

from runtime.tests.protocol.recordings import WIRE, Json, RecordedJob


@attrs.frozen(kw_only=True)
class RecordedFile:
    """A file that went over the wire; *content* is None where the recording does not hold all of it."""

    path: str
    file_type: str
    content: str | None


def fetched(job: RecordedJob) -> list[RecordedFile]:
    """Return what the server fetched for a job."""
    return [
        RecordedFile(
            path=query["path"], file_type=query["file_type"], content=_text(recorded["response_body"])
        )
        for recorded, query in _calls(job)
        if recorded["method"] == "GET"
    ]


def sent(job: RecordedJob) -> list[RecordedFile]:
    """Return what the server sent for a job, in whichever way."""
    return [
        RecordedFile(
            path=query["path"], file_type=query["file_type"], content=_part(recorded["request_body"])
        )
        for recorded, query in _calls(job)
        if recorded["method"] == "POST" and recorded["path"].endswith("/files")
    ]


def endpoint(job: RecordedJob) -> str:
    """Return the files endpoint that Galaxy named for a job."""
    (submit, *_) = [exchange for exchange in job.exchanges if exchange.operation == "POST submit"]
    named: str = json.loads(submit.query["remote_staging"])["action_mapper"]["files_endpoint"]
    return named


def _calls(job: RecordedJob) -> Iterator[tuple[Json, dict[str, str]]]:
    named = endpoint(job)
    for file in sorted(WIRE.glob("rest-*.json")):
        for recorded in json.loads(file.read_text()):
            # Some were never answered, for Galaxy was down: it would have taken them.
            if recorded["channel"] == "pulsar->galaxy" and recorded.get("status", 200) == 200:
                query = dict(recorded["query"])
                if f"{recorded['path']}?job_key={query.get('job_key')}" in named:
                    yield recorded, query


def _text(body: Json) -> str | None:
    text: str | None = body.get("text")
    if text is None and "json" in body:
        return json.dumps(body["json"])
    return text if text is not None else ("" if body["bytes"] == 0 else None)


def _part(body: Json) -> str | None:
    """Return the content of a multipart body; None for one that names an upload in pieces."""
    head, _, rest = (body.get("text") or "").partition("\r\n\r\n")
    if not head.startswith("--"):
        return None
    boundary = head.partition("\r\n")[0]
    return rest.removesuffix(f"\r\n{boundary}--\r\n")
