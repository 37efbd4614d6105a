"""The status table, checked mechanically (protocol section 3.3)."""

from __future__ import annotations

import itertools

import pytest

from pulsar_runtime.domain.errors import IllegalTransition
from pulsar_runtime.domain.status import TRANSITIONS, JobStatus, advance

#: What may follow what, and why where it surprises:
TABLE = {
    "preprocessing": {"queued", "running", "failed", "cancelled", "lost"},
    # A short job is never seen running.
    "queued": {"running", "postprocessing", "failed", "cancelled", "lost"},
    # A scheduler puts a job back.
    "running": {"queued", "postprocessing", "failed", "cancelled", "lost"},
    "postprocessing": {"complete", "failed", "cancelled", "lost"},
    "complete": set(),
    "failed": set(),
    "cancelled": set(),
    "lost": set(),
}
WIRE_WORDS = set(TABLE)
ENDS = {"complete", "failed", "cancelled", "lost"}


def reachable(start: JobStatus) -> set[JobStatus]:
    found: set[JobStatus] = set()
    pending = [start]
    while pending:
        following = TRANSITIONS[pending.pop()] - found
        found |= following
        pending += following
    return found


def test_the_values_are_the_wire_words() -> None:
    assert {status.value for status in JobStatus} == WIRE_WORDS


def test_the_table_says_what_the_design_says() -> None:
    assert {source.value: {target.value for target in TRANSITIONS[source]} for source in JobStatus} == TABLE


def test_every_status_can_be_reached() -> None:
    assert reachable(JobStatus.PREPROCESSING) | {JobStatus.PREPROCESSING} == set(JobStatus)


@pytest.mark.parametrize("status", [status for status in JobStatus if status.value not in ENDS])
def test_every_status_can_reach_an_end(status: JobStatus) -> None:
    assert {one.value for one in reachable(status)} >= ENDS


@pytest.mark.parametrize("status", list(JobStatus))
def test_an_end_is_what_nothing_follows(status: JobStatus) -> None:
    assert status.terminal is (status.value in ENDS)
    assert bool(TRANSITIONS[status]) is (status.value not in ENDS)


@pytest.mark.parametrize(("source", "target"), list(itertools.product(JobStatus, repeat=2)))
def test_a_step_is_made_exactly_if_the_table_has_it(source: JobStatus, target: JobStatus) -> None:
    if target.value in TABLE[source.value]:
        assert advance(source, target) is target
    else:
        with pytest.raises(IllegalTransition, match=f"{source.value} to {target.value}"):
            advance(source, target)
