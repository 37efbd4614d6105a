"""The route of those who watch the server."""

from __future__ import annotations

from pulsar_runtime.protocol import exposition
from pulsar_runtime.web.answer import Answer
from pulsar_runtime.web.call import Call
from pulsar_runtime.web.context import WebContext


def metrics(web: WebContext, _call: Call) -> Answer:
    """Tell the figures of the whole server."""
    text = exposition.to_text(web.metrics.read()).encode()
    return Answer(body=[text], length=len(text), content_type=exposition.CONTENT_TYPE)
