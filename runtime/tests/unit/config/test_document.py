"""Files that are not what a configuration must be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pulsar_runtime.config.load import Loaded, load
from pulsar_runtime.domain.errors import ConfigError

LoadText = Callable[..., Loaded]
ProblemsOf = Callable[..., tuple[str, ...]]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        load(tmp_path / "none.yml", {}, {})
    assert raised.value.source == str(tmp_path / "none.yml")
    assert raised.value.problems == ("cannot be read: No such file or directory",)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_bytes(b"debug: \xff")
    with pytest.raises(ConfigError, match=r"is not UTF-8 text \(byte 8\)"):
        load(tmp_path / "a.yml", {}, {})


def test_a_syntax_error_has_its_line_and_column(problems_of: ProblemsOf) -> None:
    (problem,) = problems_of("debug: true\nweb: {bind: x\n")
    assert problem.startswith("line 3, column 1: ")


@pytest.mark.parametrize(
    "value",
    ["*hunter2", "!hunter2 x", "!!int hunter2", "{a: hunter2", "'hunter2", "@hunter2", "[a: {hunter2]"],
)
def test_no_error_of_syntax_shows_the_line_it_is_in(value: str, problems_of: ProblemsOf) -> None:
    """The line may hold a token."""
    (problem,) = problems_of(f"private_token: {value}\n")
    assert "hunter2" not in problem


def test_a_control_character_is_refused(problems_of: ProblemsOf) -> None:
    assert problems_of("debug: \x01") == ("holds a character that YAML does not allow",)


@pytest.mark.parametrize("text", ["- a\n- b\n", "just text", "42"])
def test_a_file_without_keys_is_refused(text: str, problems_of: ProblemsOf) -> None:
    assert problems_of(text) == ("must hold lines `key: value`, and holds something else",)


def test_a_server_ini_is_recognized(problems_of: ProblemsOf) -> None:
    """Section 10: keys of ``server.ini`` stand in ``[app:main]``, whose ``app_config`` names app.yml."""
    (problem,) = problems_of("[server:main]\nport = 8913\n\n[app:main]\napp_config = app.yml\n")
    assert "app.yml" in problem
    assert "server.ini" in problem


def test_a_key_that_is_written_twice_is_a_problem_at_every_depth(problems_of: ProblemsOf) -> None:
    problems = problems_of(
        """\
        debug: true
        managers:
          a: {type: unqueued}
          'a':
            debug: true
            debug: false
        debug: false
        tokens: [{name: x, name: x}]
        """
    )
    assert problems[:4] == (
        "managers.a: is written twice, in lines 3 and 4; keep one",
        "managers.a.debug: is written twice, in lines 5 and 6; keep one",
        "debug: is written twice, in lines 1 and 7; keep one",
        "tokens[0].name: is written twice, in lines 8 and 8; keep one",
    )


def test_anchors_and_merge_keys_work_and_are_not_taken_for_repetition(load_text: LoadText) -> None:
    config = load_text(
        """\
        managers:
          a: &base {type: unqueued, debug: true}
          b: {<<: *base, debug: false}
          c: {<<: *base}
        """
    ).config
    assert [manager.debug for manager in config.managers.values()] == [True, False, True]


def test_keys_are_text_whatever_yaml_takes_them_for(load_text: LoadText) -> None:
    """A manager may be called 1, and YAML takes an unquoted ``on`` for true."""
    assert list(load_text("managers: {1: {}, on: {}}").config.managers) == ["1", "on"]


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_bytes(b"\xef\xbb\xbfdebug: true")
    assert load(tmp_path / "a.yml", {}, {}).config.debug is True
