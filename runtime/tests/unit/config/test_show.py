"""The configuration in effect, as it is shown."""

from __future__ import annotations

from collections.abc import Callable

import yaml

from pulsar_runtime.config.load import Loaded
from pulsar_runtime.config.show import show

LoadText = Callable[..., Loaded]


def test_what_is_shown_loads_again_as_the_same(load_text: LoadText) -> None:
    loaded = load_text(
        """\
        staging_directory: "/a b/#c"
        maximum_stream_size: 0
        job_directory_mode: "0750"
        debug: true
        file_cache_dir: /cache
        galaxy_home: "null"
        web: {bind: "[::1]:80", keepalive_seconds: 1.5}
        disk: {minimum_free_mb: 0}
        retention: {days: 30, minimum_free_mb: 2048}
        managers:
          _default_: {num_concurrent_jobs: "*", tmp_dir: "$X # 'y'", maximum_stream_size: 7}
          "1": {type: unqueued, env_A: "line\\n  two\\u2028", env_b: "4", env_C: "\\U0001F600"}
        """
    )
    assert load_text(show(loaded)).config == loaded.config


def test_each_line_says_where_its_value_is_from(load_text: LoadText) -> None:
    shown = show(
        load_text("debug: true\nensure_cleanup: true", {"GALAXY_HOME": "/galaxy"}, {"web.bind": "h:1"})
    ).splitlines()
    assert "debug: true  # file" in shown
    assert "galaxy_home: /galaxy  # environment GALAXY_HOME" in shown
    assert "  bind: h:1  # command line" in shown
    assert "  workers: 2  # default" in shown
    assert "    debug: true  # file" in shown
    assert shown[0].startswith("# ensure_cleanup: has no effect")


def test_secrets_are_masked(load_text: LoadText) -> None:
    digest = "ab" * 32
    loaded = load_text(
        f"private_token: hunter2\nmanagers: {{m: }}\ntokens: [{{name: t, sha256: {digest}, managers: [m],"
        " expires: 2030-01-31T00:00:00Z}]"
    )
    shown = show(loaded)
    assert "hunter2" not in shown
    assert digest not in shown
    again = yaml.safe_load(shown)
    assert again["private_token"] == "********"
    assert again["tokens"][0]["name"] == "t"
    assert again["tokens"][0]["managers"] == ["m"]
