from __future__ import annotations

import pytest

from benchmarks.failure import MeasurementFailed
from benchmarks.galaxy import Campaign, Course, Update


def campaign(*updates: list[Update]) -> Campaign:
    return Campaign(
        courses={
            str(number): Course(sent=10.0 + number, updates=each) for number, each in enumerate(updates)
        },
        cpu_seconds=0.0,
    )


def test_a_job_is_complete_when_that_was_first_said() -> None:
    ran = campaign(
        [Update(12.0, "running", None), Update(13.0, "complete", 0), Update(14.0, "complete", 0)],
        [Update(12.5, "complete", 0)],
    )
    assert (ran.begun, ran.completed()) == (10.0, [13.0, 12.5])
    assert campaign([Update(12.0, "running", None)]).reached("running") == [12.0]


@pytest.mark.parametrize(
    ("updates", "words"),
    [
        ([], "were not said to be complete"),
        ([Update(12.0, "running", None)], "were not said to be complete"),
        ([Update(12.0, "failed", 1), Update(13.0, "complete", 0)], "said to be failed"),
    ],
)
def test_a_job_that_is_not_complete_is_no_measurement(updates: list[Update], words: str) -> None:
    with pytest.raises(MeasurementFailed, match=words):
        campaign([Update(12.0, "complete", 0)], updates).completed()
