"""What the tests of the configuration share: loading text as the file of an otherwise empty directory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from pulsar_runtime.config.load import Loaded, load
from pulsar_runtime.domain.errors import ConfigError

NOTHING: Mapping[str, str] = {}


@pytest.fixture
def load_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Loaded]:
    """Return ``load_text(yaml, environ, overrides)``, which runs in *tmp_path*."""
    monkeypatch.chdir(tmp_path)

    def load_it(
        text: str, environ: Mapping[str, str] = NOTHING, overrides: Mapping[str, object] = NOTHING
    ) -> Loaded:
        path = tmp_path / "app.yml"
        path.write_text(dedent(text), encoding="utf-8")
        return load(path, environ, overrides)

    return load_it


@pytest.fixture
def problems_of(load_text: Callable[..., Loaded]) -> Callable[..., tuple[str, ...]]:
    """Return ``problems_of(yaml, environ, overrides)``: what is wrong with it."""

    def problems(
        text: str, environ: Mapping[str, str] = NOTHING, overrides: Mapping[str, object] = NOTHING
    ) -> tuple[str, ...]:
        with pytest.raises(ConfigError) as raised:
            load_text(text, environ, overrides)
        return raised.value.problems

    return problems
