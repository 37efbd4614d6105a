"""A name from outside stays inside its directory, and off the server's own files."""

from __future__ import annotations

import os

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pulsar_runtime.domain.errors import UnsafePath
from pulsar_runtime.domain.paths import PARTIAL_PREFIX, Directory, JobFile, RelativePath

#: Pieces of which dangerous names are made, and any text at all.
_PIECES = st.sampled_from(
    ["..", ".", "/", "//", "a", "return_code", " ", "\0", "~", "\\", "...", "\u00e9", PARTIAL_PREFIX]
)
_NAMES = st.one_of(st.lists(_PIECES, max_size=8).map("".join), st.text(max_size=40))

#: What the server itself writes into the job directory, or may one day (protocol section 2.3).
_BOOKKEEPING = [
    "cancelled",
    "command.sh",
    "command_line",
    "external_id",
    "final_status",
    "launch_config",
    "pid",
    "postprocessed",
    "preprocessed",
    "preprocessing_failed",
    "return_code",
    "running",
    "submitted",
    "tool_id",
    "tool_version",
    "working.orig",
    "outputs.orig",
    "configs.orig",
    "home",
    "tmp",
]


@pytest.mark.parametrize(
    ("name", "parsed"),
    [
        ("a", "a"),
        ("dataset_1_files/sub/x.txt", "dataset_1_files/sub/x.txt"),
        ("./a", "a"),
        ("a//b/./c", "a/b/c"),
        (" ", " "),
        ("..a", "..a"),
        ("a..", "a.."),
        ("...", "..."),
        ("~/x", "~/x"),
        ("a\\..\\b", "a\\..\\b"),
        ("na\u00efve \u2603", "na\u00efve \u2603"),
        ("new\nline", "new\nline"),
    ],
)
def test_a_name_inside_is_brought_into_its_plain_form(name: str, parsed: str) -> None:
    path = RelativePath.parse(name)
    assert str(path) == parsed
    assert path.name == parsed.rpartition("/")[2]


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "./",
        "..",
        "../x",
        "a/..",
        "a/../b",
        "a/../../b",
        "/",
        "/etc/passwd",
        "//etc/passwd",
        "a/",
        "a\0b",
        "\0",
        f"{PARTIAL_PREFIX}x",
        f"sub/{PARTIAL_PREFIX}x",
        f"{PARTIAL_PREFIX}x/sub",
    ],
)
def test_any_other_name_is_refused(name: str) -> None:
    with pytest.raises(UnsafePath):
        RelativePath.parse(name)


@given(_NAMES)
@example("a/./../..//b")
def test_a_parsed_name_never_leaves_the_directory_that_it_is_joined_to(name: str) -> None:
    try:
        path = RelativePath.parse(name)
    except UnsafePath:
        return
    joined = JobFile(Directory.OUTPUTS, path).below("/staging/1")
    normal = os.path.normpath(joined)
    assert normal.startswith("/staging/1/outputs/")
    assert normal == str(joined)
    assert "\0" not in normal


@given(_NAMES)
def test_the_plain_form_of_a_name_is_its_own(name: str) -> None:
    try:
        path = RelativePath.parse(name)
    except UnsafePath:
        return
    assert RelativePath.parse(str(path)) == path


@pytest.mark.parametrize("name", _BOOKKEEPING)
@pytest.mark.parametrize("form", ["{}", "./{}", "{}/inside", ".//{}"])
def test_the_servers_own_files_cannot_be_named(name: str, form: str) -> None:
    with pytest.raises(UnsafePath, match="belongs to the server"):
        JobFile(Directory.JOB, RelativePath.parse(form.format(name)))


@pytest.mark.parametrize("directory", [directory.value for directory in Directory if directory.value])
def test_a_directory_of_the_job_cannot_be_named_as_a_file_of_it(directory: str) -> None:
    with pytest.raises(UnsafePath):
        JobFile(Directory.JOB, RelativePath.parse(directory))


@pytest.mark.parametrize("name", ["tool_script.sh", "galaxy_1.ec", "return_code.txt", "xreturn_code"])
def test_other_files_of_the_job_directory_can(name: str) -> None:
    file = JobFile(Directory.JOB, RelativePath.parse(name))
    assert file.below("/staging/1") == f"/staging/1/{name}"


@pytest.mark.parametrize("directory", [directory for directory in Directory if directory.value])
def test_a_name_is_only_reserved_in_the_job_directory(directory: Directory) -> None:
    file = JobFile(directory, RelativePath.parse("return_code"))
    assert file.below("/staging/1") == f"/staging/1/{directory.value}/return_code"
