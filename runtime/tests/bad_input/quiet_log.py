"""What is never in a server's log, whatever it was told."""

from __future__ import annotations

from runtime.tests.live_server import LiveServer


def assert_no_internal_error(server: LiveServer) -> None:
    """Check that nothing surprised the server."""
    log = server.log.read_text(errors="replace")
    assert "Traceback" not in log, server.log_tail()
    assert "internal error" not in log, server.log_tail()
