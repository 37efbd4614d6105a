"""What a client of the tests does again and again."""

from __future__ import annotations

from urllib.parse import quote

from runtime.tests.unit.application.supervision import A_MOMENT
from runtime.tests.unit.web.web_world import Reply, WebWorld

#: The two ways through the application (decision record 0005).
WAYS = ["flask", "shortcut"]

#: A request for every route that needs a token.
PROTECTED = [
    ("POST", "/jobs?job_id=1"),
    ("POST", "/jobs/1/submit?command_line=x"),
    ("GET", "/jobs/1/status"),
    ("PUT", "/jobs/1/cancel"),
    ("DELETE", "/jobs/1"),
    ("POST", "/jobs/1/files?name=a&type=input"),
    ("GET", "/jobs/1/files?name=a"),
    ("HEAD", "/jobs/1/files?name=a"),
    ("GET", "/jobs/1/files/path?name=a&type=input"),
    ("PUT", "/cache?path=a"),
    ("POST", "/cache?path=a"),
    ("GET", "/cache/status?path=a"),
    ("GET", "/healthz"),
    ("GET", "/metrics"),
]


def setup(web: WebWorld, name: str = "101") -> Reply:
    reply = web.call("POST", f"/jobs?job_id={quote(name, safe='')}&tool_id=cat1&tool_version=1.0")
    assert reply.status == 200
    return reply


def run(web: WebWorld, name: str = "101") -> None:
    """Set up and submit a job, and let it start."""
    setup(web, name)
    assert web.call("POST", f"/jobs/{name}/submit?command_line=true").body == b"OK"
    web.served.world.pass_time(A_MOMENT)


def end(web: WebWorld, code: int = 0) -> None:
    """Let every job that runs end."""
    for launch_id in [*web.served.world.host.launches]:
        web.served.world.host.end(launch_id, code)


def status(web: WebWorld, name: str = "101") -> Reply:
    return web.call("GET", f"/jobs/{name}/status")
