"""A submission comes back from the store as it was."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from pulsar_runtime.domain.environment import Assign, Execute, SourceFile
from pulsar_runtime.domain.ids import JobId
from pulsar_runtime.domain.job import SetupRequest, Submission, Tool
from pulsar_runtime.domain.paths import Directory, JobFile, RelativePath
from pulsar_runtime.domain.staging import (
    DiscoveredFiles,
    DynamicFileSource,
    ExpectedOutputs,
    HttpFile,
    Match,
    OutputRoutes,
    OutputRule,
    OutputUrls,
    SharedFile,
    SshFile,
    SshLogin,
    StageOutPlan,
    StagingPlan,
    StoredObject,
    Text,
    Transfer,
    TusFile,
    Unreachable,
    Way,
)
from pulsar_runtime.store.submission_text import from_text, to_text

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_PATHS = st.sampled_from(["a", "a/b c", "\u00e9"]).map(RelativePath.parse)
_STATEMENTS = st.one_of(
    st.builds(SourceFile, _TEXT, st.booleans()),
    st.builds(Execute, _TEXT),
    st.builds(Assign, _TEXT, _TEXT, st.booleans()),
)
_LOGINS = st.builds(
    SshLogin,
    host=_TEXT,
    user=st.none() | _TEXT,
    port=st.none() | st.integers(1, 65535),
    key=st.none() | _TEXT,
)
_COUNTERPARTS = st.one_of(
    st.builds(Text, _TEXT),
    st.builds(HttpFile, _TEXT),
    st.builds(TusFile, _TEXT, _TEXT),
    st.builds(SharedFile, _TEXT),
    st.builds(SshFile, path=_TEXT, login=_LOGINS, program=st.sampled_from(["rsync", "scp"])),
    st.builds(
        StoredObject,
        dataset_id=st.integers(0),
        dataset_uuid=st.none() | _TEXT,
        object_store_id=st.none() | _TEXT,
    ),
    st.builds(Unreachable, _TEXT),
)
_TRANSFERS = st.builds(
    Transfer,
    st.builds(JobFile, st.sampled_from([d for d in Directory if d.value]), _PATHS),
    _COUNTERPARTS,
)
_PLANS_OUT = st.builds(
    StageOutPlan,
    expected=st.builds(
        ExpectedOutputs,
        working_directory=st.none() | _TEXT,
        metadata_directory=st.none() | _TEXT,
        job_directory=st.none() | _TEXT,
        from_work_dir=st.lists(st.tuples(_TEXT, _TEXT), max_size=2).map(tuple),
        outputs=st.lists(_TEXT, max_size=2).map(tuple),
        version_file=st.none() | _TEXT,
        discovered=st.lists(
            st.builds(DiscoveredFiles, pattern=_TEXT, directory=st.none() | _TEXT), max_size=2
        ).map(tuple),
        dynamic_sources=st.lists(st.builds(DynamicFileSource, _TEXT, _TEXT), max_size=2).map(tuple),
    ),
    routes=st.builds(
        OutputRoutes,
        rules=st.lists(
            st.builds(
                OutputRule,
                directories=st.frozensets(st.sampled_from(Directory)),
                match=st.sampled_from(Match),
                pattern=_TEXT,
                way=st.sampled_from(Way),
                login=st.none() | _LOGINS,
            ),
            max_size=2,
        ).map(tuple),
        default=st.sampled_from(Way),
        default_login=st.none() | _LOGINS,
        urls=st.dictionaries(
            st.sampled_from(Directory), st.builds(OutputUrls, url=_TEXT, uploads=_TEXT), max_size=2
        ),
        impossible=st.lists(_TEXT, max_size=2).map(tuple),
    ),
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
        stage_in=st.lists(_TRANSFERS, max_size=2).map(tuple),
        stage_out=st.none() | _PLANS_OUT,
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
