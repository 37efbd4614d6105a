"""Managers: three places to declare them, one union, complete values (protocol section 8.1)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from pulsar_runtime.config.load import Loaded
from pulsar_runtime.config.schema import QueuedPython, Unqueued
from pulsar_runtime.domain.ids import DEFAULT_MANAGER, ManagerName

LoadText = Callable[..., Loaded]
ProblemsOf = Callable[..., tuple[str, ...]]

A = ManagerName("a")
B = ManagerName("b")


def test_managers_are_told_apart_by_type(load_text: LoadText) -> None:
    """Section 8.1: the default type is ``queued_python``."""
    managers = load_text("managers: {a: {type: unqueued}, b: {num_concurrent_jobs: 4}, c: }").config.managers
    assert isinstance(managers[A], Unqueued)
    assert managers[B] == QueuedPython(num_concurrent_jobs=4)
    assert managers[ManagerName("c")] == QueuedPython()


def test_a_single_manager_is_the_default_one(load_text: LoadText) -> None:
    """Section 8.1: ``manager`` is a single one, named ``_default_``."""
    managers = load_text("manager: {type: unqueued, debug: true}").config.managers
    assert list(managers) == ["_default_"]
    assert isinstance(managers[DEFAULT_MANAGER], Unqueued)
    assert managers[DEFAULT_MANAGER].debug is True


def test_managers_and_manager_together_are_a_problem(problems_of: ProblemsOf) -> None:
    assert problems_of("managers: {a: {}}\nmanager: {type: unqueued}") == (
        "manager: is given together with managers; move it there, as _default_",
    )


def test_a_manager_falls_back_to_the_top_level(load_text: LoadText, tmp_path: Path) -> None:
    """Section 8.1: all option keys of the manager are merged over app defaults."""
    managers = load_text(
        """\
        staging_directory: all
        assign_ids: uuid
        maximum_stream_size: 5
        job_directory_mode: "0750"
        debug: true
        galaxy_home: /galaxy
        galaxy_config_file: /galaxy.yml
        managers:
          a:
            staging_directory: own
            assign_ids: galaxy
            debug: false
            maximum_stream_size: 0
            galaxy_home: ''
          b: {}
        """
    ).config.managers
    own, fallen_back = managers[A], managers[B]
    assert (own.staging_directory, fallen_back.staging_directory) == (tmp_path / "own", tmp_path / "all")
    assert (own.assign_ids, fallen_back.assign_ids) == ("galaxy", "uuid")
    assert (own.debug, fallen_back.debug) == (False, True)
    assert (own.maximum_stream_size, fallen_back.maximum_stream_size) == (None, 5)
    assert (own.job_directory_mode, fallen_back.job_directory_mode) == (0o750, 0o750)
    assert (own.galaxy_home, fallen_back.galaxy_home) == (None, "/galaxy")
    assert own.galaxy_config_file == "/galaxy.yml"


@pytest.mark.parametrize(("text", "jobs"), [("4", 4), ("'4'", 4), ("'*'", "*")])
def test_concurrency_is_a_number_or_every_cpu(text: str, jobs: object, load_text: LoadText) -> None:
    """Section 8.2: ``"*"`` = CPU count."""
    manager = load_text(f"manager: {{num_concurrent_jobs: {text}}}").config.managers[DEFAULT_MANAGER]
    assert isinstance(manager, QueuedPython)
    assert manager.num_concurrent_jobs == jobs


@pytest.mark.parametrize("text", ["0", "'all'", "2.5", "true", "[1]"])
def test_anything_else_is_no_concurrency(text: str, problems_of: ProblemsOf) -> None:
    (problem,) = problems_of(f"manager: {{num_concurrent_jobs: {text}}}")
    assert problem.startswith("manager.num_concurrent_jobs: must be a whole number, at least 1, not ")
    assert problem.endswith('"*" means every CPU that the server may use')


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("", None),
        ("''", None),
        ("false", None),
        ("true", None),
        ("'true'", None),
        ("'Yes'", None),
        ("'1'", None),
        ("'false'", "false"),
        ("/scratch", "/scratch"),
        ("'$(mktemp -d)'", "$(mktemp -d)"),
    ],
)
def test_tmp_dir_is_a_shell_expression_or_each_jobs_own(
    text: str, expression: str | None, load_text: LoadText
) -> None:
    """Section 8.1: unset, empty, YAML false, text that reads as true: per job; any other text as it is."""
    assert load_text(f"manager:\n  tmp_dir: {text}").config.managers[DEFAULT_MANAGER].tmp_dir == expression


@pytest.mark.parametrize("text", ["1", "[a]"])
def test_anything_else_is_no_tmp_dir(text: str, problems_of: ProblemsOf) -> None:
    (problem,) = problems_of(f"manager: {{tmp_dir: {text}}}")
    assert problem.startswith("manager.tmp_dir: must be a shell expression as text")


def test_env_keys_become_the_environment_of_jobs(load_text: LoadText) -> None:
    """Section 8.1: ``env_<NAME>``, the case of NAME kept."""
    manager = load_text(
        "manager: {env_FOO: bar, env_foo: '1', env__x: '', env_N: 4, env_NONE: }"
    ).config.managers[DEFAULT_MANAGER]
    assert manager.environment == {"FOO": "bar", "foo": "1", "_x": "", "N": "4"}


@pytest.mark.parametrize("name", ["1A", "A-B", "", "A B", "\u00e4", "A=B"])
def test_a_name_that_no_shell_variable_can_have_is_refused(name: str, problems_of: ProblemsOf) -> None:
    assert problems_of(f"manager: {{'env_{name}': x}}") == (
        f"manager.env_{name}: {name!r} cannot be the name of an environment variable",
    )


@pytest.mark.parametrize("value", ["true", "1.5", "[hunter2]", '"hunter2\\0"'])
def test_an_environment_value_that_is_no_text_is_refused_and_not_shown(
    value: str, problems_of: ProblemsOf
) -> None:
    (problem,) = problems_of(f"manager: {{env_A: {value}}}")
    assert problem.startswith("manager.env_A: must be text")
    assert "hunter2" not in problem


@pytest.mark.parametrize("name", ["a/b", "", "..", "-a", "a b", "\u00e4"])
def test_a_name_that_fits_no_url_is_refused(name: str, problems_of: ProblemsOf) -> None:
    """A manager's name is one part of a path: ``/managers/NAME/jobs``."""
    assert problems_of(f"managers: {{'{name}': {{}}}}") == (
        f"managers.{name}: the name must be made of letters, digits, '_', '-' and '.', not {name!r}",
    )


@pytest.mark.parametrize("given", ["[a]", "5", "{a: b}"])
def test_a_type_that_is_no_text_is_unknown(given: str, problems_of: ProblemsOf) -> None:
    (problem,) = problems_of(f"managers: {{a: {{type: {given}}}}}")
    assert problem.startswith("managers.a.type: unknown manager type ")


def write_ini(directory: Path, text: str) -> None:
    (directory / "managers.ini").write_text(dedent(text), encoding="utf-8")


def test_managers_may_stand_in_an_ini_file(load_text: LoadText, tmp_path: Path) -> None:
    """Section 8.1: sections ``[manager:NAME]``, before ``managers``; section 10: below config_dir."""
    (tmp_path / "conf").mkdir()
    write_ini(
        tmp_path / "conf",
        """\
        # all values are text
        [manager:_default_]
        type = queued_python
        num_concurrent_jobs = 4
        env_CamelCase = 100%

        [manager:b]
        type = unqueued
        debug = true
        tmp_dir = false
        """,
    )
    loaded = load_text(
        "job_managers_config: managers.ini\nmanagers: {x: {type: nonsense}}",
        {"PULSAR_CONFIG_DIR": str(tmp_path / "conf")},
    )
    default, other = loaded.config.managers.values()
    assert isinstance(default, QueuedPython)
    assert default.num_concurrent_jobs == 4
    assert default.environment == {"CamelCase": "100%"}
    assert isinstance(other, Unqueued)
    assert (other.debug, other.tmp_dir) == (True, "false")
    assert loaded.warnings == ("managers: is not read, because job_managers_config is given",)
    assert str(loaded.origin("managers.b.debug")) == f"file {tmp_path / 'conf' / 'managers.ini'}"


def test_config_dir_in_the_file_comes_before_the_environment(load_text: LoadText, tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    write_ini(tmp_path / "conf", "[manager:a]\ntype = unqueued\n")
    loaded = load_text(
        "config_dir: conf\njob_managers_config: managers.ini", {"PULSAR_CONFIG_DIR": "/nonexistent"}
    )
    assert list(loaded.config.managers) == ["a"]


def test_a_mistake_in_the_ini_file_names_the_file(problems_of: ProblemsOf, tmp_path: Path) -> None:
    write_ini(tmp_path, "[manager:a]\nnum_concurrent_jobs = many\n")
    (problem,) = problems_of("job_managers_config: managers.ini")
    assert problem.startswith("managers.a.num_concurrent_jobs: must be a whole number")
    assert problem.endswith(f"(from: file {tmp_path / 'managers.ini'})")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", " has no section; each section must be a [manager:NAME]"),
        ("[manager:a]\n[server:main]\n", " has [server:main]; each section must be a [manager:NAME]"),
        ("hunter2 = x\n", ", line 1: must come after a line [manager:NAME]"),
        ("[manager:a]\nhunter2\n", ", line 2: must be key = value"),
        ("[manager:a]\na = 1\na = hunter2\n", ", line 3: a is written twice in [manager:a]; keep one"),
        ("[manager:a]\n[manager:a]\n", ", line 2: [manager:a] is written twice; keep one"),
    ],
)
def test_an_ini_file_that_cannot_be_read_says_where(
    text: str, what: str, problems_of: ProblemsOf, tmp_path: Path
) -> None:
    """One mistake, one problem: a token for a manager of that file is not reported as well."""
    write_ini(tmp_path, text)
    tokens = f"tokens: [{{name: t, sha256: '{'0' * 64}', managers: [a]}}]"
    assert problems_of(f"job_managers_config: managers.ini\n{tokens}") == (
        f"job_managers_config: {tmp_path / 'managers.ini'}{what}",
    )


def test_a_missing_or_binary_ini_file_is_named(problems_of: ProblemsOf, tmp_path: Path) -> None:
    path = tmp_path / "managers.ini"
    assert problems_of("job_managers_config: managers.ini") == (
        f"job_managers_config: cannot read {path}: No such file or directory",
    )
    path.write_bytes(b"\xff")
    assert problems_of("job_managers_config: managers.ini") == (
        f"job_managers_config: {path} is not UTF-8 text",
    )
