"""Submissions as text, the way the job store keeps them."""

from __future__ import annotations

import json
from functools import cache

from cattrs.preconf.json import JsonConverter, make_converter
from cattrs.strategies import configure_tagged_union

from pulsar_runtime.domain.environment import EnvironmentStatement
from pulsar_runtime.domain.job import Submission


@cache
def _converter() -> JsonConverter:
    converter = make_converter(omit_if_default=True)
    configure_tagged_union(EnvironmentStatement, converter, tag_name="kind")
    return converter


def to_text(submission: Submission) -> str:
    """Write a submission as JSON."""
    return json.dumps(_converter().unstructure(submission, Submission))


def from_text(text: str) -> Submission:
    """Read what `to_text` wrote."""
    return _converter().structure(json.loads(text), Submission)
