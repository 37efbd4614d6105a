"""What a real Galaxy said decodes to what it meant; what we say has the keys of what it was told."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, urlsplit

import attrs
import pytest

from pulsar_runtime.application.report import JobReport
from pulsar_runtime.domain.environment import Assign
from pulsar_runtime.domain.ids import JobId, ManagerName, parse_job_id
from pulsar_runtime.domain.job import Job, Submission, Tool
from pulsar_runtime.domain.paths import Directory
from pulsar_runtime.domain.staging import HttpFile, SshFile, StageOutPlan, Text, Transfer, TusFile, Way
from pulsar_runtime.domain.status import JobStatus
from pulsar_runtime.protocol import setup, status, submit
from pulsar_runtime.protocol.parameters import parse_query
from runtime.tests.protocol.recordings import WIRE, Exchange, Json, recorded_jobs, recorded_messages

REST = [
    exchange
    for job in recorded_jobs("rest-push", "rest-push-2", "rest-pull", "rest-tus")
    for exchange in job.exchanges
]
SUBMITS = [exchange for exchange in REST if exchange.operation == "POST submit"]
SETUPS = [exchange for exchange in REST if exchange.operation == "POST jobs"]
STATUS_ANSWERS = [exchange.answer for exchange in REST if exchange.operation == "GET status"]
STATUS_UPDATES = recorded_messages("status_update")
#: Added to any message by a sender that wants an acknowledgement (protocol section 6.6).
ACKNOWLEDGEMENT = {"acknowledge_queue", "acknowledge_submit_queue", "acknowledge_uuid"}


def test_no_recorded_request_is_left_out() -> None:
    texts = [file.read_text() for file in WIRE.glob("*.json")]
    assert len(texts) == 44
    assert len(REST) == sum(text.count('"galaxy->pulsar"') for text in texts)


@pytest.mark.parametrize("body", recorded_messages("setup"), ids=lambda body: body["job_id"])
def test_a_recorded_setup_message_decodes_to_what_it_says(body: Json) -> None:
    job_id, submission = submit.from_message(body)
    assert job_id == body["job_id"]
    _check_submission(submission, body)
    assert submission.token_endpoint == body["token_endpoint"]
    assert submission.setup
    assert submission.setup.job_id == body["setup_params"]["job_id"]
    assert submission.setup.tool == Tool(
        id=body["setup_params"]["tool_id"], version=body["setup_params"]["tool_version"]
    )


@pytest.mark.parametrize("exchange", SUBMITS, ids=lambda exchange: exchange.query["job_id"])
def test_a_recorded_submit_request_decodes_to_what_it_says(exchange: Exchange) -> None:
    query = exchange.query
    submission = submit.from_query(JobId(query["job_id"]), parse_query(exchange.raw_query))
    said = {name: json.loads(text) for name, text in query.items() if text[:1] in "[{"}
    said |= {"submit_params": said["params"], "command_line": query["command_line"]}
    _check_submission(submission, said)
    assert [str(path) for path in submission.touch_outputs] == said["submit_extras"]["touch_outputs"]
    assert submission.token_endpoint == said["token_endpoint"]["token_endpoint"]
    assert submission.setup is None


@pytest.mark.parametrize("exchange", SETUPS, ids=lambda exchange: exchange.query["job_id"])
def test_a_recorded_setup_request_decodes_and_is_answered_with_the_recorded_keys(exchange: Exchange) -> None:
    request = setup.from_query(parse_query(exchange.raw_query))
    assert request.job_id == exchange.query["job_id"]
    assert request.tool == Tool(id=exchange.query["tool_id"], version=exchange.query["tool_version"])
    job = Job(
        key=1,
        manager=ManagerName("_default_"),
        job_id=request.job_id,
        directory=exchange.answer["job_directory"],
        tool=request.tool,
    )
    ours = setup.answer(job, {})
    assert {**ours, "pulsar_version": None} == {**exchange.answer, "pulsar_version": None}


@pytest.mark.parametrize("body", recorded_messages("kill"), ids=lambda body: body["job_id"])
def test_a_recorded_kill_message_names_a_job(body: Json) -> None:
    assert body.keys() - ACKNOWLEDGEMENT == {"job_id"}
    assert parse_job_id(body["job_id"]) == body["job_id"]


def test_a_status_has_the_keys_of_every_recorded_one() -> None:
    """Over HTTP and as a message."""
    forms = {
        "false": status.unfinished(JobId("1"), JobStatus.RUNNING),
        "true": status.finished(
            JobReport(job_id=JobId("1"), status=JobStatus.COMPLETE, job_directory="/1"), {}
        ),
    }
    recorded = [*STATUS_ANSWERS, *STATUS_UPDATES]
    assert {one["complete"] for one in recorded} == set(forms)
    for one in recorded:
        assert one.keys() - ACKNOWLEDGEMENT == forms[one["complete"]].keys()
        assert JobStatus(one["status"]).terminal is (one["complete"] == "true")


def _check_submission(submission: Submission, said: Json) -> None:
    """Compare what both spellings share."""
    assert submission.command_line == said["command_line"]
    assert submission.submit_params == said["submit_params"]
    assert [attrs.asdict(one) for one in submission.dynamic_file_sources] == said["dynamic_file_sources"]
    assert list(submission.environment) == [
        Assign(one["name"], one["value"], one.get("raw", False)) for one in said["env"]
    ]
    staged = said["remote_staging"].get("setup", [])
    assert [_spoken(transfer) for transfer in submission.staging.stage_in] == [
        (
            one["action"]["action_type"],
            one["action"].get("url") or one["action"].get("contents") or one["name"],
        )
        for one in staged
    ]
    _check_stage_out(submission.staging.stage_out, said["remote_staging"])


def _spoken(transfer: Transfer) -> tuple[str, str]:
    """Name the action that a transfer was made of, and what is particular to it."""
    match transfer.counterpart:
        case Text(contents):
            return "message", contents or transfer.file.path.name
        case HttpFile(url) if "18062" in url:
            return "remote_transfer_tus", url
        case HttpFile(url):
            return "remote_transfer", url
        case SshFile(program="scp"):
            return "remote_scp_transfer", str(transfer.file.path)
        case other:
            raise AssertionError(other)


def _check_stage_out(plan: StageOutPlan | None, said: Json) -> None:
    action = said["action_mapper"]["default_action"]
    if action == "transfer":
        assert plan is None
        return
    assert plan
    assert plan.routes.default is {"remote_transfer": Way.HTTP, "remote_transfer_tus": Way.TUS}[action]
    assert plan.routes.impossible == ()
    expected, outputs = plan.expected, said["client_outputs"]
    assert list(expected.outputs) == outputs["output_files"]
    assert [list(pair) for pair in expected.from_work_dir] == outputs["work_dir_outputs"]
    for key in ("working_directory", "metadata_directory", "job_directory", "version_file"):
        assert getattr(expected, key) == outputs[key]
    assert {each.pattern for each in expected.discovered} == {
        *outputs["dynamic_outputs"],
        *(one["pattern"] for one in outputs["dataset_collector_descriptions"]),
    }
    for target in outputs["output_files"]:
        other = plan.routes.counterpart(Directory.OUTPUTS, target)
        assert isinstance(other, HttpFile | TusFile)
        url = urlsplit(other.url)
        assert (
            f"{url.scheme}://{url.netloc}{url.path}"
            == said["action_mapper"]["files_endpoint"].partition("?")[0]
        )
        key = said["action_mapper"]["files_endpoint"].partition("job_key=")[2]
        assert dict(parse_qsl(url.query)) == {"job_key": key, "path": target, "file_type": "output"}
        if isinstance(other, TusFile):
            uploads = urlsplit(other.uploads)
            assert (uploads.path, uploads.query) == ("/api/job_files/resumable_upload", url.query)
