"""Submissions whose parameters are no JSON, the wrong JSON, or about something else."""

from __future__ import annotations

import json

import pytest

from runtime.tests.bad_input.answers import Answer, assert_refused
from runtime.tests.bad_input.api import Api, job_path, new_id
from runtime.tests.bad_input.file_tree import nothing_written
from runtime.tests.live_server import LiveServer

#: protocol.md section 11, trap 6
JSON_PARAMETERS = [
    "params",
    "dependencies_description",
    "setup_params",
    "remote_staging",
    "env",
    "submit_extras",
    "dynamic_file_sources",
    "token_endpoint",
]

NOT_JSON = [
    "notjson",
    "{",
    "[1,",
    "{'a': 1}",
    '{"a": 1} x',
    '"\N{BULLET}',
    "\0",
    '{"a": "\\ud800"}',
    '["\\udfff and \\ud800"]',
    "[" * 100_000,
    '{"a":' * 100_000,
    "[" * 100_000 + "]" * 100_000,
    "1" * 10_000,
]

WRONG = {
    "params": ["[1]", "5", '"text"', "true"],
    "setup_params": ["[1]", "5", '"text"', '{"job_id": "another"}', '{"job_id": ["x"]}'],
    "remote_staging": [
        "[1]",
        "5",
        '{"setup": 5}',
        '{"setup": {"a": 1}}',
        '{"setup": [5]}',
        '{"setup": [{}]}',
        '{"setup": [{"action": 5}]}',
        '{"setup": [{"action": {"action_type": "message"}}]}',
        '{"setup": [{"name": "a", "type": "bogus", "action": {"action_type": "message"}}]}',
        '{"setup": [{"name": "../a", "type": "input", "action": {"action_type": "message"}}]}',
        '{"setup": [{"name": "/a", "type": "input", "action": {"action_type": "message"}}]}',
        '{"setup": [{"name": "a\\u0000", "type": "input", "action": {"action_type": "message"}}]}',
        '{"setup": [{"name": "return_code", "type": "jobdir", "action": {"action_type": "message"}}]}',
        '{"action_mapper": 5}',
        '{"action_mapper": [1]}',
        '{"action_mapper": {"paths": 5}}',
        '{"action_mapper": {"paths": true}}',
        '{"action_mapper": {"paths": [5]}}',
        '{"action_mapper": {"paths": "text"}}',
    ],
    "env": [
        "5",
        '"text"',
        '{"name": "A", "value": "b"}',
        "[5]",
        '["text"]',
        "[[]]",
        '[{"name": "A B", "value": "c"}]',
        '[{"name": "A;touch x", "value": "c"}]',
        '[{"name": "$(touch x)", "value": "c"}]',
        '[{"name": "A=B", "value": "c"}]',
        '[{"name": "1A", "value": "c"}]',
        '[{"name": "A", "value": "a\\u0000b"}]',
        '[{"name": "A\\u0000", "value": "b"}]',
        '[{"file": "/a\\u0000b"}]',
        '[{"execute": "touch x\\u0000"}]',
        '[{"name": "A\\n", "value": "b"}]',
    ],
    "submit_extras": [
        "[1]",
        "5",
        '"text"',
        '{"job_id": "another"}',
        '{"job_id": "../another"}',
        '{"job_id": ["x"]}',
        '{"job_id": {}}',
        '{"job_id": null}',
        '{"command_line": 5}',
        '{"command_line": null}',
        '{"command_line": "true\\u0000false"}',
        '{"touch_outputs": 5}',
        '{"touch_outputs": {"a": 1}}',
        '{"touch_outputs": ["../x"]}',
        '{"touch_outputs": ["/x"]}',
        '{"touch_outputs": [""]}',
        '{"touch_outputs": ["a\\u0000"]}',
        '{"touch_outputs": ["a", "b/../../../c"]}',
        '{"setup_params": {"job_id": "another"}}',
        '{"env": 5}',
    ],
    "dynamic_file_sources": [
        "5",
        '"text"',
        '{"path": "a"}',
        "[5]",
        "[null, 5]",
        '[{"type": "galaxy"}]',
        '[{"path": ""}]',
        '[{"path": "../x"}]',
        '[{"path": "a/../../x"}]',
        '[{"path": "/etc/passwd"}]',
        '[{"path": "//etc/passwd"}]',
        '[{"path": "a\\u0000"}]',
        '[{"path": "ok"}, {"path": "../../../../../etc/passwd"}]',
    ],
}


@pytest.mark.parametrize("parameter", JSON_PARAMETERS)
def test_what_is_not_json_is_refused(api: Api, server: LiveServer, parameter: str) -> None:
    job_id = new_id()
    api.setup(job_id)
    with nothing_written(server):
        for text in NOT_JSON:
            answer = _submit(api, job_id, parameter, text)
            assert_refused(answer, 400)
            assert parameter in str(answer.json["error"])
            assert len(answer.body) < 2000
    assert api.status(job_id)["status"] == "preprocessing"


@pytest.mark.parametrize(
    ("parameter", "text"), [(parameter, text) for parameter, texts in WRONG.items() for text in texts]
)
def test_json_that_means_nothing_is_refused(api: Api, server: LiveServer, parameter: str, text: str) -> None:
    job_id = new_id()
    api.setup(job_id)
    with nothing_written(server):
        answer = _submit(api, job_id, parameter, text)
        assert_refused(answer, 400)
        # A job that was refused can still be submitted as it should be.
        assert api.status(job_id)["status"] == "preprocessing"
    assert api.submit(job_id, "exit 6").code == 200
    assert api.wait(job_id)["returncode"] == 6


@pytest.mark.parametrize("parameter", JSON_PARAMETERS)
def test_json_of_any_depth_is_refused_or_taken(api: Api, parameter: str) -> None:
    """There is no depth at which the server breaks."""
    job_id = new_id()
    api.setup(job_id)
    # The job has ended: what is taken is read, and starts nothing.
    api.cancel(job_id)
    api.wait(job_id)
    for template in ("%s", '{"a": %s}', '[{"name": "A", "value": %s}]', '[{"path": %s}]'):
        for depth in (5, 50, *range(100, 800, 100), *range(800, 1000, 8)):
            answer = _submit(api, job_id, parameter, template % ("[" * depth + "]" * depth))
            if answer.code != 200:
                assert_refused(answer, 400)


def test_absent_and_empty_parameters_mean_the_default(api: Api) -> None:
    for text in ("", "null", " null "):
        job_id = new_id()
        api.setup(job_id)
        query = {"command_line": "exit 3", **dict.fromkeys(JSON_PARAMETERS, text)}
        assert api.ask("POST", job_path(job_id, "/submit"), query=query).code == 200
        assert api.wait(job_id)["returncode"] == 3


@pytest.mark.parametrize("command", ["echo a\0b", "\0"])
def test_a_command_with_a_nul_is_refused(api: Api, command: str) -> None:
    job_id = new_id()
    api.setup(job_id)
    assert_refused(api.submit(job_id, command), 400)


@pytest.mark.parametrize(
    ("entry", "shown"),
    [
        ({"name": "A", "value": 'a"b'}, 'a"b'),
        ({"name": "A", "value": "it's"}, "it's"),
        ({"name": "A", "value": "line\nbreak"}, "line\nbreak"),
        ({"name": "A", "value": "\N{SNOWMAN} \N{PILE OF POO}"}, "\N{SNOWMAN} \N{PILE OF POO}"),
        ({"name": "A", "value": 5}, "5"),
        ({"name": "A", "value": None}, "unset"),
        ({"name": None, "value": "x"}, "unset"),
        ({}, "unset"),
        ({"unknown": "key"}, "unset"),
    ],
)
def test_an_odd_environment_statement_does_what_it_says(
    api: Api, entry: dict[str, object], shown: str
) -> None:
    """The statements are those of protocol.md section 4.5."""
    assert api.run("""printf %s "${A-unset}" """, env=[entry])["job_stdout"] == shown


def test_a_submission_for_another_job_reaches_neither(api: Api, server: LiveServer) -> None:
    mine, another = new_id(), new_id()
    api.setup(mine)
    api.setup(another)
    with nothing_written(server):
        assert_refused(_submit(api, mine, "submit_extras", json.dumps({"job_id": another})), 400)
        assert_refused(_submit(api, mine, "setup_params", json.dumps({"job_id": another})), 400)
    for job_id in (mine, another):
        assert api.status(job_id) == {"complete": "false", "status": "preprocessing", "job_id": job_id}


def test_setup_params_for_another_job_make_no_job(api: Api, server: LiveServer) -> None:
    job_id = new_id()
    with nothing_written(server):
        assert_refused(_submit(api, job_id, "setup_params", '{"job_id": "another"}'), 400)
    assert api.status(job_id)["status"] == "lost"


def test_a_file_action_that_this_server_does_not_do_fails_the_job_and_says_so(api: Api) -> None:
    """protocol.md section 14.3: accepted, then failed with return code 1."""
    staging = {"setup": [{"name": "a", "type": "input", "action": {"action_type": "no_such_action"}}]}
    status = api.run("true", remote_staging=staging)
    assert (status["status"], status["complete"], status["returncode"]) == ("failed", "true", 1)
    assert "no_such_action" in str(status["job_stderr"])


def test_a_dynamic_file_is_read_from_the_working_directory_alone(api: Api) -> None:
    """Whatever links the job leaves under its name."""
    sources = [
        {"path": name, "type": "galaxy"} for name in ("good", "link", "dir/hostname", "fifo", "missing")
    ]
    status = api.run(
        "printf good > good; ln -s /etc/hostname link; ln -s /etc dir; mkfifo fifo",
        dynamic_file_sources=sources,
    )
    assert status["realized_dynamic_file_sources"] == [{"path": "good", "type": "galaxy", "contents": "good"}]


def _submit(api: Api, job_id: str, parameter: str, text: str, command: str = "touch ../../never") -> Answer:
    query = {"command_line": command, parameter: text}
    return api.ask("POST", job_path(job_id, "/submit"), query=query)
