"""A secret is seen by those who ask for it, and by nobody else."""

from __future__ import annotations

import attrs

from pulsar_runtime.config.schema import Config
from pulsar_runtime.config.secret import Secret


def test_a_secret_hides_from_everything_that_prints() -> None:
    secret = Secret("hunter2")
    config = Config(private_token=secret)
    printed = f"{secret} {secret!r} {config} {attrs.asdict(config)} {[secret]} %s" % secret
    assert "hunter2" not in printed
    assert secret.reveal() == "hunter2"


def test_secrets_compare_by_what_they_hide() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1
