"""Servers for tests of what talks to one."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.scripted_server import ScriptedServer, self_signed, serving


@pytest.fixture
def scripted_server() -> Iterator[ScriptedServer]:
    with serving() as server:
        yield server


@pytest.fixture
def scripted_tls_server(tmp_path: Path) -> Iterator[ScriptedServer]:
    """One with a certificate that only its own authority vouches for."""
    pem = tmp_path / "certificate.pem"
    pem.write_bytes(self_signed())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with serving(context, str(pem)) as server:
        yield server
