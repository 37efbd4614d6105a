"""What the server is to move, and how (protocol sections 4.7 and 5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import pytest

from pulsar_runtime.domain.errors import MalformedRequest
from pulsar_runtime.domain.paths import Directory
from pulsar_runtime.domain.staging import (
    Counterpart,
    DiscoveredFiles,
    DynamicFileSource,
    HttpFile,
    OutputRoutes,
    SharedFile,
    SshFile,
    SshLogin,
    StoredObject,
    Text,
    TusFile,
    Unreachable,
)
from pulsar_runtime.protocol.remote_staging import plan

ENDPOINT = "https://gx/api/jobs/abc/files?job_key=K"
URL = f"{ENDPOINT}&path=%2Fgx%2Fa.dat&file_type=input"
REFERENCE = {"dataset_id": 1, "dataset_uuid": "u", "object_store_id": None}

Json = Mapping[str, Any]


def counterpart(action: Json, mapper: Json | None = None) -> Counterpart:
    element = {"name": "a.dat", "type": "input", "action": action}
    (transfer,) = plan({"setup": [element], "action_mapper": mapper}).stage_in
    return transfer.counterpart


def routes(**mapper: object) -> OutputRoutes:
    stage_out = plan(
        {"action_mapper": {"files_endpoint": ENDPOINT, **mapper}, "client_outputs": {}}
    ).stage_out
    assert stage_out
    return stage_out.routes


# --- in ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ({"action_type": "message", "contents": "text\n"}, Text("text\n")),
        ({"action_type": "remote_transfer", "path": "/gx/a.dat", "url": URL}, HttpFile(URL)),
        # Fetched as any URL; it differs in sending (section 5.4).
        ({"action_type": "remote_transfer_tus", "path": "/gx/a.dat", "url": URL}, HttpFile(URL)),
        (
            {"action_type": "remote_copy", "path": None, "source": {"path": "/gx/a.dat"}},
            SharedFile("/gx/a.dat"),
        ),
        # Older senders have no source.
        ({"action_type": "remote_copy", "path": "/gx/a.dat"}, SharedFile("/gx/a.dat")),
        (
            {
                "action_type": "remote_object_store_copy",
                "source": {"path": "/x", "object_store_ref": REFERENCE},
            },
            StoredObject(dataset_id=1, dataset_uuid="u"),
        ),
    ],
)
def test_every_action_has_its_other_end(action: Json, expected: Counterpart) -> None:
    assert counterpart(action) == expected


@pytest.mark.parametrize(
    ("kind", "program"), [("remote_scp_transfer", "scp"), ("remote_rsync_transfer", "rsync")]
)
def test_the_key_comes_once_for_all_copies_over_ssh(kind: str, program: Literal["scp", "rsync"]) -> None:
    action = {
        "action_type": kind,
        "path": "/gx/a.dat",
        "source": {"path": "/gx/a.dat"},
        "ssh_user": "galaxy",
        "ssh_host": "gx",
        "ssh_port": "2222",
    }
    login = SshLogin(host="gx", user="galaxy", port=2222, key="KEY")
    assert counterpart(action, {"ssh_key": "KEY"}) == SshFile(path="/gx/a.dat", login=login, program=program)


def test_what_an_action_leaves_unset_is_the_mappers() -> None:
    action = {"action_type": "remote_scp_transfer", "path": "/a", "ssh_host": "__UNSET__", "ssh_port": None}
    mapper = {"ssh_host": "gx", "ssh_port": 22, "ssh_user": None, "ssh_key": None}
    assert counterpart(action, mapper) == SshFile(
        path="/a", login=SshLogin(host="gx", port=22), program="scp"
    )


@pytest.mark.parametrize(
    "action",
    [
        {"action_type": "no_such_action"},
        {"action_type": "transfer", "path": "/a"},
        {"action_type": "copy", "path": "/a"},
        {"action_type": "none", "path": "/a"},
        {"action_type": "rewrite", "path": "/a"},
        {"action_type": None},
        {"action_type": "remote_transfer", "path": "/a"},
        {"action_type": "remote_transfer", "path": "/a", "url": "file:///etc/passwd"},
        {"action_type": "remote_copy"},
        {"action_type": "remote_scp_transfer", "path": "/a"},
        {"action_type": "remote_scp_transfer", "ssh_host": "gx"},
        {"action_type": "remote_object_store_copy", "source": {"path": "/a"}},
        {"action_type": "remote_object_store_copy", "source": {"object_store_ref": {"dataset_id": "../1"}}},
    ],
)
def test_what_nobody_can_do_fails_the_job_and_not_the_request(action: Json) -> None:
    """As in the reference: the submission is taken, and the status says why."""
    assert isinstance(counterpart(action), Unreachable)


@pytest.mark.parametrize("value", ["-oProxyCommand=x", "-l"])
@pytest.mark.parametrize("key", ["ssh_host", "ssh_user"])
def test_no_host_or_user_is_an_option_of_ssh(key: str, value: str) -> None:
    action = {"action_type": "remote_scp_transfer", "path": "/a", "ssh_host": "gx", key: value}
    with pytest.raises(MalformedRequest, match="cannot begin with"):
        counterpart(action)


# --- which way out -----------------------------------------------------------------------------------------


def test_the_server_makes_the_urls_of_outputs_itself() -> None:
    """Everything but unreserved characters is quoted (section 5.2)."""
    made = routes(default_action="remote_transfer")
    target = "/gx/a b+&=%\u00e9.dat"
    quoted = "%2Fgx%2Fa%20b%2B%26%3D%25%C3%A9.dat"
    assert made.counterpart(Directory.OUTPUTS, target) == HttpFile(
        f"{ENDPOINT}&file_type=output&path={quoted}"
    )
    for directory, file_type in (
        (Directory.WORKING, "output_workdir"),
        (Directory.METADATA, "output_metadata"),
        (Directory.JOB, "output_jobdir"),
    ):
        other = made.counterpart(directory, target)
        assert other == HttpFile(f"{ENDPOINT}&file_type={file_type}&path={quoted}")


def test_uploads_in_pieces_have_an_endpoint_of_their_own() -> None:
    """The part of the path is replaced once, and the query string stays (section 5.4)."""
    made = routes(default_action="remote_transfer_tus")
    assert made.counterpart(Directory.OUTPUTS, "/a") == TusFile(
        f"{ENDPOINT}&file_type=output&path=%2Fa",
        "https://gx/api/job_files/resumable_upload?job_key=K&file_type=output&path=%2Fa",
    )


def test_an_endpoint_without_a_query_gets_one() -> None:
    made = routes(default_action="remote_transfer", files_endpoint="https://gx/files")
    assert made.counterpart(Directory.OUTPUTS, "/a") == HttpFile(
        "https://gx/files?file_type=output&path=%2Fa"
    )


@pytest.mark.parametrize("action", ["none", "rewrite", "transfer", "copy", "message"])
def test_what_the_client_fetches_is_not_ours_to_send(action: str) -> None:
    mapper = {"default_action": action, "files_endpoint": ENDPOINT}
    assert plan({"action_mapper": mapper, "client_outputs": {}}).stage_out is None
    rule = {"action": "remote_copy", "path_types": "input,config", "match_type": "path_type_only"}
    assert plan({"action_mapper": {**mapper, "paths": [rule]}}).stage_out is None


RULE = {"action": "remote_copy", "path_types": "output,output_workdir", "depth": 0}


@pytest.mark.parametrize(
    ("rule", "target", "applies"),
    [
        # A plain prefix, without a separator boundary (trap 40).
        ({"match_type": "prefix", "path": "/gx/a"}, "/gx/ab", True),
        ({"match_type": "prefix", "path": "/gx/a"}, "/x/gx/a", False),
        ({"match_type": "glob", "path": "/gx/*.bam"}, "/gx/sub/x.bam", True),
        ({"match_type": "glob", "path": "/gx/*.bam"}, "/gx/x.bai", False),
        ({"match_type": "regex", "path": r"/gx/\d+"}, "/gx/12.dat", True),
        ({"match_type": "regex", "path": r"\d+"}, "/gx/12.dat", False),
        ({"match_type": "path_type_only"}, "/anything", True),
    ],
)
def test_rules_look_at_paths_in_their_ways(rule: Json, target: str, applies: bool) -> None:  # noqa: FBT001 - a column of a table
    made = routes(default_action="none", paths=[{**RULE, **rule}])
    assert (made.counterpart(Directory.OUTPUTS, target) == SharedFile(target)) is applies


def test_a_rule_is_about_its_types_only() -> None:
    made = routes(default_action="none", paths=[{**RULE, "match_type": "path_type_only"}])
    found = [directory for directory in Directory if made.counterpart(directory, "/a")]
    assert found == [Directory.WORKING, Directory.OUTPUTS]


@pytest.mark.parametrize("types", ["*any*", "*defaults*", "input,*any*", None])
def test_wild_cards_mean_every_output(types: str | None) -> None:
    made = routes(
        default_action="none", paths=[{**RULE, "path_types": types, "match_type": "path_type_only"}]
    )
    for directory in (Directory.OUTPUTS, Directory.WORKING, Directory.METADATA, Directory.JOB):
        assert made.counterpart(directory, "/a") == SharedFile("/a")


def test_the_first_rule_that_applies_counts() -> None:
    rules = [
        {**RULE, "match_type": "prefix", "path": "/gx/big", "action": "remote_transfer_tus"},
        {**RULE, "match_type": "prefix", "path": "/gx", "action": "none"},
        {**RULE, "match_type": "path_type_only", "action": "remote_copy"},
    ]
    made = routes(default_action="remote_transfer", paths=rules)
    kinds = [type(made.counterpart(Directory.OUTPUTS, path)) for path in ("/gx/big/a", "/gx/a", "/a")]
    assert kinds == [TusFile, type(None), SharedFile]
    assert isinstance(made.counterpart(Directory.METADATA, "/gx/a"), HttpFile)


def test_copies_over_ssh_have_the_login_of_their_rule_or_of_the_mapper() -> None:
    mapper = {"ssh_host": "gx", "ssh_user": "u", "ssh_port": "22", "ssh_key": "KEY"}
    unset = dict.fromkeys(("ssh_host", "ssh_port", "ssh_key"), "__UNSET__")
    rule = {
        **RULE,
        **unset,
        "ssh_user": "other",
        "action": "remote_rsync_transfer",
        "match_type": "path_type_only",
    }
    made = routes(default_action="remote_scp_transfer", paths=[rule], **mapper)
    assert made.counterpart(Directory.OUTPUTS, "/a") == SshFile(
        path="/a", login=SshLogin(host="gx", user="other", port=22, key="KEY"), program="rsync"
    )
    assert made.counterpart(Directory.METADATA, "/a") == SshFile(
        path="/a", login=SshLogin(host="gx", user="u", port=22, key="KEY"), program="scp"
    )


@pytest.mark.parametrize(
    ("mapper", "problem"),
    [
        ({"default_action": "json_transfer"}, "json_transfer"),
        ({"default_action": "remote_object_store_copy"}, "remote_object_store_copy for outputs"),
        ({"default_action": "remote_scp_transfer"}, "copying over ssh without an ssh_host"),
        (
            {"default_action": "remote_transfer", "files_endpoint": None},
            "remote_transfer without an http URL as files_endpoint",
        ),
        (
            {"default_action": "none", "paths": [{**RULE, "action": "x", "match_type": "path_type_only"}]},
            "x",
        ),
    ],
)
def test_what_nobody_can_send_is_known_before_the_job_starts(mapper: Json, problem: str) -> None:
    assert routes(**mapper).impossible == (problem,)


@pytest.mark.parametrize(
    "rule",
    [
        {**RULE, "match_type": "no such"},
        {**RULE, "match_type": "regex", "path": "("},
        {**RULE, "match_type": "path_type_only", "ssh_host": "gx", "ssh_port": "x"},
    ],
)
def test_a_rule_that_means_nothing_is_refused(rule: Json) -> None:
    with pytest.raises(MalformedRequest):
        routes(default_action="none", paths=[rule])


# --- what is expected --------------------------------------------------------------------------------------


def test_what_galaxy_expects_is_read_as_it_is() -> None:
    said = {
        "working_directory": "/gx/working",
        "metadata_directory": None,
        "job_directory": None,
        "work_dir_outputs": [["/gx/working/o.txt", "/gx/3.dat"]],
        "output_files": ["/gx/2.dat"],
        "version_file": None,
        "dynamic_outputs": [r"a\.b"],
        "dynamic_file_sources": [{"path": "galaxy.json", "type": "galaxy"}],
        "dataset_collector_descriptions": [
            {"pattern": "(?P<name>.+)", "directory": "made/", "recurse": True, "match_relative_path": False},
            {"pattern": "x", "directory": None},
            {"pattern": "y", "directory": "."},
        ],
    }
    stage_out = plan({"action_mapper": {"default_action": "remote_copy"}, "client_outputs": said}).stage_out
    assert stage_out
    expected = stage_out.expected
    assert (expected.working_directory, expected.metadata_directory) == ("/gx/working", None)
    assert (expected.from_work_dir, expected.outputs) == (
        (("/gx/working/o.txt", "/gx/3.dat"),),
        ("/gx/2.dat",),
    )
    assert expected.dynamic_sources == (DynamicFileSource("galaxy.json", "galaxy"),)
    assert expected.discovered == (
        DiscoveredFiles(pattern="(?P<name>.+)", directory="made"),
        DiscoveredFiles(pattern="x"),
        DiscoveredFiles(pattern="y"),
        DiscoveredFiles(pattern=r"a\.b"),
    )


@pytest.mark.parametrize(
    "said",
    [
        "text",
        {"output_files": {"a": 1}},
        {"work_dir_outputs": ["ab"]},
        {"work_dir_outputs": [["a"]]},
        {"dynamic_outputs": ["("]},
        {"dataset_collector_descriptions": [{"pattern": "*"}]},
        {"dataset_collector_descriptions": ["x"]},
    ],
)
def test_what_means_nothing_is_refused(said: object) -> None:
    staging = {"action_mapper": {"default_action": "remote_copy"}, "client_outputs": said}
    with pytest.raises(MalformedRequest):
        plan(staging)
