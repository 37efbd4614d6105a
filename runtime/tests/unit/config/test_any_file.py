"""Whatever a file says, the answer is a configuration or a list of problems."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

import attrs
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pulsar_runtime.config.load import load
from pulsar_runtime.config.schema import Config, Disk, QueuedPython, Token, Web
from pulsar_runtime.config.show import show
from pulsar_runtime.domain.errors import ConfigError

CLASSES: tuple[type[attrs.AttrsInstance], ...] = (Config, Disk, QueuedPython, Token, Web)
NAMES = {attribute.name for cls in CLASSES for attribute in attrs.fields(cls)}
KEYS = st.sampled_from(
    sorted(
        NAMES | {"manager", "type", "config_dir", "env_A", "env_", "message_queue_url", "amqp_x", "_default_"}
    )
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.dates()
    | st.text(st.characters(codec="utf-8"), max_size=8)
    | st.sampled_from(["*", "0700", "[::1]:80", "unqueued", "true", "2030-01-31T00:00:00Z", "ab" * 32]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(KEYS, VALUES, max_size=6))
@settings(max_examples=60, deadline=None)
def test_any_file_is_a_configuration_or_a_list_of_problems(values: dict[str, object]) -> None:
    """And what is accepted can be shown."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "app.yml"
        path.write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
        with contextlib.suppress(ConfigError):
            assert yaml.safe_load(show(load(path, {}, {})))["managers"]
