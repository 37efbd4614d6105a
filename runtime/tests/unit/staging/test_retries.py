"""How often and how long a transfer is tried again (protocol section 5.6)."""

from __future__ import annotations

import attrs

from pulsar_runtime.config.schema import Config
from pulsar_runtime.staging.retries import RetryPolicy

#: The reference's pauses.
POLICY = RetryPolicy(most=3, first_seconds=2.0, step_seconds=2.0, longest_seconds=30.0, within_seconds=60.0)


def test_pauses_grow_up_to_a_limit() -> None:
    """2, 4, 6 up to the sum of start and limit, then constant."""
    pauses = [POLICY.pause(failures) for failures in range(1, 20)]
    assert pauses[:3] == [2.0, 4.0, 6.0]
    assert pauses[14:] == [30.0, 32.0, 32.0, 32.0, 32.0]


def test_retries_are_bounded_in_number_and_in_time() -> None:
    assert [POLICY.allows(attempts, 0.0) for attempts in (1, 3, 4)] == [True, True, False]
    assert [POLICY.allows(1, seconds) for seconds in (59.0, 60.0)] == [True, False]


def test_retries_may_have_no_bound_or_be_none_at_all() -> None:
    endless = attrs.evolve(POLICY, most=None, within_seconds=None)
    assert endless.allows(10_000, 1e9)
    assert not attrs.evolve(POLICY, most=0).allows(1, 0.0)


def test_the_defaults_survive_a_restart_of_galaxy_and_end_within_the_hour() -> None:
    config = Config()
    policy = RetryPolicy(
        most=config.postprocess_action_max_retries,
        first_seconds=config.postprocess_action_interval_start,
        step_seconds=config.postprocess_action_interval_step,
        longest_seconds=config.postprocess_action_interval_max,
        within_seconds=config.staging.give_up_minutes * 60.0,
    )
    now, failures = 0.0, 1
    while policy.allows(failures, now):
        now += policy.pause(failures)
        failures += 1
    assert 600 < now < 3600
