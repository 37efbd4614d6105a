"""The recordings in `wire/`, as the requests of one job after the other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

WIRE = Path(__file__).with_name("wire")
Json = Mapping[str, Any]


@attrs.frozen(kw_only=True)
class Exchange:
    """One request of Galaxy and the answer that it got."""

    method: str
    path: str
    raw_query: str
    query: Mapping[str, str]
    body: bytes
    content_type: str | None
    #: The answer's JSON, its text, or an empty text.
    answer: Any
    time: float

    @property
    def operation(self) -> str:
        """Name what is asked for: the method and the last part of the path that is not an id."""
        parts = self.path.strip("/").split("/")
        return f"{self.method} {parts[2] if len(parts) > 2 else parts[0]}"


@attrs.frozen(kw_only=True)
class RecordedJob:
    """Everything that Galaxy asked about one job, in order."""

    name: str
    job_id: str
    exchanges: tuple[Exchange, ...]


def recorded_jobs(*modes: str) -> list[RecordedJob]:
    """Return the jobs of these modes; the requests about one job may be spread over several files."""
    found: dict[tuple[str, str], list[Exchange]] = {}
    names: dict[tuple[str, str], str] = {}
    for mode in modes:
        for file in sorted(WIRE.glob(f"{mode}.*.json")):
            for recorded in json.loads(file.read_text()):
                if recorded["channel"] != "galaxy->pulsar":
                    continue
                exchange = _exchange(recorded)
                job = (mode, exchange.query["job_id"])
                found.setdefault(job, []).append(exchange)
                if exchange.operation == "POST jobs":
                    names[job] = file.stem.replace(".", "-")
    return [
        RecordedJob(
            name=f"{names[job]}-{job[1]}",
            job_id=job[1],
            exchanges=tuple(sorted(exchanges, key=lambda exchange: exchange.time)),
        )
        for job, exchanges in found.items()
    ]


def recorded_messages(queue: str) -> list[Json]:
    """Return the bodies of the messages that were sent to this queue."""
    return [
        recorded["body"]
        for file in sorted(WIRE.glob("amqp*.json"))
        for recorded in json.loads(file.read_text())
        if recorded["channel"] == "amqp" and recorded["routing_key"] == f"pulsar__{queue}"
    ]


def _exchange(recorded: Json) -> Exchange:
    sent = recorded["request_body"]
    body = json.dumps(sent["json"]) if "json" in sent else sent.get("text", "")
    answer = recorded["response_body"]
    headers = {name.lower(): value for name, value in recorded["request_headers"]}
    return Exchange(
        method=recorded["method"],
        path=recorded["path"],
        raw_query=recorded["raw_query"],
        query=dict(recorded["query"]),
        body=body.encode(),
        content_type=headers.get("content-type"),
        answer=answer["json"] if "json" in answer else answer.get("text", ""),
        time=recorded["time"],
    )
