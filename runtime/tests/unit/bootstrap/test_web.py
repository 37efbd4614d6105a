"""What an administrator is told when the web server starts."""

from __future__ import annotations

import logging
import os

import pytest

from pulsar_runtime.bootstrap import web
from pulsar_runtime.config.address import Address
from pulsar_runtime.config.schema import Config, Web
from pulsar_runtime.config.secret import Secret
from pulsar_runtime.web.server import PulsarServer


@pytest.fixture(autouse=True)
def _no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PulsarServer, "run", lambda _self: None)
    monkeypatch.setattr(os, "umask", lambda _mask: 0)


def started(config: Config, caplog: pytest.LogCaptureFixture) -> str:
    with caplog.at_level(logging.WARNING):
        web.run_web(config)
    return caplog.text


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "pulsar.example.org"])  # noqa: S104 - only named
def test_a_server_that_is_open_to_others_is_warned_about(host: str, caplog: pytest.LogCaptureFixture) -> None:
    text = started(Config(web=Web(bind=Address(host, 8913))), caplog)
    assert "set private_token or tokens" in text


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_a_server_for_this_machine_alone_is_not(host: str, caplog: pytest.LogCaptureFixture) -> None:
    assert started(Config(web=Web(bind=Address(host, 8913))), caplog) == ""


def test_a_token_is_enough(caplog: pytest.LogCaptureFixture) -> None:
    config = Config(web=Web(bind=Address("0.0.0.0", 8913)), private_token=Secret("x"))  # noqa: S104 - only named
    assert started(config, caplog) == ""
