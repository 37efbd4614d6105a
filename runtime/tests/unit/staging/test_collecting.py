"""Which files are outputs, and what they become (protocol section 3.7)."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import pytest

from pulsar_runtime.domain.paths import Directory
from pulsar_runtime.domain.staging import DiscoveredFiles, ExpectedOutputs
from pulsar_runtime.staging.collecting import collect

EXPECTED = ExpectedOutputs(working_directory="/gx/working", metadata_directory="/gx/metadata")
#: What Galaxy sends unless a tool says more (protocol section 3.7).
DEFAULT = DiscoveredFiles(
    pattern=r"primary_.*|galaxy.json|metadata_.*|dataset_\d+\.dat|__instrument_.*|dataset_\d+_files.+"
    r"|outputs_populated/.*|tool_stdout|tool_stderr"
)


def collected(
    expected: ExpectedOutputs,
    *,
    working: Sequence[str] = (),
    outputs: Sequence[str] = (),
    metadata: Sequence[str] = (),
    job: Sequence[str] = (),
    realized: Sequence[str] = (),
) -> list[tuple[Directory, str, str]]:
    contents = {
        Directory.WORKING: working,
        Directory.OUTPUTS: outputs,
        Directory.METADATA: metadata,
        Directory.JOB: job,
    }
    return [
        (each.file.directory, str(each.file.path), each.target)
        for each in collect(expected, contents, realized)
    ]


def with_outputs(
    *targets: str,
    from_work_dir: tuple[tuple[str, str], ...] = (),
    discovered: tuple[DiscoveredFiles, ...] = (),
) -> ExpectedOutputs:
    return attrs.evolve(EXPECTED, outputs=targets, from_work_dir=from_work_dir, discovered=discovered)


# --- from the working directory ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "names", "taken"),
    [
        ("o.txt", ["o.txt"], "o.txt"),
        ("sub dir/deep/o.txt", ["o.txt", "sub dir/deep/o.txt"], "sub dir/deep/o.txt"),
        ("result_*.tsv", ["other", "result_1.tsv", "result_2.tsv"], "result_1.tsv"),
        # fnmatch over the whole relative name: a star crosses separators.
        ("*.tsv", ["sub/a.tsv"], "sub/a.tsv"),
        ("[ab].txt", ["[ab].txt", "a.txt"], "[ab].txt"),
    ],
)
def test_a_file_of_the_working_directory_becomes_an_output(source: str, names: list[str], taken: str) -> None:
    expected = with_outputs("/gx/1.dat", from_work_dir=((f"/gx/working/{source}", "/gx/1.dat"),))
    assert collected(expected, working=names) == [(Directory.WORKING, taken, "/gx/1.dat")]


def test_an_output_from_the_working_directory_is_not_taken_from_the_outputs_too() -> None:
    """Galaxy has every output touched, so an empty file is there."""
    expected = with_outputs("/gx/1.dat", from_work_dir=(("/gx/working/o", "/gx/1.dat"),))
    assert collected(expected, working=["o"], outputs=["1.dat"]) == [(Directory.WORKING, "o", "/gx/1.dat")]
    assert collected(expected, outputs=["1.dat"]) == []


def test_a_directory_becomes_a_directory() -> None:
    expected = with_outputs("/gx/1", from_work_dir=(("/gx/working/made", "/gx/1"),))
    assert collected(expected, working=["made/a", "made/sub/b", "maden", "x/made/c"]) == [
        (Directory.WORKING, "made/a", "/gx/1/a"),
        (Directory.WORKING, "made/sub/b", "/gx/1/sub/b"),
    ]


def test_a_name_outside_of_the_working_directory_is_nothing() -> None:
    expected = with_outputs("/gx/1.dat", from_work_dir=(("/etc/passwd", "/gx/1.dat"),))
    assert collected(expected, working=["passwd"]) == []


# --- declared ----------------------------------------------------------------------------------------------


def test_a_declared_output_is_found_by_its_name() -> None:
    assert collected(with_outputs("/gx/a/1.dat", "/gx/b/2.dat"), outputs=["1.dat", "other.dat"]) == [
        (Directory.OUTPUTS, "1.dat", "/gx/a/1.dat")
    ]


def test_extra_files_go_beside_their_dataset() -> None:
    expected = with_outputs("/gx/a/dataset_1.dat")
    names = ["dataset_1.dat", "dataset_10_files/x", "dataset_1_files/f", "dataset_1_files/sub/g"]
    assert collected(expected, outputs=names) == [
        (Directory.OUTPUTS, "dataset_1.dat", "/gx/a/dataset_1.dat"),
        (Directory.OUTPUTS, "dataset_1_files/f", "/gx/a/dataset_1_files/f"),
        (Directory.OUTPUTS, "dataset_1_files/sub/g", "/gx/a/dataset_1_files/sub/g"),
    ]


def test_the_version_is_an_output_if_there_is_one() -> None:
    expected = attrs.evolve(EXPECTED, version_file="/gx/outputs/COMMAND_VERSION")
    assert collected(expected, outputs=["COMMAND_VERSION"]) == [
        (Directory.OUTPUTS, "COMMAND_VERSION", "/gx/outputs/COMMAND_VERSION")
    ]
    assert collected(expected) == []
    assert collected(EXPECTED, outputs=["COMMAND_VERSION"]) == []


# --- discovered --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "names", "taken"),
    [
        (
            DEFAULT,
            ["primary_1", "galaxy.json", "x", "dataset_7.dat"],
            ["primary_1", "galaxy.json", "dataset_7.dat"],
        ),
        # It matches at the start; the rest of the name does not matter.
        (DiscoveredFiles(pattern="ab"), ["abc", "cab"], ["abc"]),
        (
            DiscoveredFiles(pattern=r".*\.txt", directory="made"),
            ["made/a.txt", "a.txt", "made/b"],
            ["made/a.txt"],
        ),
        (DiscoveredFiles(pattern=r"sub/x", directory="made"), ["made/sub/x", "sub/x"], ["made/sub/x"]),
        (DiscoveredFiles(pattern=r"(?P<name>.+)\.x", directory="a/b"), ["a/b/c.x", "a/b2/c.x"], ["a/b/c.x"]),
    ],
)
def test_files_are_discovered_by_what_they_look_like(
    rule: DiscoveredFiles, names: list[str], taken: list[str]
) -> None:
    expected = attrs.evolve(EXPECTED, discovered=(rule,))
    assert [(name, target) for _, name, target in collected(expected, working=names)] == [
        (name, f"/gx/working/{name}") for name in taken
    ]


def test_streams_and_metrics_are_found_in_the_metadata_directory() -> None:
    expected = attrs.evolve(EXPECTED, discovered=(DEFAULT,))
    names = ["__instrument_core_epoch_end", "job_stdout", "tool_stdout"]
    assert collected(expected, metadata=names) == [
        (Directory.METADATA, name, f"/gx/metadata/{name}") for name in (names[0], names[2])
    ]


def test_a_directory_that_galaxy_does_not_name_is_left_alone() -> None:
    expected = ExpectedOutputs(discovered=(DiscoveredFiles(pattern=".*"),))
    assert collected(expected, working=["a"], metadata=["b"], job=["c"]) == []


def test_what_is_the_servers_own_is_no_output() -> None:
    expected = ExpectedOutputs(job_directory="/gx", discovered=(DiscoveredFiles(pattern=".*"),))
    assert collected(expected, job=["command.sh", "galaxy_1.ec", "working"]) == [
        (Directory.JOB, "galaxy_1.ec", "/gx/galaxy_1.ec")
    ]


@pytest.mark.parametrize(
    "document",
    [
        '{"out1": {"filename": "named.txt"}, "x": [{"elements": [{"filename": "sub/too.txt"}]}]}',
        '{"filename": "named.txt"}\n\n{"type": "x", "filename": "sub/too.txt"}\nnot json',
    ],
)
def test_files_that_a_dynamic_source_names_are_outputs(document: str) -> None:
    names = ["named.txt", "named.txt2", "sub/too.txt", "too.txt"]
    assert [name for _, name, _ in collected(EXPECTED, working=names, realized=[document])] == [
        "named.txt",
        "sub/too.txt",
    ]


def test_extra_files_that_a_dynamic_source_names_are_all_that_begins_so() -> None:
    document = '{"out1": {"extra_files": "made", "filename": 7, "other": "b"}}'
    assert [
        name for _, name, _ in collected(EXPECTED, working=["b", "made/a", "made_too"], realized=[document])
    ] == [
        "made/a",
        "made_too",
    ]


@pytest.mark.parametrize("text", ["", "[", "null", "3", '"filename"', "{}"])
def test_what_says_nothing_names_nothing(text: str) -> None:
    assert collected(EXPECTED, working=["filename", "a"], realized=[text]) == []


def test_a_file_that_is_found_in_two_ways_goes_once_to_each_target() -> None:
    expected = with_outputs(
        "/gx/1.dat",
        from_work_dir=(("/gx/working/galaxy.json", "/gx/1.dat"),),
        discovered=(DEFAULT, DiscoveredFiles(pattern="galaxy.*")),
    )
    assert collected(expected, working=["galaxy.json"]) == [
        (Directory.WORKING, "galaxy.json", "/gx/1.dat"),
        (Directory.WORKING, "galaxy.json", "/gx/working/galaxy.json"),
    ]


def test_many_outputs_take_no_time() -> None:
    """The work grows with their number, not with its square; this would take a minute."""
    count = 20_000
    names = [f"dataset_{number}.dat" for number in range(count)]
    expected = with_outputs(*(f"/gx/{name}" for name in names))
    assert len(collected(expected, outputs=names)) == count
