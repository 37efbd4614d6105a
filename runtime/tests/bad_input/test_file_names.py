"""Names of files that leave their directory, in every spelling, and names that only look like it."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.tests.bad_input.answers import Answer, assert_refused
from runtime.tests.bad_input.api import Api, ask, job_path, new_id
from runtime.tests.bad_input.file_tree import nothing_written
from runtime.tests.live_server import LiveServer

#: protocol.md section 2.4
NESTED = {
    "input": "inputs",
    "unstructured": "unstructured",
    "tool": "tool_files",
    "metadata": "metadata",
    "output": "outputs",
    "output_workdir": "working",
    "output_metadata": "metadata",
}
FLAT = {"config": "configs", "workdir": "working", "jobdir": "", "output_jobdir": ""}

LEAVING = [
    "..",
    "../x",
    "../../x",
    "a/../../x",
    "./../x",
    "a/./../../x",
    "a//..//../x",
    "a/..",
    "a/../b",
    "/etc/x",
    "/",
    "//x",
    "//etc/x",
    "///",
    "/../x",
    "",
    ".",
    "./",
    "a/",
    "a\0b",
    "\0",
    "../x\0y",
    "../inputs2/x",
    "a/b/c/../../../../x",
]

#: Odd, but each of them is the name of one file in one directory.
STRANGE = [
    "%2e%2e",
    "%2e%2e/x",
    "..%2fx",
    "..\\x",
    "...",
    "..x/y",
    "a b",
    "it's",
    "$(id)",
    "-rf",
    "~/x",
    "*",
    "[a]",
    "line\nbreak",
    "\N{FULLWIDTH FULL STOP}\N{FULLWIDTH FULL STOP}/x",
    "na\N{LATIN SMALL LETTER I WITH DIAERESIS}ve \N{SNOWMAN}",
    "x" * 255,
]


@pytest.mark.parametrize("path_type", NESTED)
def test_no_name_leaves_the_directory_of_its_type(api: Api, server: LiveServer, path_type: str) -> None:
    job_id = new_id()
    api.setup(job_id)
    with nothing_written(server):
        for name in LEAVING:
            assert_refused(api.upload(job_id, name, path_type), 400)
            assert_refused(api.path(job_id, name, path_type), 400)
            assert_refused(api.download(job_id, name, path_type), 400)


@pytest.mark.parametrize(
    "encoded", ["..%2fx", "%2e%2e/x", "%2E%2E%2Fx", ".%2e/x", "%2fetc%2fx", "a%00b", "%2F%2Fx"]
)
def test_percent_encoding_hides_nothing(api: Api, server: LiveServer, encoded: str) -> None:
    """Sent as they are, these are names that leave their directory."""
    job_id = new_id()
    api.setup(job_id)
    with nothing_written(server):
        target = f"{job_path(job_id)}/files?type=input&name={encoded}&"
        assert_refused(_ask_exactly(api, "POST", target), 400)
        assert_refused(_ask_exactly(api, "GET", target.replace("type=input", "type=output")), 400)


@pytest.mark.parametrize("path_type", FLAT)
def test_a_flat_type_takes_the_last_part_of_the_name_alone(api: Api, path_type: str) -> None:
    """protocol.md section 2.4: silently."""
    job_id = new_id()
    directory = api.setup(job_id)
    expected = str(directory / FLAT[path_type] / "x.txt")
    for name in ("../x.txt", "a/b/x.txt", "/etc/x.txt", "../../../x.txt", "//x.txt"):
        assert api.upload(job_id, name, path_type, name.encode()).json == {"path": expected}
        assert Path(expected).read_bytes() == name.encode()
        assert api.path(job_id, name, path_type).json == {"path": expected}


@pytest.mark.parametrize("path_type", FLAT)
def test_a_flat_type_needs_a_name(api: Api, server: LiveServer, path_type: str) -> None:
    job_id = new_id()
    api.setup(job_id)
    with nothing_written(server):
        for name in ("", "..", ".", "a/", "a/..", "/", "a/.", "a\0b"):
            assert_refused(api.upload(job_id, name, path_type), 400)
            assert_refused(api.path(job_id, name, path_type), 400)


@pytest.mark.parametrize("name", STRANGE, ids=ascii)
def test_a_strange_name_is_a_name(api: Api, name: str) -> None:
    job_id = new_id()
    directory = api.setup(job_id)
    expected = directory / "outputs" / name
    assert api.upload(job_id, name, "output", b"strange").json == {"path": str(expected)}
    assert expected.read_bytes() == b"strange"
    assert api.download(job_id, name).body == b"strange"
    assert sorted(path for path in directory.rglob("*") if path.is_file() and "tool_" not in path.name) == [
        expected
    ]


@pytest.mark.parametrize("name", ["x" * 256, "d/" + "y" * 300, "a/" * 2100 + "x", "z" * 100_000])
def test_a_name_that_is_too_long_is_refused(api: Api, server: LiveServer, name: str) -> None:
    """At most 255 bytes a part, and 4095 in all (limits.h of Linux)."""
    job_id = new_id()
    api.setup(job_id)
    with nothing_written(server):
        assert_refused(api.upload(job_id, name, "input"), 400)
        assert_refused(api.path(job_id, name, "input"), 400)
        assert_refused(api.download(job_id, name, "output"), 400, 404)


@pytest.mark.parametrize("taken", ["inputs", "file/below"])
def test_a_name_that_another_kind_of_file_has_is_refused(api: Api, server: LiveServer, taken: str) -> None:
    job_id = new_id()
    directory = api.setup(job_id)
    assert api.upload(job_id, "file", "input", b"kept").code == 200
    assert api.upload(job_id, "inputs/x", "input", b"kept").code == 200
    with nothing_written(server):
        assert_refused(api.upload(job_id, taken, "input"), 400, 409)
    assert (directory / "inputs" / "file").read_bytes() == b"kept"


@pytest.mark.parametrize(
    "token", ["../../etc/passwd", "..", "/etc/passwd", "x", "A" * 64, "0" * 63, "0" * 65, "\0" * 64]
)
def test_a_cache_token_that_is_no_token_is_refused(api: Api, server: LiveServer, token: str) -> None:
    job_id = new_id()
    api.setup(job_id)
    with nothing_written(server):
        answer = api.upload(job_id, "a", "input", b"", cache_token=token)
        assert_refused(answer, 400)
        assert b"root:" not in answer.body


def _ask_exactly(api: Api, method: str, target: str) -> Answer:
    body = b"x" if method == "POST" else None
    return ask(api.server, method, f"{target}private_token={api.server.token}", body=body)
