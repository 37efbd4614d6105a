"""A submission comes back from the store as it was."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from pulsar_runtime.domain.environment import Assign, Execute, SourceFile
from pulsar_runtime.domain.ids import JobId
from pulsar_runtime.domain.job import SetupRequest, Submission, Tool
from pulsar_runtime.domain.paths import Directory, JobFile, RelativePath
from pulsar_runtime.domain.staging import DynamicFileSource, StageInAction, StagingPlan
from pulsar_runtime.store.submission_text import from_text, to_text

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_PATHS = st.sampled_from(["a", "a/b c", "\u00e9"]).map(RelativePath.parse)
_STATEMENTS = st.one_of(
    st.builds(SourceFile, _TEXT, st.booleans()),
    st.builds(Execute, _TEXT),
    st.builds(Assign, _TEXT, _TEXT, st.booleans()),
)
_ACTIONS = st.builds(
    StageInAction,
    file=st.builds(JobFile, st.sampled_from([d for d in Directory if d.value]), _PATHS),
    action_type=_TEXT,
    contents=st.none() | _TEXT,
)
_SUBMISSIONS = st.builds(
    Submission,
    command_line=_TEXT,
    environment=st.lists(_STATEMENTS, max_size=3).map(tuple),
    submit_params=st.dictionaries(_TEXT, _TEXT, max_size=2),
    touch_outputs=st.lists(_PATHS, max_size=2).map(tuple),
    dynamic_file_sources=st.lists(st.builds(DynamicFileSource, _TEXT, _TEXT), max_size=2).map(tuple),
    staging=st.builds(
        StagingPlan,
        stage_in=st.lists(_ACTIONS, max_size=2).map(tuple),
        stage_out_action_types=st.frozensets(_TEXT, max_size=2),
    ),
    token_endpoint=st.none() | _TEXT,
    setup=st.none()
    | st.builds(
        SetupRequest,
        job_id=_TEXT.map(JobId),
        tool=st.builds(Tool, id=_TEXT, version=_TEXT),
        preserve_galaxy_environment=st.booleans(),
    ),
)


@given(_SUBMISSIONS)
def test_every_submission_survives(submission: Submission) -> None:
    assert from_text(to_text(submission)) == submission


def test_the_text_is_json_that_says_little_about_little() -> None:
    assert json.loads(to_text(Submission(command_line="true"))) == {"command_line": "true"}


def test_what_a_later_release_may_have_added_is_no_hindrance() -> None:
    text = '{"command_line": "true", "added_later": 1}'
    assert from_text(text) == Submission(command_line="true")
