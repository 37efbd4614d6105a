"""Every mistake is reported at once, with the path of its key and a way out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pulsar_runtime.config.schema import MANAGER_TYPES

ProblemsOf = Callable[..., tuple[str, ...]]


def test_every_problem_is_reported_at_once(problems_of: ProblemsOf) -> None:
    problems = problems_of(
        """\
        staging_directry: /x
        debug: maybe
        web: {workers: 0, bnd: x}
        disk: [1]
        tokens: [{name: a}]
        managers:
          _default_: {type: queued_pyton}
          b: {num_concurrent_jobs: 0}
        """,
        {"PULSAR_CONFIG_ASSIGN_IDS": "x"},
    )
    assert {problem.partition(":")[0] for problem in problems} == {
        "staging_directry",
        "debug",
        "assign_ids",
        "web.workers",
        "web.bnd",
        "disk",
        "tokens[0].sha256",
        "managers._default_.type",
        "managers.b.num_concurrent_jobs",
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("staging_directry: /x", "staging_directry: unknown key; did you mean 'staging_directory'?"),
        ("mesage_queue_url: x", "mesage_queue_url: unknown key; did you mean 'message_queue_url'?"),
        ("web: {bnd: x}", "web.bnd: unknown key; did you mean 'bind'?"),
        ("disk: {zzz: 1}", "disk.zzz: unknown key; known here: minimum_free_mb"),
        ("zzzzz: 1", "zzzzz: unknown key"),
        (
            "managers: {a: {num_concurent_jobs: 1}}",
            "managers.a.num_concurent_jobs: unknown key; did you mean 'num_concurrent_jobs'?",
        ),
        (
            "managers: {a: {type: queued_pyton}}",
            (
                f"managers.a.type: unknown manager type 'queued_pyton'; known: {', '.join(MANAGER_TYPES)};"
                " did you mean 'queued_python'?"
            ),
        ),
    ],
)
def test_an_unknown_name_comes_with_a_near_match(text: str, problem: str, problems_of: ProblemsOf) -> None:
    assert problems_of(text) == (problem,)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("bind: 'h:1'", "bind: belongs to web, as web.bind"),
        ("days: 1", "days: belongs to retention, as retention.days"),
        (
            "minimum_free_mb: 1",
            (
                "minimum_free_mb: belongs to disk, as disk.minimum_free_mb, "
                "or to retention, as retention.minimum_free_mb"
            ),
        ),
        (
            "num_concurrent_jobs: 4",
            "num_concurrent_jobs: belongs to a manager, such as managers: {_default_: {...}}",
        ),
        ("env_A: x", "env_A: belongs to a manager, such as managers: {_default_: {...}}"),
        (
            "managers: {a: {private_token: x}}",
            "managers.a.private_token: belongs to the top level of the file",
        ),
        ("manager: {web: {}}", "manager.web: belongs to the top level of the file"),
        (
            "manager: {name: a}",
            "manager.name: belongs to managers, as the key before the manager: managers: {NAME: {type: ...}}",
        ),
    ],
)
def test_a_misplaced_key_is_sent_where_it_belongs(text: str, problem: str, problems_of: ProblemsOf) -> None:
    """Section 8.1 for ``name`` inside ``manager``: name managers through ``managers``."""
    assert problems_of(text) == (problem,)


@pytest.mark.parametrize("key", ["web", "disk", "manager", "managers"])
@pytest.mark.parametrize("value", ["hunter2", "[hunter2]", "5", "true"])
def test_a_section_that_is_no_mapping_is_not_shown(key: str, value: str, problems_of: ProblemsOf) -> None:
    (problem,) = problems_of(f"{key}: {value}")
    assert problem.startswith(f"{key}: must be a mapping of keys to values, not ")
    assert "hunter2" not in problem
