"""What clients hear from a server that is drained."""

from __future__ import annotations

from runtime.tests.unit.web.steps import end, run, setup, status
from runtime.tests.unit.web.web_world import WebWorld


def test_a_new_job_is_put_off(web: WebWorld) -> None:
    web.served.store.drain()
    reply = web.call("POST", "/jobs?job_id=101")
    assert reply.status == 503
    assert int(reply.headers["Retry-After"]) > 0
    assert "drained" in reply.json["error"]
    assert status(web).json["status"] == "lost"


def test_a_job_that_is_known_goes_its_way(web: WebWorld) -> None:
    setup(web)
    web.served.store.drain()
    run(web)
    assert web.call("POST", "/jobs/101/files?name=in.dat&type=input", b"data").status == 200
    end(web)
    assert status(web).json["status"] == "complete"
    assert web.call("DELETE", "/jobs/101").body == b"OK"


def test_the_server_stays_ready(web: WebWorld) -> None:
    """It does what it is to do; whoever watches it need not be told."""
    web.served.store.drain()
    assert web.call("GET", "/readyz").status == 200
    assert web.call("GET", "/healthz").status == 200
