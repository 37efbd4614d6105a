"""The setup request and its answer (protocol sections 1.4 and 2.1)."""

from __future__ import annotations

import json
from importlib import metadata

import attrs
import pytest
from packaging.version import Version

from pulsar_runtime.domain.errors import MalformedRequest
from pulsar_runtime.domain.ids import JobId, ManagerName
from pulsar_runtime.domain.job import Job, SetupRequest, Tool
from pulsar_runtime.protocol import setup
from pulsar_runtime.protocol.version import PULSAR_VERSION

JOB = Job(key=1, manager=ManagerName("_default_"), job_id=JobId("101"), directory="/staging/101")
MANDATORY = {
    "job_directory",
    "working_directory",
    "metadata_directory",
    "outputs_directory",
    "configs_directory",
    "tools_directory",
    "inputs_directory",
    "unstructured_files_directory",
    "path_separator",
    "job_id",
    "system_properties",
    "pulsar_version",
    "preserve_galaxy_python_environment",
}


def test_the_answer_has_every_key_and_no_other() -> None:
    answer = setup.answer(JOB, {})
    assert set(answer) == MANDATORY
    assert json.loads(json.dumps(answer)) == answer


def test_the_answer_names_the_layout() -> None:
    """Galaxy hard-codes it, with one key that is spelled differently from its directory."""
    answer = setup.answer(JOB, {})
    assert answer["job_directory"] == "/staging/101"
    directories = {key: value for key, value in answer.items() if key.endswith("_directory")}
    assert directories == {
        "job_directory": "/staging/101",
        "working_directory": "/staging/101/working",
        "metadata_directory": "/staging/101/metadata",
        "outputs_directory": "/staging/101/outputs",
        "configs_directory": "/staging/101/configs",
        "tools_directory": "/staging/101/tool_files",
        "inputs_directory": "/staging/101/inputs",
        "unstructured_files_directory": "/staging/101/unstructured",
    }
    assert (answer["path_separator"], answer["preserve_galaxy_python_environment"]) == ("/", None)


def test_the_tool_is_named_where_it_is_known() -> None:
    job = attrs.evolve(JOB, tool=Tool(id="cat1", version="1.0"))
    assert {key: setup.answer(job, {})[key] for key in ("tool_id", "tool_version")} == {
        "tool_id": "cat1",
        "tool_version": "1.0",
    }
    half = attrs.evolve(JOB, tool=Tool(id="cat1"))
    assert set(setup.answer(half, {})) == MANDATORY | {"tool_id"}


def test_system_properties_are_the_separator_and_what_is_configured() -> None:
    assert setup.answer(JOB, {})["system_properties"] == {"separator": "/"}
    assert setup.answer(JOB, {"galaxy_home": "/galaxy"})["system_properties"] == {
        "separator": "/",
        "galaxy_home": "/galaxy",
    }


def test_the_version_opens_every_gate_of_galaxy_and_is_ours() -> None:
    """At least 0.15.13, as PEP 440 compares (protocol section 2.1)."""
    version = Version(PULSAR_VERSION)
    assert version >= Version("0.15.13")
    assert version.local == f"runtime.{metadata.version('pulsar-runtime')}"


# --- the request -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "tool"),
    [
        ({}, Tool()),
        ({"tool_id": "cat1", "tool_version": "1.0"}, Tool(id="cat1", version="1.0")),
        ({"tool_id": "", "tool_version": ""}, Tool()),
        ({"use_metadata": "true", "preserve_galaxy_python_environment": "True"}, Tool()),
        ({"unknown": "x", "manager": "x", "file_cache": "x"}, Tool()),
    ],
)
def test_a_request_names_a_job_and_maybe_a_tool(parameters: dict[str, str], tool: Tool) -> None:
    """Over HTTP the environment of Galaxy's Python is not preserved, whatever the client sends."""
    request = setup.from_query({"job_id": "101", **parameters})
    assert request == SetupRequest(job_id=JobId("101"), tool=tool)


def test_a_request_needs_a_usable_id() -> None:
    with pytest.raises(MalformedRequest, match="job_id"):
        setup.from_query({})
    with pytest.raises(MalformedRequest):
        setup.from_query({"job_id": "a/b"})


@pytest.mark.parametrize(
    ("setup_params", "request_"),
    [
        ({"tool_id": "t"}, SetupRequest(job_id=JobId("101"), tool=Tool(id="t"))),
        ({"job_id": "101"}, SetupRequest(job_id=JobId("101"))),
        ({"job_id": 101, "tool_id": None, "tool_version": None}, SetupRequest(job_id=JobId("101"))),
        (
            {"preserve_galaxy_python_environment": True},
            SetupRequest(job_id=JobId("101"), preserve_galaxy_environment=True),
        ),
        ({"preserve_galaxy_python_environment": None}, SetupRequest(job_id=JobId("101"))),
        ({"preserve_galaxy_python_environment": "False"}, SetupRequest(job_id=JobId("101"))),
        ({"use_metadata": True}, SetupRequest(job_id=JobId("101"))),
    ],
)
def test_setup_params_are_a_request_too(setup_params: dict[str, object], request_: SetupRequest) -> None:
    """Protocol section 4.3."""
    assert setup.from_setup_params(setup_params, JobId("101")) == request_


def test_setup_params_of_another_job_are_refused() -> None:
    with pytest.raises(MalformedRequest, match="102"):
        setup.from_setup_params({"job_id": "102"}, JobId("101"))
