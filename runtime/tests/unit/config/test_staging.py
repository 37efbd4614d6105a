"""Settings of the server's own staging: the reference's keys mean what they mean there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pulsar_runtime.config.load import Loaded
from pulsar_runtime.domain.ids import DEFAULT_MANAGER

LoadText = Callable[..., Loaded]
ProblemsOf = Callable[..., tuple[str, ...]]


@pytest.mark.parametrize(
    ("text", "retries"), [("-1", 0), ("0", None), ("", None), ("''", None), ("7", 7), ("'7'", 7)]
)
@pytest.mark.parametrize("phase", ["preprocess", "postprocess"])
def test_retries_are_counted_as_the_reference_does(
    load_text: LoadText, phase: str, text: str, retries: int | None
) -> None:
    """-1 once and never again, 0 or empty for ever (protocol section 5.6)."""
    loaded = load_text(f"{phase}_action_max_retries: {text}")
    assert getattr(loaded.config, f"{phase}_action_max_retries") == retries
    assert loaded.warnings == ()


@pytest.mark.parametrize("text", ["-2", "1.5", "many", "true", "[1]"])
def test_anything_else_is_no_number_of_retries(problems_of: ProblemsOf, text: str) -> None:
    (problem,) = problems_of(f"preprocess_action_max_retries: {text}")
    assert problem.startswith("preprocess_action_max_retries: must be a whole number, 0 for no limit")


def test_a_manager_has_its_own_or_those_of_the_top_level(load_text: LoadText) -> None:
    config = load_text(
        """
        preprocess_action_interval_max: 60
        postprocess_action_max_retries: 3
        managers: {_default_: {postprocess_action_max_retries: 5}, other: {}}
        """
    ).config
    own, other = (
        config.managers[DEFAULT_MANAGER],
        config.managers[next(n for n in config.managers if n == "other")],
    )
    assert (own.postprocess_action_max_retries, other.postprocess_action_max_retries) == (5, 3)
    assert (own.preprocess_action_interval_max, other.preprocess_action_interval_max) == (60.0, 60.0)


def test_by_default_few_files_are_moved_at_a_time_and_known_machines_are_believed(
    load_text: LoadText,
) -> None:
    staging = load_text("{}").config.staging
    assert (staging.workers, staging.ssh_host_keys, staging.ca_file) == (4, "strict", None)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("workers: 0", "workers"),
        ("concurrent_jobs: none", "concurrent_jobs"),
        ("ssh_host_keys: yes", "ssh_host_keys"),
        ("worker: 4", "worker"),
    ],
)
def test_mistakes_are_named(problems_of: ProblemsOf, text: str, key: str) -> None:
    (problem,) = problems_of(f"staging: {{{text}}}")
    assert problem.startswith(f"staging.{key}: ")
