"""Where files of a type go (the table of protocol section 2.4)."""

from __future__ import annotations

import pytest

from pulsar_runtime.domain.errors import MalformedRequest, UnsafePath
from pulsar_runtime.domain.paths import Directory, JobFile, RelativePath
from pulsar_runtime.protocol.path_types import downloaded_file, is_pattern, located_file, uploaded_file

#: type: (directory on disk, whether sub-directories are kept)
TABLE = {
    "input": ("inputs", True),
    "unstructured": ("unstructured", True),
    "config": ("configs", False),
    "tool": ("tool_files", True),
    "jobdir": ("", False),
    "workdir": ("working", False),
    "metadata": ("metadata", True),
    "output": ("outputs", True),
    "output_workdir": ("working", True),
    "output_metadata": ("metadata", True),
    "output_jobdir": ("", False),
}
NESTED = [name for name, (_, nested) in TABLE.items() if nested]
FLAT = [name for name, (_, nested) in TABLE.items() if not nested]


def at(directory: str, name: str) -> JobFile:
    return JobFile(Directory(directory), RelativePath.parse(name))


@pytest.mark.parametrize("path_type", TABLE)
def test_a_plain_name_goes_to_the_directory_of_its_type(path_type: str) -> None:
    assert uploaded_file("x.txt", path_type) == at(TABLE[path_type][0], "x.txt")


@pytest.mark.parametrize("path_type", NESTED)
def test_a_nested_type_keeps_sub_directories(path_type: str) -> None:
    assert uploaded_file("sub/deep/x.txt", path_type) == at(TABLE[path_type][0], "sub/deep/x.txt")


@pytest.mark.parametrize("path_type", FLAT)
@pytest.mark.parametrize("name", ["sub/x.txt", "../x.txt", "/etc/x.txt", "a/../../x.txt"])
def test_a_flat_type_takes_the_last_part_alone(path_type: str, name: str) -> None:
    """Silently, as the reference does."""
    assert uploaded_file(name, path_type) == at(TABLE[path_type][0], "x.txt")


@pytest.mark.parametrize("path_type", NESTED)
@pytest.mark.parametrize("name", ["../x.txt", "a/../../x", "/etc/passwd", "//x", "", ".", ".."])
def test_a_nested_type_refuses_a_name_that_leaves(path_type: str, name: str) -> None:
    with pytest.raises(UnsafePath):
        uploaded_file(name, path_type)


@pytest.mark.parametrize("path_type", FLAT)
@pytest.mark.parametrize("name", ["", "/", "a/", "..", "sub/.."])
def test_a_flat_type_refuses_a_name_without_a_last_part(path_type: str, name: str) -> None:
    with pytest.raises(UnsafePath):
        uploaded_file(name, path_type)


@pytest.mark.parametrize("path_type", ["jobdir", "output_jobdir"])
def test_the_job_directory_keeps_the_servers_own_names(path_type: str) -> None:
    with pytest.raises(UnsafePath, match="belongs to the server"):
        uploaded_file("sub/return_code", path_type)


@pytest.mark.parametrize("path_type", ["bogus", "work_dir", "input_extra", "", "INPUT", "input "])
def test_any_other_type_is_refused(path_type: str) -> None:
    with pytest.raises(MalformedRequest, match=r"input.*output_workdir"):
        uploaded_file("x", path_type)
    with pytest.raises(MalformedRequest):
        located_file("x", path_type)


@pytest.mark.parametrize(
    ("path_type", "directory"),
    [
        ("output_workdir", "working"),
        ("output_metadata", "metadata"),
        ("output", "outputs"),
        # Anything else means an output, unknown types too.
        ("output_jobdir", "outputs"),
        ("input", "outputs"),
        ("bogus", "outputs"),
        ("", "outputs"),
    ],
)
def test_a_download_looks_in_one_of_three_directories(path_type: str, directory: str) -> None:
    assert downloaded_file("sub/x", path_type) == at(directory, "sub/x")
    with pytest.raises(UnsafePath):
        downloaded_file("../x", path_type)


@pytest.mark.parametrize("path_type", TABLE)
def test_a_path_is_where_an_upload_goes_or_a_download_is(path_type: str) -> None:
    if path_type in ("output", "output_workdir", "output_metadata"):
        assert located_file("sub/x", path_type) == downloaded_file("sub/x", path_type)
    else:
        assert located_file("sub/x", path_type) == uploaded_file("sub/x", path_type)


@pytest.mark.parametrize("path_type", [*TABLE, "bogus"])
def test_wild_cards_mean_something_for_one_type_alone(path_type: str) -> None:
    assert is_pattern("x*", path_type) is (path_type == "output_workdir")
    assert is_pattern("x?", path_type) is (path_type == "output_workdir")
    assert not is_pattern("x", path_type)
