"""A job id names one directory, whoever chose it (protocol sections 2.2 and 14.4)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulsar_runtime.domain.errors import MalformedRequest
from pulsar_runtime.domain.ids import parse_job_id


@pytest.mark.parametrize(
    "text",
    [
        "101",
        "a" * 32,
        "a.b",
        "..a",
        "...",
        "-rf",
        "with space",
        "quo'te\"",
        "$(reboot)",
        "a;b",
        "na\u00efve \u2603",
        "\u00e9" * 127,
        "x" * 255,
        "%2e%2e",
    ],
)
def test_a_usable_id_stays_as_it_is(text: str) -> None:
    assert parse_job_id(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "/",
        "a/b",
        "../x",
        "/etc",
        "a/",
        "nul\0",
        "line\n",
        "\x1b[31m",
        "\x7f",
        "x" * 256,
        "\u00e9" * 128,
        "half a pair \ud800",
    ],
)
def test_an_unusable_id_is_refused_and_says_why(text: str) -> None:
    with pytest.raises(MalformedRequest, match="job_id"):
        parse_job_id(text)


@given(st.text(st.characters(exclude_categories=[]), max_size=300))
def test_an_accepted_id_is_one_component_of_a_path(text: str) -> None:
    try:
        job_id = parse_job_id(text)
    except MalformedRequest:
        return
    staging = Path("/staging")
    assert (staging / job_id).parent == staging
    assert os.path.normpath(f"/staging/{job_id}") == f"/staging/{job_id}"
    assert 0 < len(job_id.encode()) <= 255
