"""Tokens: named, hashed, for some managers, until some day (design section 6)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from pulsar_runtime.config.load import Loaded

LoadText = Callable[..., Loaded]
ProblemsOf = Callable[..., tuple[str, ...]]

#: ``printf %s abc | sha256sum``
ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_token_is_read_with_all_it_may_say(load_text: LoadText) -> None:
    first, second = load_text(
        f"""\
        managers: {{a: {{}}, b: {{}}}}
        tokens:
          - {{name: main, sha256: {ABC.upper()}}}
          - {{name: course, sha256: {ABC}, managers: [b], expires: 2030-01-31T00:00:00Z}}
        """
    ).config.tokens
    assert (first.name, first.sha256, first.managers, first.expires) == ("main", ABC, None, None)
    assert second.managers == ("b",)
    assert second.expires == datetime(2030, 1, 31, tzinfo=UTC)


def test_a_hash_is_not_in_what_logs_print(load_text: LoadText) -> None:
    config = load_text(f"tokens: [{{name: main, sha256: {ABC}}}]").config
    assert ABC not in repr(config)


@pytest.mark.parametrize(
    ("extra", "problem"),
    [
        ("managers: []", "must be a list of names of managers; leave the key out for all of them"),
        ("managers: null", "must be a list of names of managers; leave the key out for all of them"),
        ("managers: a", "must be a list of names of managers; leave the key out for all of them"),
        ("managers: [big]", "there is no manager 'big'; did you mean 'bigg'?"),
        ("expires: null", "must be text, not nothing"),
        ("expires: 5", "must be text, not a number"),
    ],
)
def test_no_slip_makes_a_token_mean_more_than_it_says(
    extra: str, problem: str, problems_of: ProblemsOf
) -> None:
    key = extra.partition(":")[0]
    assert problems_of(f"managers: {{bigg: {{}}}}\ntokens: [{{name: a, sha256: {ABC}, {extra}}}]") == (
        f"tokens[0].{key}: {problem}",
    )


@pytest.mark.parametrize("expires", ["2030-01-31", "2030-01-31T00:00:00", "tomorrow", "2030-13-01T00:00:00Z"])
def test_an_end_is_a_time_with_its_zone(expires: str, problems_of: ProblemsOf) -> None:
    (problem,) = problems_of(f"tokens: [{{name: a, sha256: {ABC}, expires: {expires}}}]")
    assert problem.startswith("tokens[0].expires: must be a time with its zone, such as 2030-01-31T00:00:00Z")


def test_a_token_itself_in_the_place_of_its_hash_is_not_shown(problems_of: ProblemsOf) -> None:
    (problem,) = problems_of("tokens: [{name: a, sha256: hunter2}]")
    assert problem.startswith("tokens[0].sha256: must be 64 hexadecimal digits")
    assert "hunter2" not in problem


@pytest.mark.parametrize("text", ["tokens: hunter2", "tokens: [hunter2]", "tokens: {hunter2: x}"])
def test_tokens_that_are_no_list_of_mappings_are_not_shown(text: str, problems_of: ProblemsOf) -> None:
    assert "hunter2" not in "".join(problems_of(text))


def test_what_a_token_must_have_is_asked_for(problems_of: ProblemsOf) -> None:
    assert problems_of("tokens: [{}]") == ("tokens[0].name: is missing", "tokens[0].sha256: is missing")


def test_names_of_tokens_differ(problems_of: ProblemsOf) -> None:
    token = f"{{name: a, sha256: {ABC}}}"
    assert problems_of(f"tokens: [{token}, {token}]") == (
        "tokens[1].name: 'a' is the name of another token; choose another",
    )


def test_a_manager_with_a_mistake_still_exists_for_tokens(problems_of: ProblemsOf) -> None:
    """One mistake is reported once."""
    (problem,) = problems_of(
        f"managers: {{a: {{type: x}}}}\ntokens: [{{name: a, sha256: {ABC}, managers: [a]}}]"
    )
    assert problem.startswith("managers.a.type: ")
