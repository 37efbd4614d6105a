"""Job ids that could be anything but the name of a directory, and those that only look like it."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.tests.bad_input.answers import assert_refused
from runtime.tests.bad_input.api import Api, job_path, new_id
from runtime.tests.bad_input.file_tree import nothing_written
from runtime.tests.live_server import LiveServer

#: At most 255 bytes fit into a file name (issue 2).
UNUSABLE = [
    "",
    ".",
    "..",
    "a/b",
    "../x",
    "/",
    "/etc",
    "a/",
    "a\0b",
    "\0",
    "a\nb",
    "a\tb",
    "\x1b[31m",
    "\x7f",
    "x" * 256,
    "\N{LATIN SMALL LETTER E WITH ACUTE}" * 128,
]

STRANGE = [
    "two words",
    " led and trailed ",
    "it's",
    'say "so"',
    "a;b",
    "$(touch injected)",
    "`touch injected`",
    "$HOME",
    "a&b|c>d<e",
    "*",
    "[a-z]?",
    "~",
    "-rf",
    "--help",
    "a\\b",
    "%2e%2e",
    "...",
    "..a",
    "#1",
    "a=b",
    "caf\N{LATIN SMALL LETTER E WITH ACUTE} \N{SNOWMAN} \N{PILE OF POO}",
    "\N{RIGHT-TO-LEFT OVERRIDE}abc",
    "x" * 255,
    "\N{LATIN SMALL LETTER E WITH ACUTE}" * 127,
]


@pytest.mark.parametrize("job_id", UNUSABLE, ids=ascii)
def test_an_unusable_id_is_refused_wherever_it_is_given(api: Api, server: LiveServer, job_id: str) -> None:
    """400; in a path, an id with a slash or without a letter is another path, and that is a 404."""
    with nothing_written(server):
        assert_refused(api.ask("POST", "/jobs", query={"job_id": job_id}), 400)
        for method, rest, query in (
            ("POST", "/submit", {"command_line": "true", "setup_params": '{"tool_id": "t"}'}),
            ("GET", "/status", {}),
            ("PUT", "/cancel", {}),
            ("DELETE", "", {}),
            ("POST", "/files", {"name": "a", "type": "input"}),
            ("GET", "/files", {"name": "a"}),
            ("GET", "/files/path", {"name": "a", "type": "input"}),
        ):
            answer = api.ask(method, job_path(job_id, rest), query=query)
            assert_refused(answer, *((404,) if "/" in job_id or not job_id else (400,)))


@pytest.mark.parametrize(
    "path", ["/jobs/../status", "/jobs/./status", "/jobs/%2e%2e/status", "/jobs/%2E/status"]
)
def test_dots_in_a_path_are_refused_in_every_spelling(api: Api, path: str) -> None:
    assert_refused(api.ask("GET", path), 400)


@pytest.mark.parametrize("job_id", STRANGE, ids=ascii)
def test_a_strange_id_never_reaches_a_shell_and_its_job_runs(
    api: Api, server: LiveServer, job_id: str
) -> None:
    directory = api.setup(job_id)
    assert directory == server.staging / job_id
    assert api.upload(job_id, "a.txt", "input", b"given").json["path"] == str(directory / "inputs" / "a.txt")

    assert api.submit(job_id, "pwd -P; cat ../inputs/a.txt > ../outputs/b.txt; exit 3").code == 200
    status = api.wait(job_id)

    assert (status["job_id"], status["status"], status["returncode"]) == (job_id, "complete", 3)
    assert status["job_stdout"] == f"{directory}/working\n"
    assert status["job_stderr"] == ""
    assert api.download(job_id, "b.txt").body == b"given"
    assert not list(server.directory.rglob("injected"))
    assert api.clean(job_id).code == 200
    assert not directory.exists()


def test_the_id_in_the_path_counts_not_the_one_in_the_query(api: Api) -> None:
    """The client repeats it there (protocol.md section 1.1)."""
    job_id = new_id()
    api.setup(job_id)
    answer = api.ask("GET", job_path(job_id, "/status"), query={"job_id": "../another"})
    assert answer.json == {"complete": "false", "status": "preprocessing", "job_id": job_id}


def test_ids_that_differ_in_case_are_different_jobs(api: Api) -> None:
    lower = new_id()
    assert api.setup(lower) != api.setup(lower.upper())
    assert api.upload(lower, "a", "input").code == 200
    assert not Path(api.setup(lower.upper()), "inputs", "a").exists()
