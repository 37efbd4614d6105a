"""Where values come from, and which of them wins (protocol section 10)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from pulsar_runtime.config.load import Loaded, load
from pulsar_runtime.config.origin import Source
from pulsar_runtime.config.schema import QueuedPython, Web
from pulsar_runtime.config.secret import Secret

LoadText = Callable[..., Loaded]
ProblemsOf = Callable[..., tuple[str, ...]]


def test_without_a_file_everything_has_its_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Section 10; section 8.1 for the manager."""
    monkeypatch.chdir(tmp_path)
    loaded = load(None, {}, {})
    config = loaded.config
    assert config.staging_directory == tmp_path / "files" / "staging"
    assert config.persistence_directory == tmp_path / "files" / "persisted_data"
    assert config.private_token is None
    assert config.tokens == ()
    assert config.assign_ids == "galaxy"
    assert config.job_directory_mode is None
    assert config.maximum_stream_size == 1048576
    assert config.debug is False
    assert config.galaxy_home is None
    assert config.file_cache_dir is None
    assert config.managers == {"_default_": QueuedPython(num_concurrent_jobs=1)}
    assert str(config.web.bind) == "127.0.0.1:8913"
    assert attrs.asdict(config.web, filter=attrs.filters.exclude(attrs.fields(Web).bind)) == {
        "workers": 2,
        "connections_per_worker": 1000,
        "request_line_limit_bytes": 8 * 1024 * 1024,
        "head_timeout_seconds": 30,
        "body_timeout_seconds": 60,
        "keepalive_seconds": 75,
    }
    assert config.disk.minimum_free_mb == 100
    assert loaded.warnings == ()
    assert loaded.origin("staging_directory").source is Source.DEFAULT


@pytest.mark.parametrize(
    "text", ["", "# nothing but a comment\n", "---\n", "web:\nmanagers:\ntokens:\nprivate_token:\n"]
)
def test_a_key_without_a_value_counts_as_absent(text: str, load_text: LoadText) -> None:
    loaded = load_text(text)
    assert loaded.config == load(None, {}, {}).config


def test_relative_paths_start_at_the_current_directory(load_text: LoadText, tmp_path: Path) -> None:
    """Section 10: ``staging_directory`` is made absolute; the reference takes it from where it runs."""
    config = load_text(
        "staging_directory: a/../b\nfile_cache_dir: cache\npersistence_directory: /srv/p"
    ).config
    assert config.staging_directory == tmp_path / "b"
    assert config.file_cache_dir == tmp_path / "cache"
    assert config.persistence_directory == Path("/srv/p")


def test_the_environment_fills_in_what_the_file_leaves_out(load_text: LoadText) -> None:
    """Section 10: ``PULSAR_CONFIG_<KEY>`` only if unset."""
    environ = {"PULSAR_CONFIG_PRIVATE_TOKEN": "from-env", "PULSAR_CONFIG_ASSIGN_IDS": "uuid"}
    loaded = load_text("assign_ids: galaxy\nprivate_token:\n", environ)
    assert loaded.config.assign_ids == "galaxy"
    assert loaded.config.private_token == Secret("from-env")
    assert str(loaded.origin("private_token")) == "environment PULSAR_CONFIG_PRIVATE_TOKEN"


def test_an_override_in_the_environment_replaces_what_the_file_says(load_text: LoadText) -> None:
    """Section 10: ``PULSAR_CONFIG_OVERRIDE_<KEY>`` forces, the key in lower case."""
    environ = {
        "PULSAR_CONFIG_OVERRIDE_STAGING_DIRECTORY": "/mnt/disks/a",
        "PULSAR_CONFIG_STAGING_DIRECTORY": "/b",
    }
    assert load_text("staging_directory: /c", environ).config.staging_directory == Path("/mnt/disks/a")


def test_values_of_the_environment_are_read_as_the_type_of_their_key(load_text: LoadText) -> None:
    """Section 10: environment values are strings."""
    environ = {
        "PULSAR_CONFIG_DEBUG": "true",
        "PULSAR_CONFIG_MAXIMUM_STREAM_SIZE": "0",
        "PULSAR_CONFIG_OVERRIDE_JOB_DIRECTORY_MODE": "0750",
    }
    config = load_text("", environ).config
    assert (config.debug, config.maximum_stream_size, config.job_directory_mode) == (True, None, 0o750)


def test_galaxys_own_variables_are_defaults(load_text: LoadText) -> None:
    """Section 10: the default of ``galaxy_home`` is the environment; section 8.1 says so of both."""
    environ = {"GALAXY_HOME": "/galaxy", "GALAXY_VIRTUAL_ENV": "/venv", "PULSAR_CONFIG_GALAXY_HOME": "/other"}
    assert load_text("", environ).config.galaxy_home == "/other"
    loaded = load_text("galaxy_home: /file", environ)
    assert loaded.config.galaxy_home == "/file"
    assert loaded.config.galaxy_virtual_env == "/venv"
    assert str(loaded.origin("galaxy_virtual_env")) == "environment GALAXY_VIRTUAL_ENV"


def test_an_unknown_key_in_the_environment_is_a_problem_that_names_the_variable(
    problems_of: ProblemsOf,
) -> None:
    assert problems_of("", {"PULSAR_CONFIG_DEBG": "x"}) == (
        "debg: unknown key; did you mean 'debug'? (from: environment PULSAR_CONFIG_DEBG)",
    )


def test_the_command_line_has_the_last_word_and_leaves_the_rest_of_its_section(load_text: LoadText) -> None:
    loaded = load_text(
        "web: {bind: '127.0.0.1:1', workers: 5}", {}, {"web.bind": "0.0.0.0:80", "debug": None}
    )
    assert (loaded.config.web.bind.host, loaded.config.web.bind.port) == ("0.0.0.0", 80)  # noqa: S104 - not bound
    assert loaded.config.web.workers == 5
    assert loaded.origin("web.bind").source is Source.COMMAND_LINE
    assert loaded.origin("web.workers").source is Source.FILE
    assert loaded.origin("debug").source is Source.DEFAULT


def test_a_bad_value_of_the_command_line_is_named_as_such(problems_of: ProblemsOf) -> None:
    (problem,) = problems_of("", {}, {"web.bind": "8913"})
    assert problem.startswith("web.bind: must be HOST:PORT")
    assert problem.endswith("(from: command line)")
    assert problems_of("web: text", {}, {"web.bind": "h:1"}) == (
        "web: must be a mapping of keys to values, not text",
    )


def test_a_manager_inherits_the_origin_with_the_value(load_text: LoadText) -> None:
    loaded = load_text("debug: true\nmanagers: {a: {galaxy_home: /g}}", {"PULSAR_CONFIG_ASSIGN_IDS": "uuid"})
    assert loaded.origin("managers.a.debug").source is Source.FILE
    assert loaded.origin("managers.a.galaxy_home").source is Source.FILE
    assert loaded.origin("managers.a.assign_ids").source is Source.ENVIRONMENT
    assert loaded.origin("managers.a.tmp_dir").source is Source.DEFAULT
