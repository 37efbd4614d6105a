from __future__ import annotations

from pathlib import Path

from pulsar_runtime.bootstrap.staging import authorities
from pulsar_runtime.config.staging import Staging


def test_the_environment_names_authorities_for_both_libraries_unless_the_configuration_does() -> None:
    assert authorities(Staging(), {}) is None
    assert authorities(Staging(), {"CURL_CA_BUNDLE": "/c.pem"}) == Path("/c.pem")
    both = {"CURL_CA_BUNDLE": "/c.pem", "REQUESTS_CA_BUNDLE": "/r.pem"}
    assert authorities(Staging(), both) == Path("/r.pem")
    assert authorities(Staging(ca_file=Path("/s.pem")), both) == Path("/s.pem")
