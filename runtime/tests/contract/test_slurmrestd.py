"""The program in the place of Slurm's commands, before servers that answer well, badly or not at all."""

from __future__ import annotations

import json
import ssl
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from pulsar_runtime.domain.errors import QueryError
from pulsar_runtime.domain.job import LaunchSpec
from pulsar_runtime.managers.batch.dialect import CommandResult
from pulsar_runtime.managers.slurmrestd.host import DIALECT, SlurmrestdHost
from runtime.tests import certificates
from runtime.tests.batch_system.http_stand_in import HttpAnswer, HttpRequest, HttpStandIn
from runtime.tests.batch_system.rest import UNKNOWN_VERSION

#: Of slurmrestd 24.11 and 22.05, less what nobody reads.
LISTS = {
    "v0.0.42": [
        {"job_id": 1, "name": "pulsar_1.a", "job_state": ["RUNNING"], "state_reason": "None"},
        {"job_id": 2, "name": "pulsar_2.b", "job_state": ["PENDING"], "state_reason": "Resources"},
        {"job_id": 3, "name": "pulsar_3.c", "job_state": ["FAILED", "COMPLETING"], "state_reason": "None"},
        {"job_id": 4, "name": "odd | name\n", "job_state": ["TIMEOUT"], "state_reason": "TimeLimit"},
    ],
    "v0.0.38": [
        {"job_id": 1, "name": "pulsar_1.a", "job_state": "RUNNING", "state_reason": "None"},
        {"job_id": 2, "name": "pulsar_2.b", "job_state": "PENDING", "state_reason": "Resources"},
        {"job_id": 3, "name": "pulsar_3.c", "job_state": "COMPLETING", "state_reason": "None"},
        {"job_id": 4, "name": "odd | name\n", "job_state": "TIMEOUT", "state_reason": "TimeLimit"},
    ],
}
SQUEUE = """\
JOBID|NAME|STATE|REASON
1|pulsar_1.a|RUNNING|None
2|pulsar_2.b|PENDING|Resources
3|pulsar_3.c|COMPLETING|None
4|odd_name|TIMEOUT|TimeLimit
"""
SUBMIT = ("sbatch", "--parsable", "--job-name=pulsar_7.x", "--output=/dev/null", "--error=/dev/null")
SCRIPT = "#!/bin/bash\nexec true\n"
SPEC = LaunchSpec(launch_id="1-1", script="", working_directory="", stdout="", stderr="")


def document(code: int = 200, /, **content: object) -> HttpAnswer:
    return HttpAnswer(code, json.dumps({"errors": [], **content}))


def failure(status: int, number: int, words: str) -> HttpAnswer:
    return document(status, errors=[{"error_number": number, "error": words}])


class Api:
    """What a test lets a server answer, and what it was asked."""

    def __init__(self, directory: Path, version: str = "v0.0.42") -> None:
        self.version = version
        self.asked: list[HttpRequest] = []
        self.answers: dict[str, HttpAnswer] = {}
        self.token = directory / "token"
        self.token.write_text("first\n")

    def answer(self, request: HttpRequest) -> HttpAnswer:
        prefix = f"/slurm/{self.version}/"
        if not request.path.startswith(prefix):
            return UNKNOWN_VERSION
        self.asked.append(request)
        return self.answers[f"{request.method} {request.path.removeprefix(prefix)}"]

    def run(self, *command: str, script: str = "") -> CommandResult:
        """Let the program ask a server of its own."""
        with HttpStandIn(self.answer) as server:
            return self.run_at(server.url, command, script)

    def run_at(self, url: str, command: Sequence[str], script: str = "") -> CommandResult:
        """Let the program ask at *url*."""
        host = SlurmrestdHost(
            url=url, user="galaxy", token_file=str(self.token), environment={"PATH": "/bin"}
        )
        call = host.call(SPEC, command, script)
        assert "first" not in " ".join(call.argv)
        ended = subprocess.run(
            call.argv, input=call.stdin, capture_output=True, text=True, timeout=30, check=False
        )
        return CommandResult(exit_code=ended.returncode, stdout=ended.stdout, stderr=ended.stderr)


@pytest.fixture
def api(tmp_path: Path) -> Api:
    return Api(tmp_path)


def is_outage(result: CommandResult) -> bool:
    """Tell whether a manager takes this for one."""
    return result.exit_code != 0 and bool(DIALECT.outage.search(result.words))


@pytest.mark.parametrize("version", LISTS)
def test_the_own_jobs_are_listed_as_squeue_would(version: str, tmp_path: Path) -> None:
    api = Api(tmp_path, version)
    own = [{**job, "user_name": "galaxy"} for job in LISTS[version]]
    others = [{**job, "user_name": "root"} for job in LISTS[version]]
    api.answers["GET jobs"] = document(jobs=[*own, *others])
    assert api.run("squeue", "--me").stdout == SQUEUE
    assert len(DIALECT.read_status(CommandResult(stdout=SQUEUE))) == 4
    (asked,) = api.asked
    assert (asked.token, asked.user) == ("first", "galaxy")


@pytest.mark.parametrize("version", LISTS)
def test_a_job_is_submitted_with_its_script_and_the_number_is_printed(version: str, tmp_path: Path) -> None:
    api = Api(tmp_path, version)
    api.answers["POST job/submit"] = document(job_id=12, step_id="batch")
    result = api.run(*SUBMIT, "--partition", "main", script=SCRIPT)
    number = DIALECT.read_number.search(result.stdout)
    assert number is not None
    assert number[1] == "12"
    (asked,) = api.asked
    given = json.loads(asked.body)
    assert given["script"] == SCRIPT
    assert given["job"]["name"] == "pulsar_7.x"
    assert given["job"]["partition"] == "main"
    assert "PATH" in str(given["job"]["environment"])


def test_a_token_that_was_replaced_is_used_at_once_as_scontrol_prints_it(api: Api) -> None:
    api.answers["GET jobs"] = document(jobs=[])
    api.run("squeue")
    api.token.write_text("SLURM_JWT=second\n")
    api.run("squeue")
    assert [asked.token for asked in api.asked] == ["first", "second"]


def test_a_refusal_is_said_in_slurms_words(api: Api) -> None:
    api.answers["POST job/submit"] = failure(500, 2000, "Invalid partition name specified")
    api.answers["GET jobs"] = document(jobs=[])
    result = api.run(*SUBMIT, script=SCRIPT)
    assert (result.exit_code, result.stderr) == (1, "Invalid partition name specified\n")
    assert not is_outage(result)
    assert DIALECT.hint(result.words) == "--partition"


def test_a_job_that_was_taken_with_an_error_is_taken(api: Api) -> None:
    """Slurm 22.05 answers so when a job will wait; it would be submitted again, or left behind."""
    api.answers["POST job/submit"] = failure(500, 2015, "Requested partition configuration not available now")
    waiting = {
        "job_id": 9,
        "name": "pulsar_7.x",
        "job_state": "PENDING",
        "state_reason": "PartitionTimeLimit",
    }
    api.answers["GET jobs"] = document(jobs=[{**waiting, "user_name": "galaxy"}])
    result = api.run(*SUBMIT, script=SCRIPT)
    assert (result.exit_code, result.stdout) == (0, "9\n")


@pytest.mark.parametrize(
    "answer",
    [
        HttpAnswer(401, "Authentication failure"),
        HttpAnswer(502, "<html>502 Bad Gateway</html>"),
        HttpAnswer(200, ""),
        HttpAnswer(200, "[]"),
        HttpAnswer(200, '{"errors": [], "jobs": [{"job_id"'),
        document(503),
        failure(502, 1800, "Unable to contact slurm controller (connect failure)"),
        failure(511, 1007, "Protocol authentication error"),
        failure(500, -1, "Unspecified error"),
    ],
)
@pytest.mark.parametrize(
    ("command", "what"),
    [(("squeue",), "GET jobs"), (SUBMIT, "POST job/submit"), (("scancel", "1"), "DELETE job/1")],
)
def test_what_is_no_answer_is_an_outage(
    api: Api, answer: HttpAnswer, command: tuple[str, ...], what: str
) -> None:
    api.answers[what] = answer
    result = api.run(*command, script=SCRIPT)
    assert is_outage(result)
    assert result.stdout == ""


@pytest.mark.parametrize("jobs", [None, ["pulsar_1.a"], [{"name": "pulsar_1.a", "user_name": "galaxy"}]])
def test_a_document_without_a_list_of_jobs_is_an_outage(api: Api, jobs: object) -> None:
    api.answers["GET jobs"] = document(jobs=jobs)
    result = api.run("squeue")
    assert is_outage(result)
    with pytest.raises(QueryError):
        DIALECT.read_status(result)


def test_a_document_without_the_number_of_the_job_is_an_outage(api: Api) -> None:
    """The job may have been taken; the next list tells."""
    api.answers["POST job/submit"] = document()
    assert is_outage(api.run(*SUBMIT, script=SCRIPT))


def test_a_server_that_is_not_there_is_an_outage(api: Api, tmp_path: Path) -> None:
    for url in (f"unix:{tmp_path}/nobody.sock", "http://127.0.0.1:9"):
        result = api.run_at(url, SUBMIT, SCRIPT)
        assert is_outage(result)
        assert url in result.words


def test_an_api_of_another_time_is_an_outage_and_says_which_are_known(tmp_path: Path) -> None:
    result = Api(tmp_path, "v0.0.99").run("squeue")
    assert is_outage(result)
    assert "knows none of the versions v0.0.42, v0.0.40, v0.0.38" in result.words


def test_a_server_that_cannot_prove_who_it_is_gets_no_token(api: Api, tmp_path: Path) -> None:
    issuer = certificates.authority(tmp_path, "nobody we trust")
    made = certificates.certificate(tmp_path, "server", issuer, "IP:127.0.0.1")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(made.file, made.key)
    with HttpStandIn(api.answer, tls) as server:
        result = api.run_at(server.url, ("squeue",))
    assert is_outage(result)
    assert "certificate verify failed" in result.words
    assert api.asked == []


def test_all_jobs_are_cancelled_but_for_those_that_are_gone(api: Api) -> None:
    """Newer versions say of each job what became of it, and older ones fail."""
    done = {"error": {"code": 2021, "string": "Job/step already completing or completed"}}
    well = {"error": {"code": 0, "string": "No error"}}
    api.answers["DELETE job/1"] = document()
    api.answers["DELETE job/2"] = document(status=[done, well])
    api.answers["DELETE job/3"] = failure(500, 2017, "Invalid job id specified")
    assert api.run("scancel", "1", "2", "3") == CommandResult()
    denied = {"error": {"code": 2002, "string": "Access/permission denied"}}
    api.answers["DELETE job/2"] = document(status=[denied])
    result = api.run("scancel", "1", "2", "3")
    assert (result.exit_code, result.stderr) == (1, "Access/permission denied\n")
    assert [asked.path.rpartition("/")[2] for asked in api.asked] == ["1", "2", "3", "1", "2", "3"]
