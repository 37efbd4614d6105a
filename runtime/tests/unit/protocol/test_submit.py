"""Submissions in their two spellings (the table of protocol section 4.1)."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pulsar_runtime.domain.environment import Assign
from pulsar_runtime.domain.errors import MalformedRequest, RequestError, UnsafePath
from pulsar_runtime.domain.ids import JobId
from pulsar_runtime.domain.job import SetupRequest, Submission, Tool
from pulsar_runtime.domain.paths import Directory, JobFile, RelativePath
from pulsar_runtime.domain.staging import DynamicFileSource, SharedFile, StagingPlan, Text, Transfer
from pulsar_runtime.protocol import submit

JOB = JobId("101")

#: Keys of a message: the query parameter that says the same.
SPELLINGS = {
    "submit_params": "params",
    "dependencies_description": "dependencies_description",
    "env": "env",
    "remote_staging": "remote_staging",
    "setup_params": "setup_params",
    "dynamic_file_sources": "dynamic_file_sources",
    "token_endpoint": "token_endpoint",
}

Decode = Callable[[dict[str, object]], Submission]


def as_message(body: dict[str, object]) -> Submission:
    job_id, submission = submit.from_message({"job_id": "101", "command_line": "true", **body})
    assert job_id == JOB
    return submission


def as_query(body: dict[str, object]) -> Submission:
    """Say the same in a query: what has no parameter of its own goes into ``submit_extras``."""
    query = {
        SPELLINGS[key]: json.dumps(value)
        for key, value in body.items()
        if key in SPELLINGS and value is not None
    }
    extras = {key: value for key, value in body.items() if key not in SPELLINGS}
    if extras:
        query["submit_extras"] = json.dumps(extras)
    return submit.from_query(JOB, {"command_line": "true", **query})


both_spellings = pytest.mark.parametrize("decode", [as_message, as_query], ids=["message", "query"])


@both_spellings
def test_only_a_command_is_needed(decode: Decode) -> None:
    assert decode({}) == Submission(command_line="true")


@both_spellings
@pytest.mark.parametrize(
    ("body", "submission"),
    [
        (
            {"submit_params": {"native_specification": "-p long", "cores": 4}},
            Submission(command_line="true", submit_params={"native_specification": "-p long", "cores": "4"}),
        ),
        (
            {"env": [{"name": "A", "value": "1"}]},
            Submission(command_line="true", environment=(Assign("A", "1"),)),
        ),
        (
            {"touch_outputs": ["a.dat", "sub/b.dat"]},
            Submission(
                command_line="true",
                touch_outputs=(RelativePath.parse("a.dat"), RelativePath.parse("sub/b.dat")),
            ),
        ),
        (
            {"dynamic_file_sources": [{"path": "galaxy.json", "type": "galaxy"}]},
            Submission(
                command_line="true", dynamic_file_sources=(DynamicFileSource("galaxy.json", "galaxy"),)
            ),
        ),
        (
            {"token_endpoint": "https://galaxy/t?job_key=1"},
            Submission(command_line="true", token_endpoint="https://galaxy/t?job_key=1"),
        ),
        (
            {"token_endpoint": {"token_endpoint": "https://galaxy/t?job_key=1"}},
            Submission(command_line="true", token_endpoint="https://galaxy/t?job_key=1"),
        ),
        (
            {"setup_params": {"job_id": "101", "tool_id": "cat1", "tool_version": None}},
            Submission(command_line="true", setup=SetupRequest(job_id=JOB, tool=Tool(id="cat1"))),
        ),
        ({"setup": True}, Submission(command_line="true", setup=SetupRequest(job_id=JOB))),
        ({"command_line": "other"}, Submission(command_line="other")),
        # What has no meaning for this server, or for any.
        ({"dependencies_description": {"requirements": []}}, Submission(command_line="true")),
        ({"acknowledge_uuid": "x", "unknown": 1}, Submission(command_line="true")),
        # Absent in other words.
        ({"env": [], "submit_params": {}, "setup_params": {}}, Submission(command_line="true")),
        (
            {"dynamic_file_sources": None, "token_endpoint": None, "dependencies_description": None},
            Submission(command_line="true"),
        ),
        ({"remote_staging": {}, "token_endpoint": "", "touch_outputs": []}, Submission(command_line="true")),
        ({"setup": False}, Submission(command_line="true")),
    ],
)
def test_both_spellings_mean_the_same(
    decode: Decode, body: dict[str, object], submission: Submission
) -> None:
    assert decode(body) == submission


def test_the_command_is_text_and_not_json() -> None:
    command = '{"not": json} "é" \n$(x) &&'
    assert submit.from_query(JOB, {"command_line": command}).command_line == command


@both_spellings
@pytest.mark.parametrize(
    "body",
    [
        {"command_line": None},
        {"command_line": 1},
        {"command_line": ["true"]},
        {"command_line": "a\0b"},
        {"env": {"name": "A"}},
        {"env": [1]},
        {"submit_params": ["x"]},
        {"submit_params": "x"},
        {"setup_params": ["x"]},
        {"setup_params": {"job_id": "102"}},
        {"touch_outputs": "a.dat"},
        {"touch_outputs": {"a": 1}},
        {"dynamic_file_sources": {"path": "x"}},
        {"dynamic_file_sources": ["x"]},
        {"remote_staging": ["x"]},
        {"remote_staging": {"setup": {"name": "x"}}},
        {"remote_staging": {"setup": ["x"]}},
        {"remote_staging": {"setup": [{"name": "x", "type": "input"}]}},
        {"remote_staging": {"setup": [{"name": "x", "type": "input", "action": "none"}]}},
        {"remote_staging": {"setup": [{"name": "x", "type": "bogus", "action": {}}]}},
        {"remote_staging": {"setup": [{"name": "x", "action": {}}]}},
        {"remote_staging": {"action_mapper": ["x"]}},
        {"remote_staging": {"action_mapper": {"paths": ["x"]}}},
        {"remote_staging": {"action_mapper": {"paths": 5}}},
        {"remote_staging": {"action_mapper": {"paths": {"a": 1}}}},
    ],
    ids=json.dumps,
)
def test_what_means_nothing_is_refused(decode: Decode, body: dict[str, object]) -> None:
    with pytest.raises(MalformedRequest):
        decode(body)


@both_spellings
@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x", ""])
@pytest.mark.parametrize("where", ["touch", "dynamic", "stage in"])
def test_a_name_that_leaves_its_directory_is_refused(decode: Decode, name: str, where: str) -> None:
    """Dynamic files too, which the reference does not check (protocol section 3.6)."""
    bodies: dict[str, dict[str, object]] = {
        "touch": {"touch_outputs": [name]},
        "dynamic": {"dynamic_file_sources": [{"path": name, "type": "galaxy"}]},
        "stage in": {"remote_staging": {"setup": [{"name": name, "type": "input", "action": {}}]}},
    }
    with pytest.raises(UnsafePath):
        decode(bodies[where])


def test_a_query_needs_a_command() -> None:
    with pytest.raises(MalformedRequest, match="command_line"):
        submit.from_query(JOB, {})


@pytest.mark.parametrize("parameter", [*SPELLINGS.values(), "submit_extras"])
def test_a_parameter_that_is_not_json_is_named(parameter: str) -> None:
    with pytest.raises(MalformedRequest, match=parameter):
        submit.from_query(JOB, {"command_line": "true", parameter: "notjson"})


@pytest.mark.parametrize("extras", [[1], "text", 1, True])
def test_extras_are_an_object(extras: object) -> None:
    with pytest.raises(MalformedRequest, match="submit_extras"):
        submit.from_query(JOB, {"command_line": "true", "submit_extras": json.dumps(extras)})


def test_extras_go_before_the_parameters_of_their_own() -> None:
    query = {
        "command_line": "true",
        "params": '{"a": "1"}',
        "submit_extras": '{"submit_params": {"a": "2"}, "command_line": "false", "job_id": "101"}',
    }
    submission = submit.from_query(JOB, query)
    assert (submission.command_line, submission.submit_params) == ("false", {"a": "2"})


def test_extras_cannot_name_another_job() -> None:
    with pytest.raises(MalformedRequest, match="102"):
        submit.from_query(JOB, {"command_line": "true", "submit_extras": '{"job_id": "102"}'})


@pytest.mark.parametrize("job_id", [None, {}, [], "", "..", "a/b"])
def test_a_message_needs_a_usable_id(job_id: object) -> None:
    with pytest.raises(MalformedRequest, match="job_id"):
        submit.from_message({"job_id": job_id, "command_line": "true"})


def test_the_id_of_a_message_may_be_a_number() -> None:
    assert submit.from_message({"job_id": 101, "command_line": "true"})[0] == "101"


# --- remote staging (protocol section 4.7) -----------------------------------------------------------------


@both_spellings
def test_staging_in_keeps_its_order_and_its_texts(decode: Decode) -> None:
    staging: dict[str, object] = {
        "setup": [
            {"name": "conf", "type": "config", "action": {"action_type": "message", "contents": "a\nb"}},
            {"name": "sub/in.dat", "type": "input", "action": {"action_type": "remote_copy", "path": "/x"}},
            {"name": "empty", "type": "config", "action": {"action_type": "message", "contents": ""}},
        ],
        "action_mapper": None,
        "client_outputs": {},
    }
    plan = decode({"remote_staging": staging}).staging
    assert plan == StagingPlan(
        stage_in=(
            Transfer(JobFile(Directory.CONFIGS, RelativePath.parse("conf")), Text("a\nb")),
            Transfer(JobFile(Directory.INPUTS, RelativePath.parse("sub/in.dat")), SharedFile("/x")),
            Transfer(JobFile(Directory.CONFIGS, RelativePath.parse("empty")), Text("")),
        )
    )


@both_spellings
def test_without_an_action_mapper_nothing_is_staged_out(decode: Decode) -> None:
    assert decode({"remote_staging": {"setup": []}}).staging == StagingPlan()


# --- anything ----------------------------------------------------------------------------------------------

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda values: (
        st.lists(values, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["name", "type", "path", "action", "paths", "setup", "action_mapper", "job_id", "env"]
            ),
            values,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@given(
    st.dictionaries(
        st.sampled_from([*SPELLINGS, "touch_outputs", "setup", "command_line"]), _JSON, max_size=4
    )
)
@example({"remote_staging": {"action_mapper": {"paths": 5}}})
@example({"remote_staging": {"action_mapper": {"paths": {"a": 1}}}})
def test_any_message_is_a_submission_or_refused(body: dict[str, object]) -> None:
    """Never an error of ours: that would be a 500."""
    for decode in (as_message, as_query):
        with contextlib.suppress(RequestError):
            decode(body)
